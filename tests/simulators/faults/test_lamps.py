"""Faults of lamps, and what looks like one: the label, and the readings before, during and after."""

from itertools import pairwise

import pytest

from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.behaviour.driver import share_of_power
from simulators.city import build_city
from simulators.faults.catalogue import FAULTS
from simulators.faults.fault import Fault
from simulators.weather.sky import Sky
from tests.simulators.faults.afflicted import Case, afflict

CITY = build_city(7, 30)
LAMP = next(device for device in CITY.devices if device.kind == "streetlight")
NOMINAL_W = float(LAMP.attributes["nominal_power"])
EVENING, MORNING = "2026-06-01T20:00:00+08:00", "2026-06-01T09:00:00+08:00"


def powers(case: Case, span: str) -> list[float]:
    """Power as a share of what is due at the level told, or of the nominal power where that is 0."""
    return [
        float(report.readings["active_power"])
        / NOMINAL_W
        / share_of_power(float(report.readings["dimming_level"]) or 100)
        for report in getattr(case, span)
    ]


def within_min(case: Case) -> float:
    assert case.label.by_ms is not None
    return (case.label.by_ms - case.label.start_ms) / MINUTE_MS


def test_a_dead_lamp_is_told_to_shine_and_draws_next_to_nothing() -> None:
    case = afflict("lamp-dead", LAMP, EVENING, city=CITY)
    assert case.label.expects == ("lamp-out",)
    assert case.label.subjects == (LAMP.device_id,)
    assert within_min(case) == 6
    assert case.label.hard == ""
    assert min(powers(case, "before")[20:]) > 0.9
    assert max(powers(case, "during")) < 0.03
    assert {report.readings["dimming_level"] for report in case.during} == {100.0}
    assert min(powers(case, "after")) > 0.9


def test_a_lamp_that_died_by_day_is_asked_for_after_dusk() -> None:
    case = afflict("lamp-dead", LAMP, "2026-06-01T14:00:00+08:00", hours=12, city=CITY)
    assert within_min(case) == pytest.approx(5 * 60 + 13 + 6, abs=5)
    assert case.label.hard == ""
    first_told = next(report for report in case.during if report.readings["dimming_level"])
    assert case.label.by_ms is not None
    assert 4.9 * MINUTE_MS < case.label.by_ms - first_told.observed_at_ms <= 6 * MINUTE_MS


def test_a_lamp_that_is_dead_by_day_only_asks_for_nothing() -> None:
    case = afflict("lamp-dead", LAMP, MORNING, hours=5, city=CITY)
    assert case.label.expects == ()


def test_a_lamp_that_is_dead_over_nights_stays_dark_in_each() -> None:
    case = afflict("lamp-dead", LAMP, EVENING, hours=50, city=CITY)
    lit = [report for report in case.during if report.readings["dimming_level"]]
    assert (lit[-1].observed_at_ms - lit[0].observed_at_ms) > 40 * HOUR_MS
    assert max(float(report.readings["active_power"]) for report in lit) < 3


def test_a_blink_of_minutes_is_hard() -> None:
    case = afflict("lamp-blink", LAMP, EVENING, hours=0.06, city=CITY)
    assert case.label.expects == ("lamp-out",)
    assert case.label.hard == "dark for a few minutes only"
    assert max(powers(case, "during")) < 0.03
    assert min(powers(case, "after")) > 0.9


def test_a_lamp_dark_for_less_than_three_minutes_is_nothing_yet_and_whoever_tells_of_it_is_not_wrong() -> None:
    short, long = (afflict("lamp-blink", LAMP, EVENING, hours=hours, city=CITY).label for hours in (0.049, 0.051))
    assert (short.expects, short.explains) == ((), ("lamp-out",))
    assert long.expects == ("lamp-out",)


def test_a_flickering_lamp_goes_on_and_off_many_times_in_half_an_hour() -> None:
    case = afflict("lamp-flickers", LAMP, EVENING, size=0.6, city=CITY)
    assert case.label.expects == ("lamp-cycling",)
    assert "lamp-out" in case.label.explains
    assert within_min(case) == 33
    half_an_hour = powers(case, "during")[:30]
    assert sum(abs(a - b) > 0.5 for a, b in pairwise(half_an_hour)) >= 10
    assert min(powers(case, "after")) > 0.9


