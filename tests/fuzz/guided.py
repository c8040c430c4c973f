"""atheris drives a target: what reaches new branches is kept and changed further. It installs where it has a wheel."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Final

from tests.fuzz.corpus import inputs
from tests.fuzz.limits import MEMORY_BYTES, SECONDS, Bounds
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target

ROOMS: Final = (
    "domain", "documents", "reporting", "accounts", "streams", "timeseries", "device_registry", "ingest", "rules",
    "cases", "web",
)  # fmt: skip
CRASHES: Final = ("crash-*", "timeout-*", "oom-*")


def is_here() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


@contextmanager
def instrumented() -> Iterator[None]:
    """Whatever of our rooms is imported for the first time within counts its branches, where atheris is here.

    atheris prints a line for each module: that goes nowhere.
    """
    if not is_here():
        yield
        return
    import atheris

    errors, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with atheris.instrument_imports(include=list(ROOMS), enable_loader_override=False):
            yield
    finally:
        os.dup2(errors, 2)
        os.close(errors)
        os.close(nowhere)


def fuzz_and_exit(target: Target, folder: Path, bounds: Bounds) -> None:
    """Fuzz, and end the process: with 0 where nothing broke, else the input stands in `folder` as one of CRASHES.

    The folder keeps what reached new branches, for the next run to begin with.
    """
    import atheris

    folder.mkdir(parents=True, exist_ok=True)
    pool = inputs(target)
    for number, data in enumerate(pool):
        (folder / f"known-{number:03}").write_bytes(data)

    def change(data: bytes, most_bytes: int, number: int) -> bytes:
        random = Random(number)
        if random.random() < 0.3:
            return bytes(atheris.Mutate(data, most_bytes))
        return mutated(target, data, random, pool)[:most_bytes]

    options = [
        f"-max_total_time={bounds.seconds:.0f}", f"-runs={bounds.runs or -1}", f"-seed={bounds.seed}",
        f"-max_len={target.most_bytes}", f"-artifact_prefix={folder}/", f"-timeout={SECONDS}",
        f"-rss_limit_mb={MEMORY_BYTES >> 20}", "-verbosity=0", str(folder),
    ]  # fmt: skip
    atheris.Setup(["fuzz", *options], target.check, custom_mutator=change)
    atheris.Fuzz()
