"""Water quality: by day and season, in rain, and never so bad that a sound river would be told of."""

from statistics import mean

import pytest

from domain.quantities.catalogue import CATALOGUE
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.behaviour.quality import quality_readings, saturated_oxygen_mg_l
from simulators.faults import FaultPlan
from simulators.weather import DRY, Storm, WeatherPlan
from simulators.world.state import World
from tests.simulators.faults.small_city import city_of, station

STATIONS = [station(f"WM-{n}") for n in range(8)]
MIDNIGHT = parse_instant_ms("2026-06-02T00:00:00+08:00")


def world_from(start_ms: int = MIDNIGHT, weather: WeatherPlan = DRY) -> World:
    world = World(city_of(*STATIONS), start_ms, FaultPlan(share=0), weather_plan=weather)
    world.grow_until(start_ms + HOUR_MS)
    return world


def told(world: World, quantity: str, *hours: float, number: int = 0) -> list[float]:
    """What one station tells at those hours after the world's start, each the mean of five minutes."""
    return [
        mean(
            float(
                quality_readings(STATIONS[number], world, int(world.start_ms + hour * HOUR_MS) + n * 60_000)[quantity]
            )
            for n in range(5)
        )
        for hour in hours
    ]


@pytest.mark.parametrize(("cel", "mg_l"), [(0, 14.62), (10, 11.29), (20, 9.09), (25, 8.26), (30, 7.56)])
def test_water_holds_as_much_oxygen_as_the_published_table_says(cel: float, mg_l: float) -> None:
    assert saturated_oxygen_mg_l(cel) == pytest.approx(mg_l, abs=0.01)


@pytest.mark.parametrize("number", range(4))
def test_oxygen_and_ph_peak_in_the_afternoon_and_are_lowest_before_dawn(number: int) -> None:
    world = world_from()
    for quantity in ("dissolved_oxygen", "ph"):
        dawn, noon, afternoon, evening = told(world, quantity, 4, 11, 15.5, 23, number=number)
        assert dawn < noon < afternoon
        assert evening < afternoon


def test_cold_water_holds_more_oxygen() -> None:
    winter = world_from(parse_instant_ms("2026-01-20T00:00:00+08:00"))
    assert told(winter, "dissolved_oxygen", 12)[0] > told(world_from(), "dissolved_oxygen", 12)[0] + 2
    assert told(winter, "water_temperature", 12)[0] < 10


def test_rain_brings_dirt_and_thins_out_the_salt_and_the_river_recovers() -> None:
    storm = WeatherPlan(storms=(Storm(after_h=24, lasts_h=2, total_mm=40),))
    wet, dry = world_from(weather=storm), world_from()
    for quantity in ("turbidity", "cod_cr", "nh3_n", "tp"):
        assert told(wet, quantity, 26.5)[0] > 1.1 * told(dry, quantity, 26.5)[0], quantity
    assert told(wet, "turbidity", 26.5)[0] > 3 * told(dry, "turbidity", 26.5)[0]
    assert told(wet, "conductivity", 26.5)[0] < 0.8 * told(dry, "conductivity", 26.5)[0]
    for quantity in ("turbidity", "conductivity", "cod_cr"):
        assert told(wet, quantity, 23) == told(dry, quantity, 23)
        assert told(wet, quantity, 96)[0] == pytest.approx(told(dry, quantity, 96)[0], rel=0.02)


def test_the_first_rain_washes_off_more_than_the_same_rain_after_it() -> None:
    twice = WeatherPlan(storms=(Storm(after_h=24, lasts_h=1, total_mm=25), Storm(after_h=32, lasts_h=1, total_mm=25)))
    first, second = told(world_from(weather=twice), "turbidity", 25.5, 33.5)
    assert first > 1.2 * second


@pytest.mark.parametrize("day", ["2026-01-15", "2026-04-15", "2026-07-20", "2026-08-20", "2026-10-15"])
def test_a_sound_river_is_class_three_or_better_in_every_season_even_in_rain(day: str) -> None:
    rain = WeatherPlan(storms=(Storm(after_h=6, lasts_h=2, total_mm=60),))
    world = world_from(parse_instant_ms(f"{day}T00:00:00+08:00"), rain)
    for one in STATIONS:
        for minute in range(0, 24 * 60, 20):
            readings = quality_readings(one, world, world.start_ms + minute * 60_000)
            assert readings["dissolved_oxygen"] > 5
            assert readings["cod_mn"] < 6
            assert readings["nh3_n"] < 1
            assert readings["tp"] < 0.2
            assert 6 < readings["ph"] < 9
            assert all(CATALOGUE[name].is_plausible(value) for name, value in readings.items())


def test_the_same_world_tells_the_same_whatever_was_asked_before() -> None:
    a, b = world_from(), world_from()
    later = quality_readings(STATIONS[0], a, MIDNIGHT + 5 * HOUR_MS)
    quality_readings(STATIONS[1], b, MIDNIGHT + 9 * HOUR_MS)
    assert quality_readings(STATIONS[0], b, MIDNIGHT + 5 * HOUR_MS) == later
    assert quality_readings(STATIONS[1], b, MIDNIGHT + 5 * HOUR_MS) != later
