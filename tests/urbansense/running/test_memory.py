"""The garbage collector as services set it."""

import gc
from typing import Any

from urbansense.running.memory import settled_memory

_MANY = 100_000
_A_MOMENT = 25_000
"""So many young objects are looked at within a few ms."""


def test_no_collection_of_the_youngest_objects_looks_at_many_of_them() -> None:
    young: list[int] = []

    def note(phase: str, details: dict[str, Any]) -> None:
        if phase == "start" and details["generation"] == 0:
            young.append(len(gc.get_objects(0)))

    with settled_memory():
        gc.callbacks.append(note)
        try:
            kept: list[list[int]] = [[number] for number in range(_MANY)]
        finally:
            gc.callbacks.remove(note)
    assert len(kept) == _MANY
    assert young
    assert max(young) < _A_MOMENT


def test_the_collector_is_as_it_was_afterwards() -> None:
    before = gc.get_threshold()
    with settled_memory():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
