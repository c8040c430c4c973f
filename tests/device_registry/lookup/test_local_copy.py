"""A lookup that starts from the file of its last run, and never stays behind the log for that."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from device_registry.lookup.following import FollowingLookup, LocalCopy
from device_registry.lookup.snapshot import LONGEST_AGE_MS
from device_registry.publication.publisher import publish_pending
from device_registry.storage.registry import Registry
from domain.identities import DEV_EUI
from domain.topics import Topics
from streams.ports import TopicPartition
from streams.sqlite.log import SQLiteLog
from tests.device_registry.conditions import until
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp


class SlowLog(SQLiteLog):
    """The embedded log, which answers nothing before it may."""

    def __init__(self, log: SQLiteLog) -> None:
        self.__dict__ = log.__dict__
        self.go_on = asyncio.Event()

    async def bounds(self, topics: Sequence[str]) -> Mapping[TopicPartition, tuple[int, int]]:
        await self.go_on.wait()
        return await super().bounds(topics)


@pytest.fixture
def copy(tmp_path: Path) -> LocalCopy:
    return LocalCopy(tmp_path / "registry.snapshot", "here", lambda: NOW_MS, patience_s=0.05)


@asynccontextmanager
async def _running(lookup: FollowingLookup) -> AsyncIterator[None]:
    stop = asyncio.Event()
    service = asyncio.create_task(lookup.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(service, 5)


async def _known_once(registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy) -> None:
    """A first run that knew the cabinet and three lamps, and left its file."""
    registry.upsert_devices([CABINET, LAMP, lamp(2), lamp(3)], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    lookup = FollowingLookup(topics, copy)
    await lookup.load(log)
    async with _running(lookup):
        pass
    assert copy.path.is_file()
    assert list(copy.path.parent.glob(".registry.snapshot*")) == []


async def test_a_start_knows_what_changed_since_the_last_run(
    registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy
) -> None:
    await _known_once(registry, log, topics, copy)
    registry.upsert_devices([replace(LAMP, name="renamed")], now_ms=NOW_MS)
    registry.remove_devices(["SL-2"], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)

    lookup = FollowingLookup(topics, replace(copy, patience_s=10))
    await lookup.load(log)

    assert {device.device_id: device.name for device in lookup.devices()} == {
        "CAB-1": CABINET.name,
        "SL-1": "renamed",
        "SL-3": "路灯 3",
    }
    assert lookup.profile("milesight-em310-tilt") == registry.profiles()["milesight-em310-tilt"]
    assert lookup.find(DEV_EUI.of(LAMP.dev_eui or "")) == lookup.device("SL-1")


async def test_on_a_slow_log_it_starts_with_what_it_knew_and_learns_the_rest_while_it_runs(
    registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy
) -> None:
    await _known_once(registry, log, topics, copy)
    registry.upsert_devices([replace(LAMP, name="renamed")], now_ms=NOW_MS)
    registry.remove_devices(["SL-2"], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    slow = SlowLog(log)
    lookup = FollowingLookup(topics, copy)

    with capture_logs() as lines:
        await lookup.load(slow)

    assert [line["event"] for line in lines] == ["the log is slow: starting from the local copy"]
    assert len(lookup) == 4
    async with _running(lookup):
        slow.go_on.set()
        await until(lambda: len(lookup) == 3)
        assert (lookup.device("SL-1") or CABINET).name == "renamed"
        registry.upsert_devices([lamp(4)], now_ms=NOW_MS)
        await publish_pending(registry, log, topics)
        await until(lambda: lookup.device("SL-4") is not None)


async def test_what_was_removed_while_an_old_copy_lay_there_is_forgotten(
    registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy
) -> None:
    """Its tombstone may be gone from the log by then, so the log is read anew and all else is let go."""
    await _known_once(registry, log, topics, copy)
    registry.remove_devices(["SL-2"], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    document = copy.path.read_bytes().split(b"\n", 1)
    header = orjson.loads(document[0])
    bounds = await log.bounds([topics.registry])
    header["offsets"] = [[tp.partition, end] for tp, (_, end) in bounds.items()]  # as if the tombstone were gone
    copy.path.write_bytes(orjson.dumps(header) + b"\n" + document[1])

    fresh = FollowingLookup(topics, replace(copy, patience_s=10))
    await fresh.load(log)
    assert fresh.device("SL-2") is not None

    old = FollowingLookup(topics, replace(copy, patience_s=10, now_ms=lambda: NOW_MS + LONGEST_AGE_MS))
    await old.load(log)
    assert {device.device_id for device in old.devices()} == {"CAB-1", "SL-1", "SL-3"}


async def test_a_topic_that_was_made_anew_is_not_read_on(
    registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy
) -> None:
    await _known_once(registry, log, topics, copy)
    elsewhere = Topics(prefix="new.", partitions=3)
    await log.ensure_topics(elsewhere.specs())
    lookup = FollowingLookup(elsewhere, replace(copy, patience_s=10))

    await lookup.load(log)

    assert len(lookup) == 0
    assert list(lookup.profiles()) == []


@pytest.mark.parametrize("damage", ["cut", "torn", "foreign", "nonsense", "empty"])
async def test_a_copy_that_cannot_be_used_only_makes_the_start_slower(
    registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy, damage: str
) -> None:
    await _known_once(registry, log, topics, copy)
    content = copy.path.read_bytes()
    lines = content.split(b"\n")
    damaged = {
        "cut": content[:-200],
        "torn": b"\n".join([*lines[:-3], b'{"device_id":', *lines[-2:]]),
        "foreign": content.replace(b'"place":"here"', b'"place":"there"'),
        "nonsense": b"\x00\xff",
        "empty": b"",
    }
    copy.path.write_bytes(damaged[damage])

    lookup = FollowingLookup(topics, copy)
    await lookup.load(log)

    assert len(lookup) == 4
    assert lookup.device("SL-1") == registry.get_device("SL-1")


async def test_a_folder_that_cannot_be_written_stops_nothing(
    registry: Registry, log: SQLiteLog, topics: Topics, copy: LocalCopy, tmp_path: Path
) -> None:
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    await publish_pending(registry, log, topics)
    lookup = FollowingLookup(topics, replace(copy, path=tmp_path / "nowhere" / "registry.snapshot"))
    await lookup.load(log)

    with capture_logs() as lines:
        async with _running(lookup):
            pass

    assert [line["event"] for line in lines] == ["the local copy of the registry cannot be written"]
