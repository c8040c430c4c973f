"""`make bench-peers`: one rule over the same records on the same Kafka in ours, the floor, Bytewax and Quix Streams.

Each round fills a topic and lets each run over it in turn; a round is worth one figure of each. Every job must judge every
report and find a hundred events.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import orjson
import pytest

from benchmarks.peers.installing import PYTHON, install_peers
from benchmarks.report import report
from benchmarks.rows import Pace, Row, paired_row
from benchmarks.rules.floor import read_and_judge_plainly
from benchmarks.rules.on_log import check, work
from benchmarks.rules.workload import DEAD, KIND, ONE_RULE, REPORTS, filled_log
from tests.servers.kafka import KafkaServer

_ROUNDS: Final = 3
_PATIENCE_S: Final = 300
_OURS: Final = "urbansense, exactly once"
_JOBS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "bytewax": {"Bytewax {}, nothing kept": ("bytewax_job.py",)},
    "quixstreams": {
        "Quix Streams {}, state on disk only": ("quix_job.py",),
        "Quix Streams {}, exactly once": ("quix_job.py", "exactly-once"),
    },
}
"""The jobs of each package: what the table calls them, the script, and what it is told besides."""


async def measure() -> list[Row]:
    """A row for each, with its ratio to the floor of the same round."""
    installed = install_peers()
    jobs = {
        name.format(version): job
        for package, version in installed.items()
        if version
        for name, job in _JOBS.get(package, {}).items()
    }
    found: dict[str, list[Pace]] = {_OURS: [], **{name: [] for name in jobs}}
    floors: list[Pace] = []
    with tempfile.TemporaryDirectory() as folder:
        kafka = KafkaServer(Path(folder)).start()
        try:
            for number in range(_ROUNDS):
                await _round(f"peers{number}-", kafka, Path(folder), jobs, found, floors)
        finally:
            kafka.stop()
    return [paired_row(name, list(zip(paces, floors, strict=True))) for name, paces in found.items()]


async def _round(
    prefix: str,
    kafka: KafkaServer,
    folder: Path,
    jobs: dict[str, tuple[str, ...]],
    found: dict[str, list[Pace]],
    floors: list[Pace],
) -> None:
    async with filled_log(kafka.url, folder, prefix, ONE_RULE) as (log, topics):
        floors.append(await read_and_judge_plainly(log, kafka.url, topics))
        found[_OURS].append(await work(log, topics))
        await check(log, topics, {"lamp-dead": DEAD})
        for name, (script, *more) in jobs.items():
            found[name].append(await asyncio.to_thread(_run, script, kafka.bootstrap, topics.telemetry(KIND), *more))


def _run(script: str, bootstrap: str, topic: str, *more: str) -> Pace:
    """The pace that a job tells of itself."""
    command = [str(PYTHON), str(Path(__file__).parent / script), bootstrap, topic, str(REPORTS), *more]
    done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_S)
    if done.returncode != 0:
        raise RuntimeError(f"{script} failed: {done.stderr.decode()[-2000:]}")
    told = orjson.loads(done.stdout.splitlines()[-1])
    assert (told["reports"], told["events"]) == (REPORTS, DEAD), (script, told)
    return Pace(told["reports"] / told["took_s"], 1e6 * told["cpu_s"] / told["reports"])


if __name__ == "__main__":
    try:
        report(asyncio.run(measure()), "peers")
    except pytest.skip.Exception as absence:
        sys.exit(f"no peers without Kafka: {absence}")
