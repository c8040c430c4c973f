"""Lamps without faults: sun, plan, age, air, mains; and that their readings hang together."""

from collections.abc import Iterator
from dataclasses import replace
from statistics import mean, stdev

import pytest

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.behaviour.driver import WARM_AFTER_MS, drawn_w, temperature_factor
from simulators.behaviour.lamps import burning, lamp_readings
from simulators.city import City, build_city
from simulators.city.circuits import YEAR_MS, Lantern
from simulators.faults import FaultPlan
from simulators.ground.place import Place
from simulators.world.state import World

CITY = build_city(7, 100)
LAMPS = [device for device in CITY.devices if device.kind == "streetlight"]


def world_at(at: str, city: City = CITY) -> tuple[World, int]:
    at_ms = parse_instant_ms(at)
    world = World(city, at_ms - HOUR_MS, FaultPlan(share=0))
    world.grow_until(at_ms + 48 * HOUR_MS)
    return world, at_ms


def lamps_at(at: str) -> Iterator[tuple[Device, dict[str, float]]]:
    world, at_ms = world_at(at)
    for lamp in LAMPS:
        yield lamp, {name: float(value) for name, value in lamp_readings(lamp, world, at_ms).items()}


@pytest.mark.parametrize("at", ["2026-06-01T12:00:00+08:00", "2026-06-01T20:30:00+08:00", "2026-12-21T03:00:00+08:00"])
def test_power_is_voltage_times_current_times_power_factor(at: str) -> None:
    for _, reading in lamps_at(at):
        apparent_w = reading["voltage"] * reading["current"] * reading["power_factor"]
        assert apparent_w == pytest.approx(reading["active_power"], rel=0.015)


@pytest.mark.parametrize("date", ["2026-06-21", "2026-12-21", "2026-03-20"])
def test_no_lamp_burns_at_noon(date: str) -> None:
    for _, reading in lamps_at(f"{date}T12:00:00+08:00"):
        assert reading["dimming_level"] == 0
        assert reading["active_power"] < 1.2


def test_lamps_switch_in_twilight_each_in_its_own_minute() -> None:
    world, noon_ms = world_at("2026-06-21T12:00:00+08:00")
    on_ms = {}
    for minute in range(6 * 60, 9 * 60):
        at_ms = noon_ms + minute * MINUTE_MS
        for lamp in LAMPS:
            if lamp_readings(lamp, world, at_ms)["dimming_level"] and lamp.device_id not in on_ms:
                on_ms[lamp.device_id] = at_ms
    assert len(on_ms) == len(LAMPS)
    assert all(-3.7 < world.sky.elevation_deg(at_ms) < -2.3 for at_ms in on_ms.values())
    assert len(set(on_ms.values())) > 3


def test_midsummer_nights_are_shorter_than_midwinter_nights() -> None:
    def hours(date: str) -> float:
        world, noon_ms = world_at(f"{date}T12:00:00+08:00")
        lantern = world.circuits.lanterns[LAMPS[0].device_id]
        return sum(burning(lantern, world, noon_ms + minute * MINUTE_MS)[0] > 0 for minute in range(1440)) / 60

    assert hours("2026-06-21") == pytest.approx(9.36, abs=0.15)
    assert hours("2026-12-21") == pytest.approx(13.54, abs=0.15)


def test_beyond_the_polar_circle_lamps_are_dark_in_june_and_burn_nearly_all_day_in_december() -> None:
    north = build_city(7, 40, Place(18.9, 69.6, "Europe/Oslo", "320582"))
    lamps = [device for device in north.devices if device.kind == "streetlight"]
    june, june_ms = world_at("2026-06-21T12:00:00Z", north)
    december, december_ms = world_at("2026-12-21T12:00:00Z", north)
    lit = 0
    for minute in range(0, 1440, 10):
        assert not any(lamp_readings(lamp, june, june_ms + minute * MINUTE_MS)["dimming_level"] for lamp in lamps)
        lit += bool(lamp_readings(lamps[0], december, december_ms + minute * MINUTE_MS)["dimming_level"])
    assert lit > 130


