"""Counters: energy is the integral of power, hours that of burning, and neither ever falls."""

from dataclasses import replace
from itertools import pairwise

import pytest

from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.behaviour.cabinets import cabinet_readings
from simulators.behaviour.counters import circuit_energy_kwh, lamp_energy_kwh, lamp_hours
from simulators.behaviour.lamps import burning, lamp_readings
from simulators.city import build_city
from simulators.faults import Fault, FaultPlan
from simulators.world.state import World

CITY = build_city(7, 40)
LAMP = next(device for device in CITY.devices if device.kind == "streetlight")
CABINET = next(device for device in CITY.devices if device.device_id == LAMP.parent_id)
START_MS = parse_instant_ms("2026-06-01T15:00:00+08:00")
FAULTS = (
    None,
    ("lamp-dead", LAMP.device_id, 0.5),
    ("day-burner", LAMP.device_id, 0.5),
    ("low-power", LAMP.device_id, 0.9),
    ("lamp-flickers", LAMP.device_id, 0.9),
    ("dimming-changed", LAMP.device_id, 0.2),
    ("cabinet-outage", CABINET.device_id, 0.9),
    ("circuit-unlit", CABINET.device_id, 0.5),
    ("circuit-day-burner", CABINET.device_id, 0.5),
)


def world_with(fault: tuple[str, str, float] | None) -> World:
    given: tuple[Fault, ...] = ()
    if fault is not None:
        kind, device_id, size = fault
        given = (Fault(device_id, kind, START_MS + 7 * HOUR_MS, START_MS + 20 * HOUR_MS, size),)
    world = World(CITY, START_MS, FaultPlan(share=0), given)
    world.grow_until(START_MS + 72 * HOUR_MS)
    return world


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0] if fault else "sound")
def test_energy_is_the_integral_of_power_and_hours_of_burning(fault: tuple[str, str, float] | None) -> None:
    world = world_with(fault)
    lantern = world.circuits.lanterns[LAMP.device_id]
    taken_kwh = lit_h = 0.0
    for minute in range(48 * 60):
        _, power_w = burning(lantern, world, START_MS + minute * 60_000 + 30_000)
        taken_kwh += power_w / 60_000
        lit_h += (power_w > 2) / 60
    end_ms = START_MS + 48 * HOUR_MS
    counted_kwh = lamp_energy_kwh(lantern, world, end_ms) - lamp_energy_kwh(lantern, world, START_MS)
    counted_h = lamp_hours(lantern, world, end_ms) - lamp_hours(lantern, world, START_MS)
    assert counted_kwh == pytest.approx(taken_kwh, rel=0.01)
    assert counted_h == pytest.approx(lit_h, abs=0.1)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0] if fault else "sound")
def test_counters_never_fall(fault: tuple[str, str, float] | None) -> None:
    world = world_with(fault)
    lantern = world.circuits.lanterns[LAMP.device_id]
    instants = range(START_MS, START_MS + 50 * HOUR_MS, 131_000)
    assert all(a <= b + 1e-9 for a, b in pairwise(lamp_energy_kwh(lantern, world, at_ms) for at_ms in instants))
    assert all(a <= b + 1e-9 for a, b in pairwise(lamp_hours(lantern, world, at_ms) for at_ms in instants))


def test_a_cabinet_counts_what_its_lamps_take() -> None:
    world = world_with(FAULTS[1])
    circuit = world.circuits.cabinets[CABINET.device_id]
    spans = (START_MS + 5 * HOUR_MS, START_MS + 9 * HOUR_MS)
    by_lamp = [
        lamp_energy_kwh(lantern, world, spans[1]) - lamp_energy_kwh(lantern, world, spans[0])
        for lantern in circuit.lanterns
    ]
    counted = circuit_energy_kwh(circuit, world, spans[1]) - circuit_energy_kwh(circuit, world, spans[0])
    assert counted == pytest.approx(sum(by_lamp))


def test_only_devices_with_counters_tell_them() -> None:
    world, night_ms = world_with(None), START_MS + 7 * HOUR_MS
    assert "lamp_hours" not in lamp_readings(LAMP, world, night_ms)
    assert "active_energy" not in cabinet_readings(CABINET, world, night_ms)
    with_counters = tuple(replace(device, attributes=device.attributes | {"counters": True}) for device in CITY.devices)
    world = World(replace(CITY, devices=with_counters), START_MS, FaultPlan(share=0))
    world.grow_until(night_ms)
    lamp = lamp_readings(world.device(LAMP.device_id), world, night_ms)
    assert 0 < float(lamp["lamp_hours"]) < 60_000
    assert 0 < float(lamp["active_energy"]) < 20_000
    assert float(cabinet_readings(world.device(CABINET.device_id), world, night_ms)["active_energy"]) > 0


def test_the_driver_is_warmer_than_the_air_while_it_burns() -> None:
    with_counters = tuple(replace(device, attributes=device.attributes | {"counters": True}) for device in CITY.devices)
    world = World(replace(CITY, devices=with_counters), START_MS, FaultPlan(share=0))
    world.grow_until(START_MS + 12 * HOUR_MS)

    def over_the_air(hours: float) -> float:
        at_ms = START_MS + int(hours * HOUR_MS)
        gear = float(lamp_readings(world.device(LAMP.device_id), world, at_ms)["gear_temperature"])
        return gear - world.conditions.at(at_ms).air_cel

    assert abs(over_the_air(0.5)) < 1.5
    assert over_the_air(4.6) < over_the_air(7) - 5
    assert 20 < over_the_air(7) < 35
