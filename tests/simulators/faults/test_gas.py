"""Gas in wells: how it gathers and goes, and from when somebody must be told."""

import pytest

from simulators.faults.catalogue import FAULTS
from tests.simulators.faults.afflicted import Case, afflict
from tests.simulators.faults.small_city import city_of, cover

NOON = "2026-07-15T12:00:00+08:00"
LID = cover(gas=True)
CITY = city_of(LID)


def gathers(kind: str, size: float) -> Case:
    return afflict(kind, LID, NOON, hours=8, size=size, city=CITY)


@pytest.mark.parametrize(
    ("kind", "quantity", "problem", "alarm"),
    [("methane-rising", "ch4_lel", "methane", 25), ("hydrogen-sulphide", "h2s", "hydrogen-sulphide", 10)],
)
def test_gas_rises_slowly_over_its_alarm_and_goes(kind: str, quantity: str, problem: str, alarm: float) -> None:
    case = gathers(kind, 0.6)
    assert case.label.expects == (problem,)
    assert case.label.by_ms is not None
    by_then = [r for r in case.during if r.observed_at_ms <= case.label.by_ms]
    assert max(case.values(by_then, quantity)) > alarm
    assert case.values(case.during, quantity)[0] < alarm / 2
    assert max(case.values(case.before + case.after, quantity)) < 0.8 * alarm


def test_oxygen_falls_below_what_a_man_needs() -> None:
    case = gathers("oxygen-low", 0.6)
    assert case.label.expects == ("oxygen-low",)
    assert min(case.values(case.during, "oxygen")) < 19.5
    assert min(case.values(case.before + case.after, "oxygen")) > 20


def test_methane_may_reach_a_quarter_or_half_of_what_explodes() -> None:
    quarter, half = gathers("methane-rising", 0.21), gathers("methane-rising", 0.7)
    assert 25 < max(quarter.values(quarter.during, "ch4_lel")) < 50
    assert max(half.values(half.during, "ch4_lel")) > 50


@pytest.mark.parametrize(
    ("kind", "quantity", "alarm"),
    [("methane-rising", "ch4_lel", 25), ("hydrogen-sulphide", "h2s", 10)],
)
def test_a_little_more_gas_than_usual_stays_below_the_alarm_and_asks_for_nothing(
    kind: str, quantity: str, alarm: float
) -> None:
    case = gathers(kind, 0.19)
    assert case.label.expects == ()
    assert max(case.values(case.during, quantity)) < alarm
    assert max(case.values(case.during, quantity)) > max(case.values(case.before, quantity))


def test_gas_befalls_only_wells_that_measure_it() -> None:
    for kind in ("methane-rising", "hydrogen-sulphide", "oxygen-low"):
        assert FAULTS[kind].able(LID)
        assert not FAULTS[kind].able(cover())
