"""The pending list fed from `telemetry.rejected`, on each log."""

import asyncio
from base64 import b64encode
from pathlib import Path

import orjson
import pytest

from device_registry.pending.follower import PendingFollower
from device_registry.pending.store import PendingStore
from device_registry.storage.registry import Registry
from domain.topics import REJECTION_HEADERS, Topics
from streams.ports import Log, Outgoing
from tests.device_registry.samples import NOW_MS


@pytest.fixture
def book(tmp_path: Path) -> PendingStore:
    return PendingStore(Registry(f"sqlite:///{tmp_path / 'registry.db'}"))


def rejected(topics: Topics, name: str, reason: str = "unknown_device") -> Outgoing:
    rejection = {
        "reason": reason,
        "detail": "",
        "topic": f"city/a/streetlight/{name}/up",
        "device_id": name,
        "payload": b64encode(b"{}").decode(),
        "received_at_ms": NOW_MS,
    }
    return Outgoing(topics.rejected, name.encode(), orjson.dumps(rejection), REJECTION_HEADERS)


async def follow_until(log: Log, topics: Topics, book: PendingStore, wanted: dict[str, int]) -> None:
    """Run a follower of its own until the list holds that, or fail."""
    stop = asyncio.Event()
    running = asyncio.create_task(PendingFollower(log, topics, book).run(stop))
    try:
        async with asyncio.timeout(30):
            while {one.name: one.reports for one in book.page()} != wanted:
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await running


async def test_a_follower_goes_on_where_the_one_before_it_ended(
    any_log: tuple[Log, Topics], book: PendingStore
) -> None:
    log, topics = any_log
    await log.ensure_topics([spec for spec in topics.specs() if spec.name == topics.rejected])
    nonsense = Outgoing(topics.rejected, b"x", b"no JSON", REJECTION_HEADERS)
    first = [rejected(topics, "L1"), nonsense, rejected(topics, "L2", "bad_value"), rejected(topics, "L1")]
    await log.append(first)
    await follow_until(log, topics, book, {"L1": 2})
    await log.append([rejected(topics, "L1"), rejected(topics, "L3")])
    await follow_until(log, topics, book, {"L1": 3, "L3": 1})
