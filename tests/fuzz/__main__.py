"""Fuzz every target for a while, or replay an input: `python -m tests.fuzz --seconds 90`, `--replay FILE`.

seconds ──share──▶ one process a target ──▶ Hypothesis, then atheris where it is here ──▶ nothing broke, or the input
                                                                            is kept in corpus/<target>/found-…
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL
from typing import Final

from tests.fuzz import guided

with guided.instrumented():
    from tests.fuzz.targets import TARGETS

from tests.fuzz.corpus import FOLDER, keep_found, replay_command
from tests.fuzz.hypothetical import broken_by
from tests.fuzz.limits import SECONDS, Bounds, bound_this_process, bounded_time
from tests.fuzz.target import Target

_ROOT: Final = FOLDER.parents[2]
_KEPT: Final = _ROOT / ".cache" / "fuzz"
_BROKEN: Final = 3
_PATIENCE_S: Final = 15 * SECONDS
"""How much longer than its share a target may take before its process is ended, which is a fault."""


def main(arguments: Sequence[str]) -> int:
    """0 where nothing broke, 1 where something did."""
    parser = argparse.ArgumentParser("python -m tests.fuzz", description="Fuzz whatever reads bytes or text of others.")
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--runs", type=int, default=None, help="inputs a target and driver; ends before the seconds do")
    parser.add_argument("--seed", type=int, default=None, help="the same seed and runs give the same inputs")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="only this one; may be repeated")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="targets at a time")
    parser.add_argument("--kept", type=Path, default=_KEPT, help="where atheris keeps what reached new branches")
    parser.add_argument("--replay", type=Path, help="an input of corpus/<target>/, once")
    given = parser.parse_args(arguments)
    if given.replay is not None:
        return _replay(given.replay)
    seed = time.time_ns() % 1_000_000 if given.seed is None else given.seed
    chosen = [TARGETS[name] for name in given.target or TARGETS]
    share_s = given.seconds * given.workers / len(chosen)
    drivers = "Hypothesis and atheris" if guided.is_here() else "Hypothesis alone: atheris is not installed here"
    print(f"fuzzing {len(chosen)} targets for {share_s:.1f} s each by {drivers}; --seed {seed}", flush=True)
    broken = _fuzz_all(chosen, Bounds(share_s, given.runs, seed), given.workers, given.kept)
    print(f"{len(chosen) - len(broken)} of {len(chosen)} targets held; broken: {', '.join(broken) or 'none'}")
    return 1 if broken else 0


def _replay(path: Path) -> int:
    target = TARGETS[path.resolve().parent.name]
    with bounded_time():
        target.check(path.read_bytes())
    print(f"{target.name} reads or refuses it as it declares")
    return 0


def _fuzz_all(chosen: Sequence[Target], bounds: Bounds, workers: int, kept: Path) -> list[str]:
    """The names of those that broke."""
    kept.mkdir(parents=True, exist_ok=True)
    waiting, running = list(reversed(chosen)), dict[int, tuple[Target, float]]()
    broken: list[str] = []
    while waiting or running:
        while waiting and len(running) < workers:
            target = waiting.pop()
            running[_forked(target, bounds, kept)] = (target, time.monotonic() + bounds.seconds + _PATIENCE_S)
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            for late, (_, end) in running.items():
                if time.monotonic() > end:
                    os.kill(late, SIGKILL)
            time.sleep(0.02)
        elif pid in running:
            target, _ = running.pop(pid)
            if status != 0:
                broken.append(target.name)
                if os.WIFSIGNALED(status):
                    print(f"\n{target.name} ended by signal {os.WTERMSIG(status)}, late or out of memory", flush=True)
                _report(target, kept)
    return broken


def _forked(target: Target, bounds: Bounds, kept: Path) -> int:
    """The id of a process that fuzzes the target; everything is imported already."""
    log = kept / f"{target.name}.log"
    pid = os.fork()
    if pid == 0:
        with log.open("wb") as sink:
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
        os._exit(_fuzz_one(target, bounds, kept / target.name))
    return pid


def _fuzz_one(target: Target, bounds: Bounds, folder: Path) -> int:
    bound_this_process()
    guided_s = int(bounds.seconds / 2) if guided.is_here() else 0
    try:
        found = broken_by(target, replace(bounds, seconds=bounds.seconds - guided_s))
        if found is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "crash-hypothesis").write_bytes(found[0])
            traceback.print_exception(found[1])
            return _BROKEN
        if guided_s:
            guided.fuzz_and_exit(target, folder, replace(bounds, seconds=guided_s))
    except BaseException:
        traceback.print_exc()
        return _BROKEN
    return 0


def _report(target: Target, kept: Path) -> None:
    """What broke, and how to see it again; the input moves into the corpus."""
    log = (kept / f"{target.name}.log").read_text(errors="replace").splitlines()
    print(f"\n{target.name} broke:\n  " + "\n  ".join(line[:300] for line in log[-15:]))
    for pattern in guided.CRASHES:
        for crash in sorted((kept / target.name).glob(pattern)):
            path = keep_found(target, crash.read_bytes())
            crash.unlink()
            print(f"  kept; see it again with: {replay_command(path)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
