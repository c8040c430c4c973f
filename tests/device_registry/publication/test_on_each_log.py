"""Publication, rebuild and lookup together, on the embedded log and on a real Kafka."""

import asyncio
from dataclasses import replace
from pathlib import Path

import orjson

from device_registry.lookup.following import FollowingLookup
from device_registry.publication.publisher import RegistryPublisher, publish_pending, rebuild
from device_registry.storage.registry import Registry
from domain.devices import DeviceState
from domain.topics import Topics
from streams.ports import Log, Outgoing
from streams.reading.tables import latest_by_key, read_to_end
from tests.device_registry.conditions import until
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp


async def test_a_lookup_follows_the_registry_through_the_log(any_log: tuple[Log, Topics], tmp_path: Path) -> None:
    log, topics = any_log
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    registry.upsert_devices([CABINET, LAMP, lamp(2)], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    lookup = FollowingLookup(topics)
    await lookup.load(log)
    assert lookup.device("SL-1") == registry.get_device("SL-1")
    stop = asyncio.Event()
    publisher = RegistryPublisher(registry, log, topics, poll_s=0.05)
    services = [asyncio.create_task(service.run(stop)) for service in (lookup, publisher)]

    registry.upsert_devices([replace(LAMP, name="renamed")], now_ms=NOW_MS)
    await until(lambda: (lookup.device("SL-1") or CABINET).name == "renamed")
    registry.upsert_devices([replace(LAMP, state=DeviceState.RETIRED)], now_ms=NOW_MS)
    registry.remove_devices(["SL-2"], now_ms=NOW_MS)
    await until(lambda: len(lookup) == 1)

    stop.set()
    await asyncio.wait_for(asyncio.gather(*services), 10)
    fresh = FollowingLookup(topics)
    await fresh.load(log)
    assert [device.device_id for device in fresh.devices()] == ["CAB-1"]
    registry.close()


async def test_a_publisher_taken_over_by_another_writes_nothing_old_and_goes_on(
    any_log: tuple[Log, Topics], tmp_path: Path
) -> None:
    log, topics = any_log
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    first, second = (RegistryPublisher(registry, log, topics) for _ in range(2))
    for number, publisher in enumerate([first, second, first, second, first]):
        registry.upsert_devices([replace(CABINET, name=f"name {number}")], now_ms=NOW_MS)
        assert await publisher.publish_pending() >= 1

    versions = [
        orjson.loads(record.value or b"")["version"]
        async for record in read_to_end(log, [topics.registry])
        if record.key == b"CAB-1"
    ]
    assert versions == [1, 2, 3, 4, 5]
    await first.close()
    await second.close()
    registry.close()


async def test_rebuilding_makes_topic_and_table_agree(any_log: tuple[Log, Topics], tmp_path: Path) -> None:
    log, topics = any_log
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    right = {key: record.value for key, record in (await latest_by_key(log, topics.registry)).items()}
    await log.append([Outgoing(topics.registry, b"GHOST", b"{}"), Outgoing(topics.registry, b"SL-1", None)])

    await rebuild(registry, log, topics)

    assert {key: record.value for key, record in (await latest_by_key(log, topics.registry)).items()} == right
    registry.close()
