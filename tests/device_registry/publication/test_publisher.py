import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from device_registry.publication.publisher import RegistryPublisher, publish_pending, rebuild
from device_registry.storage.outbox import Unpublished
from device_registry.storage.registry import Registry
from domain.devices import Device, DeviceState, Profile
from domain.errors import TransientFault
from domain.topics import KINDS, Topics
from streams.ports import Committed, Outgoing, Record, TopicPartition, TransactionalWriter
from streams.reading.tables import latest_by_key, read_to_end
from streams.sqlite.log import SQLiteLog
from tests.device_registry.conditions import until
from tests.device_registry.samples import CABINET, LAMP, NOW_MS

BUILT_IN = {f"profile/{name}".encode() for name in (*KINDS, "milesight-em310-tilt", "milesight-em400-mud")}


class Killed(BaseException):
    """Stands for the process dying at this very point: nothing behind it runs."""


async def _standing(log: SQLiteLog, topics: Topics) -> dict[bytes, Record]:
    return await latest_by_key(log, topics.registry)


async def _version(log: SQLiteLog, topics: Topics, key: bytes) -> int:
    return int(orjson.loads((await _standing(log, topics))[key].value or b"")["version"])


async def test_devices_and_profiles_stand_on_the_topic_as_designed(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

    assert await publish_pending(registry, log, topics) == len(BUILT_IN) + 2

    standing = await _standing(log, topics)
    assert set(standing) == BUILT_IN | {b"CAB-1", b"SL-1"}
    lamp = standing[b"SL-1"]
    assert lamp.headers == (("schema", b"device/1"),)
    assert orjson.loads(lamp.value or b"") == {
        "device_id": "SL-1",
        "kind": "streetlight",
        "profile": "streetlight",
        "name": "路灯 1",
        "area": "320582/110/152/102",
        "lon": 120.551,
        "lat": 31.871,
        "parent_id": "CAB-1",
        "component_code": "3205820118000001",
        "department": "lighting",
        "report_interval_s": 300,
        "dev_eui": "a840419edb62011c",
        "mn": "010000A8900016F000169DC0",
        "attributes": {"nominal_power": 100, "lantern": "LED", "dimmable": True},
        "state": "active",
        "activated_at_ms": NOW_MS,
        "version": 1,
        "grid": None,
        "sparkplug": None,
    }
    tilt = standing[b"profile/milesight-em310-tilt"]
    assert tilt.headers == (("schema", b"profile/1"),)
    assert orjson.loads(tilt.value or b"")["fields"][1] == {
        "source": "angle_x",
        "quantity": "angle_x",
        "unit": "deg",
        "scale": 1.0,
        "offset": 0.0,
        "low": None,
        "high": None,
        "outside": "bad",
    }


async def test_what_is_published_is_not_published_again(registry: Registry, log: SQLiteLog, topics: Topics) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)

    assert await publish_pending(registry, log, topics) == 0
    registry.upsert_devices([CABINET, replace(LAMP, name="other")], now_ms=NOW_MS)
    assert await publish_pending(registry, log, topics) == 1
    assert await _version(log, topics, b"SL-1") == 2


async def test_a_log_that_took_the_place_of_a_lost_one_gets_everything(
    registry: Registry, log: SQLiteLog, topics: Topics, tmp_path: Path
) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    anew = SQLiteLog(tmp_path / "anew.sqlite")
    await anew.ensure_topics(topics.specs())
    stop = asyncio.Event()
    running = asyncio.create_task(RegistryPublisher(registry, anew, topics, poll_s=0.01).run(stop))
    async with asyncio.timeout(30):
        while set(await _standing(anew, topics)) != BUILT_IN | {b"CAB-1", b"SL-1"}:
            await asyncio.sleep(0.01)
    stop.set()
    await running
    await anew.close()


