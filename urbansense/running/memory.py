"""The garbage collector, set for processes that hold much and drop almost everything by reference count."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (100_000, 50, 100)


@contextmanager
def settled_memory() -> Iterator[None]:
    """Inside, what is loaded by now is out of the collector's sight, and it looks for circles a hundred times as seldom.

    Records in flight are many small containers without circles: with Python's defaults the collector walks them, and the
    whole registry, again and again, for half of a gateway's time (measured: 9.2 µs a report with the defaults, 5.5 µs
    without). Circles, as exceptions and tasks make them, are still found. Enter once everything is loaded.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
