"""Radio: how far and how wet weakens a link, and how little a healthy city loses."""

from dataclasses import replace
from statistics import mean

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from simulators.behaviour import readings_of
from simulators.behaviour.radio import link_of
from simulators.faults import Fault, FaultPlan
from simulators.world.state import World
from tests.simulators.faults.small_city import city_of, cover, gateway

START = parse_instant_ms("2026-06-01T00:00:00+08:00")
HOUR_MS, YEAR_MS = 3_600_000, 365 * 86_400_000
LIDS = [cover(f"MH-{n}") for n in range(200)]


def world_of(*devices: Device, given: tuple[Fault, ...] = ()) -> World:
    world = World(city_of(*devices), START, FaultPlan(share=0), given)
    world.grow_until(START + 24 * HOUR_MS)
    return world


def test_a_healthy_city_loses_less_than_one_message_in_a_hundred_but_some() -> None:
    world = world_of(*LIDS)
    told = [readings_of(lid, world, START + n * 600_000) for lid in LIDS for n in range(144)]
    lost = sum(one is None for one in told) / len(told)
    assert 0.0005 < lost < 0.01
    of_each = [sum(one is None for one in told[n * 144 : (n + 1) * 144]) / 144 for n in range(len(LIDS))]
    assert max(of_each) < 0.1


def test_a_device_that_something_has_befallen_is_heard() -> None:
    given = tuple(Fault(lid.device_id, "cover-tilted", START, START + 24 * HOUR_MS, 0.5) for lid in LIDS)
    world = world_of(*LIDS, given=given)
    assert all(readings_of(lid, world, START + n * 600_000) is not None for lid in LIDS for n in range(100))


def test_a_link_is_weaker_the_farther_its_gateway_stands() -> None:
    near = [replace(cover(f"MH-{n}", parent="GW-1"), lon=120.553 + 0.001, lat=31.87) for n in range(20)]
    far = [replace(cover(f"MH-{n + 20}", parent="GW-1"), lon=120.553 + 0.02, lat=31.87) for n in range(20)]
    world = world_of(gateway(), *near, *far)
    rssi = [[link_of(lid, world, START, 0.0).rssi_dbm for lid in lids] for lids in (near, far)]
    assert mean(rssi[0]) > mean(rssi[1]) + 25
    assert all(-140 < dbm < -50 for group in rssi for dbm in group)


def test_rain_and_years_weaken_a_link() -> None:
    world = world_of(*LIDS)

    def mean_rssi(at_ms: int, wet: float) -> float:
        return mean(link_of(lid, world, at_ms + n * HOUR_MS, wet).rssi_dbm for lid in LIDS for n in range(8))

    assert mean_rssi(START, 1.0) < mean_rssi(START, 0.0) - 1
    weaker = 0
    for lid in LIDS[:60]:
        now, later = (
            mean(link_of(lid, world, at_ms + n * 3 * HOUR_MS, 0.0).rssi_dbm for n in range(40))
            for at_ms in (START, START + YEAR_MS)
        )
        weaker += later < now - 0.3
    assert weaker > 40


def test_the_ratio_to_the_noise_follows_the_signal_within_what_a_modem_can_tell() -> None:
    world = world_of(*LIDS)
    links = sorted(link_of(lid, world, START, 0.0) for lid in LIDS)
    assert all(-20 <= link.snr_db <= 10 and link.snr_db * 4 == int(link.snr_db * 4) for link in links)
    assert links[0].snr_db < links[-1].snr_db


def test_what_runs_on_battery_tells_of_it_and_of_its_link() -> None:
    world = world_of(gateway(), *LIDS)
    told = next(one for n in range(3) if (one := readings_of(LIDS[0], world, START + n)) is not None)
    assert {"battery_level", "battery_voltage", "rssi", "snr"} <= told.keys()
    of_gateway = readings_of(gateway(), world, START)
    assert of_gateway is not None
    assert "battery_level" not in of_gateway
    assert {"rssi", "mains_present", "temperature"} == of_gateway.keys()
