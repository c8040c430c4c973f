"""What one input may cost, for a process that does nothing but fuzz: a reader that takes more is at fault."""

import logging
import resource
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import structlog

SECONDS: Final = 20
"""For one input of at most 64 KiB. Far above what any takes, so that a slow machine finds no fault."""
MEMORY_BYTES: Final = 6 << 30


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a driver goes on with one target: so many seconds, or so many inputs where that ends before.

    Only with `runs` does one seed try the same inputs on a fast machine and on a slow one.
    """

    seconds: float
    runs: int | None
    seed: int


class TooSlow(AssertionError):
    """An input that took longer than SECONDS."""


def bound_this_process() -> None:
    """Bound the memory, and let nothing be logged: readers do so for every bad input."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    structlog.configure(processors=[_drop])
    logging.disable()
    warnings.simplefilter("ignore")


@contextmanager
def bounded_time() -> Iterator[None]:
    """Raises TooSlow within, in the main thread."""

    def ring(signum: int, frame: Any) -> None:
        raise TooSlow(f"longer than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _drop(logger: Any, method: str, event: Any) -> Any:
    raise structlog.DropEvent
