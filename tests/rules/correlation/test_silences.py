"""Silences, sentence by sentence: which events they mark, and for how long."""

from typing import Any

import pytest

from tests.rules.correlation.bench import LAMP_OUT, Bench, silence


def test_an_open_event_is_silenced_from_the_start_of_a_silence_to_its_end() -> None:
    bench = Bench(LAMP_OUT)
    bench.clock(1)
    bench.silences(silence("works", starts=5, ends=10, rule="lamp-out"))
    bench.opens("lamp-out", "L1", 2)
    published = []
    for minute in (4, 5, 9, 10):
        bench.clock(minute)
        published.append(bench.event("lamp-out", "L1")["silenced_by"])
    assert published == [None, "works", "works", None]


@pytest.mark.parametrize(
    ("matches", "fits"),
    [
        ({"rule": "lamp-out"}, True),
        ({"rule": "other"}, False),
        ({"kind": "streetlight", "area": "A"}, True),
        ({"area": "A/1"}, True),
        ({"area": "A/11"}, False),
        ({"area": "A/1/2"}, False),
        ({"device_id": "L1"}, True),
        ({"device_id": "F1"}, False),
        ({"parent": "F1"}, True),
        ({"parent": "F2"}, False),
        ({"parent": "F1", "kind": "cabinet"}, False),
    ],
)
def test_a_silence_is_about_what_agrees_in_all_it_names(matches: dict[str, Any], fits: bool) -> None:
    bench = Bench(LAMP_OUT)
    bench.silences(silence("works", **matches))
    bench.opens("lamp-out", "L1", 2, area="A/1")
    assert (bench.published[0].event["silenced_by"] == "works") is fits


def test_an_event_that_clears_under_a_silence_stays_marked_and_one_taken_back_is_published_again() -> None:
    bench = Bench(LAMP_OUT)
    bench.silences(silence("works", ends=60, rule="lamp-out"))
    bench.opens("lamp-out", "L1", 2)
    bench.clears("lamp-out", "L1", 2, 5)
    bench.opens("lamp-out", "L2", 3)
    bench.clock(10)
    bench.silences()
    assert bench.event("lamp-out", "L2")["silenced_by"] is None
    assert bench.event("lamp-out", "L1")["status"] == "cleared"
