import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from device_registry.lookup.following import FollowingLookup
from device_registry.publication.publisher import publish_pending
from device_registry.records.encoding import DEVICE_HEADERS, encode_device
from device_registry.storage.registry import Registry
from domain.devices import Device, DeviceLookup, DeviceState, Profile
from domain.identities import DEV_EUI
from domain.topics import Topics
from streams.ports import Outgoing
from streams.sqlite.log import SQLiteLog
from tests.device_registry.conditions import until
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp


@asynccontextmanager
async def _following(lookup: FollowingLookup, log: SQLiteLog) -> AsyncIterator[FollowingLookup]:
    await lookup.load(log)
    stop = asyncio.Event()
    running = asyncio.create_task(lookup.run(stop))
    try:
        yield lookup
    finally:
        stop.set()
        await asyncio.wait_for(running, 5)


def _record(topics: Topics, device: Device) -> Outgoing:
    return Outgoing(topics.registry, device.device_id.encode(), encode_device(device), DEVICE_HEADERS)


async def test_it_knows_all_that_was_published_before_it_was_loaded(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    lookup = FollowingLookup(topics)

    await lookup.load(log)

    as_protocol: DeviceLookup = lookup
    assert as_protocol.device("SL-1") == registry.get_device("SL-1")
    assert as_protocol.device("nobody") is None
    assert as_protocol.profile("milesight-em310-tilt") == registry.profiles()["milesight-em310-tilt"]
    assert as_protocol.profile("nobody") is None
    assert {device.device_id for device in lookup.devices()} == {"CAB-1", "SL-1"}
    assert len(lookup) == 2
    assert as_protocol.version > 0


@pytest.mark.parametrize("eui", ["a840419edb62011c", "A840419EDB62011C", "A8-40-41-9E-DB-62-01-1C"])
async def test_a_device_is_found_by_its_eui_however_it_is_written(log: SQLiteLog, topics: Topics, eui: str) -> None:
    await log.append([_record(topics, LAMP)])
    lookup = FollowingLookup(topics)
    await lookup.load(log)

    assert lookup.find(DEV_EUI.of(eui)) == LAMP
    assert lookup.find(DEV_EUI.of("a840419edb62011d")) is None
    assert lookup.find(DEV_EUI.of("")) is None


async def test_an_empty_topic_is_loaded_at_once(log: SQLiteLog, topics: Topics) -> None:
    lookup = FollowingLookup(topics)
    await lookup.load(log)

    assert len(lookup) == 0


async def test_it_follows_changes_without_reading_anything_twice(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    async with _following(FollowingLookup(topics), log) as lookup:
        loaded = lookup.version

        registry.upsert_devices([LAMP], now_ms=NOW_MS)
        registry.upsert_profiles([Profile("acme", "cabinet")], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        await until(lambda: lookup.device("SL-1") is not None and lookup.profile("acme") is not None)
        assert lookup.version > loaded

        registry.upsert_devices([replace(LAMP, name="renamed", dev_eui=None)], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        await until(lambda: (lookup.device("SL-1") or CABINET).name == "renamed")
        assert lookup.find(DEV_EUI.of("a840419edb62011c")) is None


async def test_retired_and_removed_devices_are_not_found(registry: Registry, log: SQLiteLog, topics: Topics) -> None:
    other = lamp(2)
    registry.upsert_devices([CABINET, LAMP, other], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    async with _following(FollowingLookup(topics), log) as lookup:
        registry.upsert_devices([replace(LAMP, state=DeviceState.RETIRED)], now_ms=NOW_MS)
        registry.remove_devices(["SL-2"], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        await until(lambda: len(lookup) == 1)

        assert lookup.device("SL-1") is None
        assert lookup.find(DEV_EUI.of(LAMP.dev_eui or "")) is None
        assert lookup.device("SL-2") is None

        registry.upsert_devices([replace(LAMP, state=DeviceState.ACTIVE)], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        await until(lambda: lookup.device("SL-1") is not None)

    fresh = FollowingLookup(topics)
    await fresh.load(log)
    assert {device.device_id for device in fresh.devices()} == {"CAB-1", "SL-1"}


async def test_running_before_loading_is_a_bug_that_shows(topics: Topics) -> None:
    with pytest.raises(RuntimeError, match="load"):
        await FollowingLookup(topics).run(asyncio.Event())