async def test_a_retired_device_stays_on_the_topic_and_a_removed_one_leaves_it(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    registry.upsert_profiles([Profile("acme", "cabinet")], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)

    registry.upsert_devices([replace(LAMP, state=DeviceState.RETIRED)], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    standing = await _standing(log, topics)
    assert orjson.loads(standing[b"SL-1"].value or b"")["state"] == "retired"
    assert b"profile/acme" in standing

    registry.remove_devices(["SL-1"], now_ms=NOW_MS)
    registry.remove_profile("acme", now_ms=NOW_MS)
    assert await publish_pending(registry, log, topics) == 2
    assert set(await _standing(log, topics)) == BUILT_IN | {b"CAB-1"}
    assert registry.mark_all_unpublished() == BUILT_IN | {b"CAB-1"}, "the tombstones' rows are gone"


async def test_a_device_that_comes_back_before_its_tombstone_went_out_is_there(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    registry.remove_devices(["CAB-1"], now_ms=NOW_MS)
    removal = registry.pending(10)
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    registry.mark_published(removal)

    assert await publish_pending(registry, log, topics) == 1
    assert await _version(log, topics, b"CAB-1") == 3


def test_a_note_that_comes_late_takes_nothing_back(registry: Registry) -> None:
    registry.mark_published(registry.pending(100))  # the built-in profiles
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    early = registry.pending(100)
    registry.upsert_devices([replace(CABINET, name="second")], now_ms=NOW_MS)
    late = registry.pending(100)

    registry.mark_published(late)
    registry.mark_published(early)

    assert registry.pending(100) == []


async def test_more_changes_than_one_batch_are_all_published(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    many = [replace(CABINET, device_id=f"CAB-{number}") for number in range(2500)]
    registry.upsert_devices(many, now_ms=NOW_MS)

    assert await publish_pending(registry, log, topics) == len(BUILT_IN) + 2500
    assert len(await _standing(log, topics)) == len(BUILT_IN) + 2500


class TestCrash:
    async def test_a_change_that_was_committed_before_the_crash_is_published_after_it(
        self, database_url: str, log: SQLiteLog, topics: Topics
    ) -> None:
        dying = Registry(database_url)
        dying.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
        dying.close()

        restarted = Registry(database_url)
        await publish_pending(restarted, log, topics)

        assert {b"CAB-1", b"SL-1"} <= set(await _standing(log, topics))
        restarted.close()

    async def test_a_crash_between_topic_and_table_publishes_the_same_record_once_more(
        self, database_url: str, log: SQLiteLog, topics: Topics
    ) -> None:
        class DyingRegistry(Registry):
            def mark_published(self, published: Sequence[Unpublished]) -> None:
                raise Killed

        dying = DyingRegistry(database_url)
        dying.upsert_profiles([Profile("acme", "cabinet")], now_ms=NOW_MS)
        with pytest.raises(Killed):
            await publish_pending(dying, log, topics)
        before = {key: record.value for key, record in (await _standing(log, topics)).items()}
        assert b"profile/acme" in before

        restarted = Registry(database_url)
        assert await publish_pending(restarted, log, topics) == len(before)

        assert {key: record.value for key, record in (await _standing(log, topics)).items()} == before
        assert await publish_pending(restarted, log, topics) == 0
        dying.close()
        restarted.close()


class StallingLog(SQLiteLog):
    """The embedded log, whose next commit waits: a publisher that stalls with old rows in its hands."""

    def __init__(self, log: SQLiteLog) -> None:
        self.__dict__ = log.__dict__
        self.stalled = asyncio.Event()
        self.go_on = asyncio.Event()

    async def writer(self, transactional_id: str) -> TransactionalWriter:  # type: ignore[override]
        log, writer = self, await super().writer(transactional_id)

        class StallingWriter:
            async def commit(
                self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
            ) -> None:
                log.stalled.set()
                await log.go_on.wait()
                await writer.commit(records, group, offsets)

            async def close(self) -> None:
                await writer.close()

        return StallingWriter()


async def test_a_publisher_that_stalled_never_lays_an_old_version_over_a_new_one(
    registry: Registry, log: SQLiteLog, topics: Topics
) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    registry.upsert_devices([replace(CABINET, name="second")], now_ms=NOW_MS)
    stalling = StallingLog(log)
    slow = asyncio.create_task(publish_pending(registry, stalling, topics))
    await stalling.stalled.wait()

    registry.upsert_devices([replace(CABINET, name="third")], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    stalling.go_on.set()
    await slow

    versions = [
        orjson.loads(record.value or b"")["version"]
        async for record in read_to_end(log, [topics.registry])
        if record.key == b"CAB-1"
    ]
    assert versions == [1, 3]
    assert registry.pending(10) == []


class TestRebuild:
    async def test_it_publishes_everything_again_and_removes_what_does_not_belong(
        self, registry: Registry, log: SQLiteLog, topics: Topics
    ) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        right = {key: record.value for key, record in (await _standing(log, topics)).items()}
        await log.append(
            [
                Outgoing(topics.registry, b"SL-1", b'{"device_id":"SL-1"}', (("schema", b"device/1"),)),
                Outgoing(topics.registry, b"GHOST", b"{}", (("schema", b"device/1"),)),
                Outgoing(topics.registry, b"profile/ghost", b"{}", (("schema", b"profile/1"),)),
            ]
        )

        assert await rebuild(registry, log, topics) == len(right) + 2

        assert {key: record.value for key, record in (await _standing(log, topics)).items()} == right
        assert await publish_pending(registry, log, topics) == 0

    async def test_a_topic_that_was_lost_is_filled_again(
        self, registry: Registry, log: SQLiteLog, topics: Topics
    ) -> None:
        registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        elsewhere = Topics(prefix="new.", partitions=3)
        await log.ensure_topics(elsewhere.specs())

        await rebuild(registry, log, elsewhere)

        assert set(await _standing(log, elsewhere)) == BUILT_IN | {b"CAB-1", b"SL-1"}


class TestService:
    async def test_it_publishes_what_changes_while_it_runs_and_ends_when_stopped(
        self, registry: Registry, log: SQLiteLog, topics: Topics
    ) -> None:
        stop = asyncio.Event()
        service = asyncio.create_task(RegistryPublisher(registry, log, topics, poll_s=0.02).run(stop))

        await asyncio.to_thread(registry.upsert_devices, [CABINET], now_ms=NOW_MS)
        await until(lambda: registry.pending(1) == [])
        await asyncio.to_thread(registry.upsert_devices, [LAMP], now_ms=NOW_MS)
        await until(lambda: registry.pending(1) == [])

        assert {b"CAB-1", b"SL-1"} <= set(await _standing(log, topics))
        stop.set()
        await asyncio.wait_for(service, 5)

    async def test_it_waits_out_a_database_that_is_away(
        self, registry: Registry, log: SQLiteLog, topics: Topics
    ) -> None:
        registry.upsert_devices([CABINET], now_ms=NOW_MS)
        away = [TransientFault("away"), TransientFault("away")]
        answer = registry.pending

        def pending(limit: int) -> list[Unpublished]:
            if away:
                raise away.pop()
            return answer(limit)

        registry.pending = pending  # type: ignore[method-assign]
        stop = asyncio.Event()
        service = asyncio.create_task(RegistryPublisher(registry, log, topics, poll_s=0.02).run(stop))

        await until(lambda: not away and answer(1) == [])
        stop.set()
        await asyncio.wait_for(service, 5)
        assert b"CAB-1" in await _standing(log, topics)


async def test_two_services_share_the_work_without_harm(registry: Registry, log: SQLiteLog, topics: Topics) -> None:
    stop = asyncio.Event()
    services = [asyncio.create_task(RegistryPublisher(registry, log, topics, poll_s=0.01).run(stop)) for _ in range(2)]
    device: Device = CABINET
    for number in range(20):
        device = replace(CABINET, name=f"name {number}")
        await asyncio.to_thread(registry.upsert_devices, [device], now_ms=NOW_MS)
    await until(lambda: registry.pending(1) == [])
    stop.set()
    await asyncio.wait_for(asyncio.gather(*services), 5)

    versions = [
        orjson.loads(record.value or b"")["version"]
        async for record in read_to_end(log, [topics.registry])
        if record.key == b"CAB-1"
    ]
    assert versions == sorted(versions)
    assert versions[-1] == 20
