"""A cabinet's meter: it carries what its lamps really draw."""

from dataclasses import replace

import pytest

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.behaviour.cabinets import cabinet_readings, carried_w
from simulators.behaviour.lamps import burning
from simulators.city import City, build_city
from simulators.faults import Fault, FaultPlan
from simulators.world.state import World

CITY = build_city(7, 100)
CABINETS = [device for device in CITY.devices if device.kind == "cabinet"]
NIGHT_MS = parse_instant_ms("2026-06-01T21:00:00+08:00")


def world_with(*faults: Fault, city: City = CITY, start_ms: int = NIGHT_MS - 12 * HOUR_MS) -> World:
    world = World(city, start_ms, FaultPlan(share=0), faults)
    world.grow_until(start_ms + 48 * HOUR_MS)
    return world


def summed_w(world: World, cabinet_id: str, at_ms: int) -> float:
    return sum(burning(lantern, world, at_ms)[1] for lantern in world.circuits.cabinets[cabinet_id].lanterns)


@pytest.mark.parametrize("faulty", [False, True])
def test_what_a_cabinet_carries_is_the_sum_of_its_lamps_at_any_time(faulty: bool) -> None:
    """Also while lamps switch, warm up and are dimmed one after the other, and with lamps out of order."""
    kinds = ("lamp-dead", "low-power", "lamp-flickers", "day-burner", "dimming-changed", "lamp-tested", "offline")
    lamps = [device.device_id for device in CITY.devices if device.kind == "streetlight"]
    start_ms = NIGHT_MS - 9 * HOUR_MS
    faults = [
        Fault(lamp, kinds[n % len(kinds)], start_ms + 1, start_ms + 30 * HOUR_MS, (n * 0.37) % 1)
        for n, lamp in enumerate(lamps[::3])
    ]
    world = world_with(*(faults if faulty else ()))
    for minute in range(0, 24 * 60, 7):
        at_ms = start_ms + minute * 60_000 + 1_234
        for circuit in world.circuits.cabinets.values():
            truly_w = summed_w(world, circuit.cabinet_id, at_ms)
            assert carried_w(circuit, world, at_ms) == pytest.approx(truly_w, rel=0.0005)


def test_a_dead_lamp_shows_at_its_cabinet() -> None:
    lamps = [device for device in CITY.devices if device.parent_id == CABINETS[0].device_id]
    dead = [Fault(lamp.device_id, "lamp-dead", NIGHT_MS, NIGHT_MS + HOUR_MS, 0.5) for lamp in lamps[:5]]
    at_ms = NIGHT_MS + 60_000
    sound, faulty = (
        float(cabinet_readings(CABINETS[0], world, at_ms)["active_power"])
        for world in (world_with(), world_with(*dead))
    )
    missing_w = sum(float(lamp.attributes["nominal_power"]) for lamp in lamps[:5])
    assert sound - faulty == pytest.approx(missing_w, rel=0.1)


def test_lamps_of_several_plans_are_summed_too() -> None:
    devices = tuple(
        replace(device, attributes=device.attributes | {"dimming_plan": "00:00 30, 20:00 80"})
        if device.kind == "streetlight" and number % 2
        else device
        for number, device in enumerate(CITY.devices)
    )
    world = world_with(city=replace(CITY, devices=devices))
    for hour in range(24):
        for circuit in world.circuits.cabinets.values():
            at_ms = NIGHT_MS - 6 * HOUR_MS + hour * HOUR_MS
            assert len(circuit.groups) == 2
            assert carried_w(circuit, world, at_ms) == pytest.approx(
                summed_w(world, circuit.cabinet_id, at_ms), rel=0.0005
            )


def test_the_meter_is_within_its_noise_of_what_is_carried() -> None:
    world = world_with()
    for cabinet in CABINETS:
        for minute in range(60):
            at_ms = NIGHT_MS + minute * 60_000
            told = cabinet_readings(cabinet, world, at_ms)
            carried = carried_w(world.circuits.cabinets[cabinet.device_id], world, at_ms)
            assert told["active_power"] == pytest.approx(carried, rel=0.0105)
            assert told["mains_present"] is True
            assert float(told["voltage"]) * float(told["current"]) * 0.95 == pytest.approx(
                told["active_power"], rel=0.001
            )


def test_a_cabinet_without_a_door_contact_tells_nothing_of_its_door() -> None:
    mute = replace(CABINETS[0], attributes=CABINETS[0].attributes | {"door_contact": False})
    assert "door_open" not in cabinet_readings(mute, world_with(), NIGHT_MS)
    with_contact = replace(CABINETS[0], attributes=CABINETS[0].attributes | {"door_contact": True})
    assert cabinet_readings(with_contact, world_with(), NIGHT_MS)["door_open"] is False


def test_a_cabinet_that_feeds_no_lamp_carries_nothing() -> None:
    alone = Device("CB", "cabinet", "cabinet", attributes={"lamps": 0.0})
    told = cabinet_readings(alone, world_with(city=replace(CITY, devices=(alone,))), NIGHT_MS)
    assert told["active_power"] == told["current"] == 0
    assert told["mains_present"] is True
