"""Processes forked from one that has the project's modules loaded: for tests that start one twenty times.

They are processes like any other, with a pid, an environment and a log of their own; what they spare is the two seconds
of imports.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.processes import Process

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "__main__",
        "urbansense.commands.cli",
        "urbansense.commands.platform.services",
        "urbansense.wiring.stages",
        "streams.kafka.log",
        "tests.e2e.processes.forked",
        "tests.e2e.rules_killed.judging",
        "tests.e2e.cases_killed.deaths",
    ]
)


def run_command(*arguments: str) -> None:
    """`urbansense` with these arguments, such as `rules-worker`."""
    from urbansense.commands.cli import main

    sys.argv = ["urbansense", *arguments]
    main()


class Forked(Process):
    """A `Process` that calls a function instead of a program. The function must be importable."""

    def __init__(self, run: Callable[..., None], arguments: Sequence[Any], log: Path, env: Mapping[str, str]) -> None:
        super().__init__([run.__name__], log, dict(env))
        self._run = run
        self.arguments = tuple(arguments)
        """May be others at the next start."""

    def start(self) -> "Forked":
        given = (self._run, self.arguments, str(self.log), self._env)
        process = _CONTEXT.Process(target=_begin, args=given, daemon=True)
        process.start()
        self._child = _Child(process)  # type: ignore[assignment]
        return self

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """It stands still, and knows nothing of it."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)


class _Child:
    """A process of `multiprocessing` as `subprocess` would show it."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self.pid: int = process.pid

    def poll(self) -> int | None:
        code: int | None = self._process.exitcode
        return code

    def wait(self, timeout_s: float) -> None:
        self._process.join(timeout_s)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("a forked process", timeout_s)

    def send_signal(self, which: int) -> None:
        os.kill(self.pid, which)


def _begin(run: Callable[..., None], arguments: Sequence[Any], log: str, environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(file, stream.fileno())
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    run(*arguments)
