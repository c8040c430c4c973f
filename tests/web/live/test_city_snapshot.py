"""The state of the city at a glance."""

from dataclasses import dataclass, replace

import pytest

from domain.devices import DeviceState
from domain.events import Severity
from domain.time.units import MINUTE_MS
from tests.web.city import NOON_MS, City, cleared, lamp, lamp_out
from web.live.city_snapshot import CitySnapshots, condition_of


@dataclass
class HandClock:
    now_s: float = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def snapshots(city: City, clock: HandClock) -> CitySnapshots:
    services = city.services()
    return CitySnapshots(
        services.registry.directory, services.store, services.store, services.ledger, services.live, clock
    )


@pytest.mark.parametrize(
    ("heard_ms", "now_ms", "severity", "expected"),
    [
        (NOON_MS, NOON_MS, None, "ok"),
        (NOON_MS, NOON_MS + 180_000, None, "ok"),
        (NOON_MS, NOON_MS + 180_001, None, "silent"),
        (NOON_MS, NOON_MS + 180_001, Severity.MINOR, "minor"),
        (NOON_MS, None, None, "ok"),
        (None, NOON_MS, None, "unheard"),
    ],
)
def test_a_device_is_silent_after_three_intervals_unless_worse_is_known(
    heard_ms: int | None, now_ms: int | None, severity: Severity | None, expected: str
) -> None:
    assert condition_of(lamp(1), heard_ms, now_ms, severity) == expected


def test_a_suspended_device_is_expected_to_be_quiet() -> None:
    device = replace(lamp(1), state=DeviceState.SUSPENDED)
    assert condition_of(device, None, NOON_MS, None) == "ok"


async def test_a_snapshot_tells_counts_conditions_and_events(city: City, snapshots: CitySnapshots) -> None:
    devices = [lamp(i) for i in range(4)]
    await city.put(*devices, replace(lamp(9), state=DeviceState.RETIRED))
    city.tick(NOON_MS + MINUTE_MS)
    await city.report(devices[0], NOON_MS, active_power=1.0)
    await city.report(devices[1], NOON_MS - 10 * MINUTE_MS, active_power=1.0)
    await city.report(devices[1], NOON_MS - 10 * MINUTE_MS, active_power=1.0)
    minor, critical = (
        lamp_out(devices[3], NOON_MS + i, severity) for i, severity in enumerate((Severity.MINOR, Severity.CRITICAL))
    )
    await city.publish(minor)
    await city.publish(critical)

    snapshot = await snapshots.current()
    assert snapshot.conditions == ("ok", "silent", "unheard", "critical")
    assert snapshot.events == (critical, minor)
    counts = snapshot.counts
    assert (counts.devices, counts.silent, counts.unheard, counts.open_events) == (4, 1, 1, 2)
    assert (counts.accepted, counts.stored, counts.ledger_balances) == (3, 2, True)


async def test_last_heard_is_known_from_the_store_after_a_restart(city: City, snapshots: CitySnapshots) -> None:
    await city.put(lamp(1))
    await city.store_reports([(lamp(1), NOON_MS, {"active_power": 1.0})])
    assert (await snapshots.current()).conditions == ("ok",)


async def test_snapshots_are_shared_for_a_second(city: City, snapshots: CitySnapshots, clock: HandClock) -> None:
    first = await snapshots.current()
    await city.report(lamp(1), NOON_MS, active_power=1.0)
    clock.now_s = 0.9
    assert await snapshots.current() is first
    clock.now_s = 1.0
    assert (await snapshots.current()).counts.stored == 1


async def test_the_devices_are_read_again_at_most_every_five_seconds(
    city: City, snapshots: CitySnapshots, clock: HandClock
) -> None:
    await snapshots.current()
    await city.put(lamp(1))
    clock.now_s = 4.9
    assert (await snapshots.current()).counts.devices == 0
    clock.now_s = 5.9
    assert (await snapshots.current()).counts.devices == 1


async def test_devices_are_the_same_tuple_until_the_registry_changes(
    city: City, snapshots: CitySnapshots, clock: HandClock
) -> None:
    await city.put(lamp(1))
    devices = (await snapshots.current()).devices
    clock.now_s = 5
    assert (await snapshots.current()).devices is devices
    await city.put(lamp(2))
    clock.now_s = 6
    assert [device.device_id for device in (await snapshots.current()).devices] == ["SL-0001", "SL-0002"]


async def test_changes_on_the_log_count_before_the_store_is_asked_again(
    city: City, snapshots: CitySnapshots, clock: HandClock
) -> None:
    event = lamp_out(lamp(1), NOON_MS)
    await city.publish(event)
    assert (await snapshots.current()).events == (event,)
    city.publish_unstored(cleared(event, NOON_MS + 1))
    clock.now_s = 1
    assert (await snapshots.current()).events == ()


async def test_a_change_missed_on_the_log_is_found_in_the_store(
    city: City, snapshots: CitySnapshots, clock: HandClock
) -> None:
    event = lamp_out(lamp(1), NOON_MS)
    await snapshots.current()
    await city.store.write_events([event])
    clock.now_s = 29
    assert (await snapshots.current()).events == ()
    clock.now_s = 31
    assert (await snapshots.current()).events == (event,)
    await city.store.write_events([cleared(event, NOON_MS + 1)])
    clock.now_s = 62
    await snapshots.current()
    clock.now_s = 93
    assert (await snapshots.current()).events == ()