def test_a_lamp_that_flickers_now_and_then_is_hard() -> None:
    case = afflict("lamp-flickers", LAMP, EVENING, hours=4, size=0.1, city=CITY)
    assert case.label.hard == "goes out only now and then"
    assert case.label.by_ms == case.fault.start_ms + 123 * 60_000
    dark = sum(power < 0.1 for power in powers(case, "during")) / len(case.during)
    assert 0.02 < dark < 0.25


def test_a_day_burner_draws_all_its_power_by_day_and_follows_its_plan_at_night() -> None:
    case = afflict("day-burner", LAMP, MORNING, hours=14, city=CITY)
    assert case.label.expects == ("day-burner",)
    assert within_min(case) == 35
    assert max(powers(case, "before")) < 0.03
    assert min(powers(case, "during")[2:]) > 0.9
    assert {report.readings["dimming_level"] for report in case.during} == {0.0, 100.0}
    assert case.during[0].readings["dimming_level"] == 0.0


def test_a_relay_that_sticks_at_night_is_asked_for_in_the_morning() -> None:
    case = afflict("day-burner", LAMP, "2026-06-02T01:00:00+08:00", hours=10, city=CITY)
    assert within_min(case) == pytest.approx(4 * 60 + 12 + 35, abs=6)


@pytest.mark.parametrize(
    ("size", "share", "hard"), [(0.0, 0.8, True), (0.2, 0.69, True), (0.5, 0.525, False), (0.9, 0.305, False)]
)
def test_a_broken_string_of_leds_takes_a_share_of_the_power(size: float, share: float, hard: bool) -> None:
    case = afflict("low-power", LAMP, EVENING, size=size, city=CITY)
    assert case.label.expects == ("low-power",)
    assert within_min(case) == 20
    assert bool(case.label.hard) is hard
    due = powers(case, "after")[0]
    assert all(power == pytest.approx(share * due, rel=0.05) for power in powers(case, "during")[15:])
    assert min(powers(case, "before")[20:]) > 0.9


def test_a_crew_that_tests_a_lamp_by_day_is_no_fault() -> None:
    case = afflict("lamp-tested", LAMP, MORNING, hours=1 / 3, city=CITY)
    assert case.label.expects == ()
    assert {report.readings["dimming_level"] for report in case.during} == {100.0}
    assert min(powers(case, "during")[1:]) > 0.9
    assert max(powers(case, "before") + powers(case, "after")) < 0.03


def test_a_level_set_by_hand_is_no_fault_and_power_follows_it() -> None:
    case = afflict("dimming-changed", LAMP, EVENING, size=0.2, city=CITY)
    assert case.label.expects == ()
    assert {report.readings["dimming_level"] for report in case.during} == {35.0}
    assert all(power == pytest.approx(1.0, abs=0.08) for power in powers(case, "during"))


@pytest.mark.parametrize(
    ("kind", "start", "hours", "fits"),
    [
        ("lamp-flickers", "2026-06-01T20:00:00+08:00", 2, True),
        ("lamp-flickers", "2026-06-01T18:00:00+08:00", 3, False),
        ("low-power", "2026-06-02T03:00:00+08:00", 3, False),
        ("day-burner", "2026-06-01T15:00:00+08:00", 3, True),
        ("day-burner", "2026-06-01T18:10:00+08:00", 3, False),
        ("day-burner", "2026-06-01T20:00:00+08:00", 5, False),
        ("lamp-tested", "2026-06-01T09:00:00+08:00", 0.3, True),
        ("lamp-tested", "2026-06-01T18:55:00+08:00", 0.3, False),
        ("lamp-dead", "2026-06-01T09:00:00+08:00", 3, True),
    ],
)
def test_a_fault_falls_only_where_it_can_show(kind: str, start: str, hours: float, fits: bool) -> None:
    start_ms = parse_instant_ms(start)
    fault = Fault(LAMP.device_id, kind, start_ms, start_ms + int(hours * HOUR_MS), 0.5)
    assert FAULTS[kind].fits(fault, Sky(CITY.place)) is fits