def test_power_follows_level_age_and_make_within_a_few_percent_of_nominal() -> None:
    for level, at in ((100, "2026-06-01T21:00:00+08:00"), (60, "2026-06-01T23:30:00+08:00")):
        ratios = []
        for lamp, reading in lamps_at(at):
            assert reading["dimming_level"] == level
            ratios.append(reading["active_power"] / (float(lamp.attributes["nominal_power"]) * level / 100))
        assert all(0.92 < ratio < 1.08 for ratio in ratios)
        assert stdev(ratios) > 0.005


def test_age_changes_power_slowly_and_by_lamp() -> None:
    world, at_ms = world_at("2026-06-01T21:00:00+08:00")
    later_ms = at_ms + int(YEAR_MS)

    def at_25_cel_w(lantern: Lantern, when_ms: int) -> float:
        factor = temperature_factor(world.conditions, when_ms)
        return drawn_w(lantern, world, when_ms, 100, WARM_AFTER_MS) / factor

    lanterns = world.circuits.lanterns.values()
    changes = [at_25_cel_w(lantern, later_ms) / at_25_cel_w(lantern, at_ms) - 1 for lantern in lanterns]
    assert min(changes) < -0.001
    assert max(changes) > 0.001
    assert all(abs(change) < 0.005 for change in changes)


def test_lamps_draw_more_in_the_cold_and_right_after_switching_on() -> None:
    summer, july_ms = world_at("2026-07-20T22:00:00+08:00")
    winter, january_ms = world_at("2026-01-20T22:00:00+08:00")
    lantern = summer.circuits.lanterns[LAMPS[0].device_id]
    cold_w, warm_w = (
        drawn_w(lantern, world, at_ms, 100, WARM_AFTER_MS) - lantern.per_year_w * years
        for world, at_ms, years in ((winter, january_ms, 0.05), (summer, july_ms, 0.55))
    )
    assert 1.005 < cold_w / warm_w < 1.05
    starting, fresh, settled = (
        drawn_w(lantern, summer, july_ms, 100, lit_ms) for lit_ms in (500, 10_000, WARM_AFTER_MS)
    )
    assert starting < 0.6 * settled
    assert 1.02 < fresh / settled < 1.035


def test_the_power_factor_falls_with_the_level() -> None:
    full = mean(reading["power_factor"] for _, reading in lamps_at("2026-06-01T21:00:00+08:00"))
    dimmed = mean(reading["power_factor"] for _, reading in lamps_at("2026-06-01T23:30:00+08:00"))
    assert 0.96 < full <= 0.99
    assert 0.90 < dimmed < full - 0.02


def test_voltage_falls_along_the_feeder_only_while_the_lamps_burn() -> None:
    def ends_v(at: str) -> tuple[float, float]:
        world, at_ms = world_at(at)
        circuit = max(world.circuits.cabinets.values(), key=lambda one: one.lanterns[-1].drop_v)
        along = circuit.on_feeder(circuit.lanterns[-1].feeder)
        return tuple(  # type: ignore[return-value]
            mean(float(lamp_readings(world.device(lamp), world, at_ms + n * 1000)["voltage"]) for n in range(100))
            for lamp in (along[0], along[-1])
        )

    (first_v, last_v), (noon_first_v, noon_last_v) = (
        ends_v("2026-06-01T21:00:00+08:00"),
        ends_v("2026-06-01T13:00:00+08:00"),
    )
    assert first_v > last_v + 0.5
    assert noon_first_v == pytest.approx(noon_last_v, abs=0.2)


def test_mains_is_lowest_in_the_evening_and_always_within_the_standard() -> None:
    by_hour = {}
    for hour in range(0, 24, 2):
        by_hour[hour] = mean(reading["voltage"] for _, reading in lamps_at(f"2026-06-01T{hour:02d}:00:00+08:00"))
    assert min(by_hour, key=lambda hour: by_hour[hour]) == 20
    assert all(198 < volts < 235.4 for volts in by_hour.values())


def test_a_lamps_own_plan_is_followed() -> None:
    lamp = replace(
        LAMPS[0], attributes=LAMPS[0].attributes | {"dimming_plan": "00:00 30, 18:00 80", "switch_at_deg": -1.0}
    )
    city = replace(CITY, devices=tuple(lamp if one is LAMPS[0] else one for one in CITY.devices))
    for at, level in (("2026-06-01T21:00:00+08:00", 80), ("2026-06-02T01:00:00+08:00", 30)):
        world, at_ms = world_at(at, city)
        assert lamp_readings(lamp, world, at_ms)["dimming_level"] == level
