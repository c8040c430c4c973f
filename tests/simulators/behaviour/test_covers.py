"""Covers that nothing has befallen: level, shut, shaken by the traffic of the day, with a little gas below."""

from statistics import mean

import pytest

from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.behaviour.covers import cover_readings, rush
from simulators.faults import FaultPlan
from simulators.world.state import World
from tests.simulators.faults.small_city import city_of, cover

LIDS = [cover(f"MH-{n}", gas=n % 2 == 0) for n in range(12)]
MIDNIGHT = parse_instant_ms("2026-06-02T00:00:00+08:00")


def world_from(start_ms: int = MIDNIGHT) -> World:
    world = World(city_of(*LIDS), start_ms, FaultPlan(share=0))
    world.grow_until(start_ms + HOUR_MS)
    return world


def over_a_day(world: World, number: int, quantity: str, *, from_h: float = 0, to_h: float = 24) -> list[float]:
    return [
        float(cover_readings(LIDS[number], world, world.start_ms + minute * 60_000)[quantity])
        for minute in range(int(from_h * 60), int(to_h * 60))
    ]


@pytest.mark.parametrize("number", range(len(LIDS)))
def test_a_sound_cover_is_level_and_shut_all_day_whatever_drives_over_it(number: int) -> None:
    world = world_from()
    tilts = over_a_day(world, number, "tilt_angle")
    assert mean(tilts) < 5
    assert max(tilts) < 15
    assert not any(over_a_day(world, number, "cover_open"))


def test_covers_shake_in_the_rush_hours_and_rest_at_night() -> None:
    world = world_from()
    rushed = [shake for n in range(len(LIDS)) for shake in over_a_day(world, n, "vibration", from_h=7, to_h=9)]
    night = [shake for n in range(len(LIDS)) for shake in over_a_day(world, n, "vibration", from_h=2, to_h=4)]
    assert mean(rushed) > 3 * mean(night)
    assert max(rushed) < 10
    assert rush(7.75) > rush(13) > rush(3)


def test_a_cover_lies_a_little_different_in_frost_and_in_heat() -> None:
    january, july = (world_from(parse_instant_ms(f"2026-{month}-20T02:00:00+08:00")) for month in ("01", "07"))
    moved = [
        abs(mean(over_a_day(january, n, "tilt_angle", to_h=2)) - mean(over_a_day(july, n, "tilt_angle", to_h=2)))
        for n in range(len(LIDS))
    ]
    assert mean(moved) > 0.05
    assert max(moved) < 1


def test_gas_in_a_sewer_is_more_in_summer_and_in_still_nights_and_always_below_its_alarms() -> None:
    january, july = (world_from(parse_instant_ms(f"2026-{month}-20T00:00:00+08:00")) for month in ("01", "07"))
    for number in range(0, len(LIDS), 2):
        assert mean(over_a_day(july, number, "ch4_lel")) > mean(over_a_day(january, number, "ch4_lel"))
        assert max(over_a_day(july, number, "ch4_lel")) < 20
        assert max(over_a_day(july, number, "h2s")) < 8
        assert min(over_a_day(july, number, "oxygen")) > 20
    night, noon = (
        mean(gas for n in range(0, len(LIDS), 2) for gas in over_a_day(july, n, "ch4_lel", from_h=a, to_h=b))
        for a, b in ((2, 4), (11, 13))
    )
    assert night > noon


def test_only_a_cover_with_a_gas_sensor_tells_of_gas() -> None:
    world = world_from()
    assert {"ch4_lel", "h2s", "oxygen"} <= cover_readings(LIDS[0], world, MIDNIGHT).keys()
    assert not {"ch4_lel", "h2s", "oxygen"} & cover_readings(LIDS[1], world, MIDNIGHT).keys()
