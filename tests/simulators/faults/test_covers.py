"""What is done to covers: what should be said of it, and how it shows."""

from itertools import pairwise
from statistics import mean, stdev

import pytest

from tests.simulators.faults.afflicted import Case, afflict
from tests.simulators.faults.small_city import city_of, cover

MORNING = "2026-06-02T07:00:00+08:00"
LID = cover()
CITY = city_of(LID)
SLEEPER = cover("MH-2", every_s=14_400)


def happens(kind: str, *, hours: float = 2.0, size: float = 0.5, margin_hours: float = 1.0) -> Case:
    return afflict(kind, LID, MORNING, hours=hours, size=size, margin_hours=margin_hours, city=CITY)


def test_an_open_cover_tells_by_contact_and_angle_until_it_is_shut() -> None:
    case = happens("cover-open")
    assert case.label.expects == ("cover-open",)
    assert case.label.by_ms == case.fault.start_ms + 60_000
    assert {"cover-tilted", "cover-moved"} <= set(case.label.explains)
    assert set(case.values(case.during, "cover_open")) == {1.0}
    assert min(case.values(case.during, "tilt_angle")) > 55
    for told in (case.before, case.after):
        assert set(case.values(told, "cover_open")) == {0.0}
        assert max(case.values(told, "tilt_angle")) < 10


@pytest.mark.parametrize("size", [0.0, 0.99])
def test_a_tilted_cover_lies_between_15_and_30_degrees_with_its_contact_shut(size: float) -> None:
    case = happens("cover-tilted", size=size)
    assert case.label.expects == ("cover-tilted",)
    assert 15 < mean(case.values(case.during, "tilt_angle")) < 30
    assert set(case.values(case.during, "cover_open")) == {0.0}
    assert max(case.values(case.before + case.after, "tilt_angle")) < 10


def test_a_cover_taken_away_lies_on_its_back_and_may_go_with_its_sensor() -> None:
    left_behind, carried_off = happens("cover-missing", size=0.2, hours=4), happens("cover-missing", size=0.8, hours=4)
    assert left_behind.label.expects == carried_off.label.expects == ("cover-missing",)
    assert "offline" in carried_off.label.explains
    assert min(left_behind.values(left_behind.during, "tilt_angle")) > 90
    assert len(left_behind.during) > 20
    assert 2 <= len(carried_off.during) <= 3
    assert min(carried_off.values(carried_off.during, "tilt_angle")) > 90
    assert max(report.observed_at_ms for report in carried_off.during) < carried_off.fault.start_ms + 4 * 60_000
    assert max(carried_off.values(carried_off.after, "tilt_angle")) < 10


def test_a_loose_cover_rocks_but_is_never_near_to_open() -> None:
    case = happens("cover-loose", size=0.6, hours=8, margin_hours=4)
    assert case.label.expects == ("cover-loose",)
    assert not case.label.hard
    assert stdev(case.values(case.during, "tilt_angle")) > 3
    assert max(case.values(case.during, "tilt_angle")) < 15
    assert stdev(case.values(case.before, "tilt_angle")) < 1
    assert happens("cover-loose", size=0.05).label.hard


def test_a_cover_lifted_and_let_fall_is_nothing_to_be_told_of() -> None:
    case = happens("cover-moved", hours=0.1)
    assert case.label.expects == ()
    assert set(case.label.explains) == {"cover-tilted", "cover-moved"}
    assert min(case.values(case.during, "tilt_angle")) > 15
    assert max(case.values(case.after, "tilt_angle")) < 10


def test_a_crew_in_the_well_is_an_open_cover_like_any_other() -> None:
    case = happens("maintenance-visit", hours=1 / 3)
    assert case.label.expects == ("cover-open",)
    assert set(case.values(case.during, "cover_open")) == {1.0}
    assert set(case.values(case.after, "cover_open")) == {0.0}


@pytest.mark.parametrize("size", [0.0, 0.5, 0.99])
def test_heavy_traffic_shakes_a_cover_that_stays_where_it_is_and_nobody_should_be_told(size: float) -> None:
    case = happens("traffic-vibration", size=size, hours=6, margin_hours=6)
    assert case.label.expects == case.label.explains == ()
    assert mean(case.values(case.during, "vibration")) > 3 * mean(case.values(case.before, "vibration"))
    tilts = case.values(case.during, "tilt_angle")
    assert mean(tilts) < 6
    assert not any(a > 15 and b > 15 for a, b in pairwise(tilts))
    assert stdev(tilts) < 3
    assert set(case.values(case.during, "cover_open")) == {0.0}


def test_a_sensor_that_sleeps_wakes_when_its_cover_moves_and_confirms_it_after_a_minute() -> None:
    case = afflict("cover-tilted", SLEEPER, MORNING, hours=1, city=city_of(SLEEPER))
    first, second = case.during[:2]
    assert first.observed_at_ms == case.fault.start_ms + 2_000
    assert 60_000 < second.observed_at_ms - first.observed_at_ms < 90_000
    assert [report.observed_at_ms - case.fault.end_ms for report in case.after[:2]] == [2_000, 65_000]
