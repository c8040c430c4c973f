"""Batteries: how long they last, what shortens their life, and that they only fall."""

from itertools import pairwise
from statistics import mean

import pytest

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import DAY_MS
from simulators.behaviour.batteries import battery_level, battery_readings, battery_voltage_v
from simulators.faults import FaultPlan
from simulators.world.state import World
from tests.simulators.faults.small_city import city_of, cover

START = parse_instant_ms("2026-06-01T00:00:00+08:00")
OFTEN = [cover(f"MH-{n}", every_s=600) for n in range(40)]
SELDOM = [cover(f"MH-{n}", every_s=14_400) for n in range(40)]


def world_of(lids: list[Device]) -> World:
    world = World(city_of(*lids), START, FaultPlan(share=0))
    world.grow_until(START + DAY_MS)
    return world


def falls(lids: list[Device], days: int) -> list[float]:
    """Percent lost in so many days, of those batteries that were not changed meanwhile."""
    world = world_of(lids)
    lost = [battery_level(one, world, START) - battery_level(one, world, START + days * DAY_MS) for one in lids]
    return [fall for fall in lost if fall > 0]


def test_a_battery_only_falls_until_it_is_changed_and_is_never_low() -> None:
    world = world_of(OFTEN)
    changed = 0
    for lid in OFTEN[:10]:
        levels = [battery_level(lid, world, START + week * 7 * DAY_MS) for week in range(6 * 52)]
        assert min(levels) >= 24
        assert max(levels) <= 100
        for a, b in pairwise(levels):
            assert b < a or b > 97
            changed += b > a
    assert 10 <= changed <= 40


@pytest.mark.parametrize("lids", [OFTEN, SELDOM], ids=["often", "seldom"])
def test_a_full_battery_would_last_two_and_a_half_to_six_years(lids: list[Device]) -> None:
    years = [100 / fall for fall in falls(lids, 365)]
    assert len(years) > 5
    assert min(years) > 2.4
    assert max(years) < 6.2


def test_whoever_sends_more_is_empty_sooner() -> None:
    assert mean(falls(OFTEN, 60)) > 1.5 * mean(falls(SELDOM, 60))


def test_cold_takes_more_from_a_battery_and_lowers_its_voltage() -> None:
    world = world_of(OFTEN)
    summer, winter = (parse_instant_ms(f"2026-{month}-05T00:00:00+08:00") for month in ("07", "01"))

    def lost(from_ms: int) -> list[float]:
        return [battery_level(one, world, from_ms) - battery_level(one, world, from_ms + 14 * DAY_MS) for one in OFTEN]

    in_both = [(cold, warm) for cold, warm in zip(lost(winter), lost(summer), strict=True) if cold > 0 and warm > 0]
    assert all(cold > 1.2 * warm for cold, warm in in_both)
    assert battery_voltage_v(80, -10) < battery_voltage_v(80, 20) - 0.05
    assert (
        battery_voltage_v(100, 20) - battery_voltage_v(40, 20)
        < 0.1
        < battery_voltage_v(40, 20) - battery_voltage_v(2, 20)
    )


def test_a_gauge_tells_whole_percents_and_hundredths_of_a_volt() -> None:
    told = battery_readings(OFTEN[0], world_of(OFTEN), START, 15.0)
    assert told["battery_level"] == int(told["battery_level"])
    assert told["battery_voltage"] == round(told["battery_voltage"], 2)
    assert 3.4 < told["battery_voltage"] < 3.75
