"""What the live feed remembers of the real embedded log."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from cases.desk.publication import case_record
from cases.storage import Publication
from domain.events import Event
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from streams.ports import Outgoing
from streams.sqlite.log import SQLiteLog
from tests.cases.workflow.acting import reported
from tests.web.city import NOON_MS, cleared, lamp, lamp_out
from web.live.feed import LiveFeed

TOPICS = Topics("test.", partitions=2, kinds=("streetlight",))
WAIT_S = 10


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SQLiteLog]:
    log = SQLiteLog(tmp_path / "log.sqlite")
    await log.ensure_topics(TOPICS.specs())
    yield log
    await log.close()


@pytest.fixture
async def feed(log: SQLiteLog) -> AsyncIterator[LiveFeed]:
    """A feed that follows the log already: it has heard a first tick."""
    feed, stop = LiveFeed(log, TOPICS), asyncio.Event()
    running = asyncio.create_task(feed.run(stop))
    async with asyncio.timeout(WAIT_S):
        while feed.now_ms() is None:
            await log.append([tick(NOON_MS)])
            await asyncio.sleep(0.01)
    yield feed
    stop.set()
    await running


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.005)


def tick(at_ms: int) -> Outgoing:
    value = orjson.dumps({"gateway": 0, "tick_at_ms": at_ms})
    return Outgoing(TOPICS.telemetry("streetlight"), None, value, TICK_HEADERS, 0)


def report(device_id: str, observed_at_ms: int) -> Outgoing:
    value = orjson.dumps(
        {"device_id": device_id, "kind": "streetlight", "observed_at_ms": observed_at_ms, "readings": {"voltage": 1.0}}
    )
    return Outgoing(TOPICS.telemetry("streetlight"), device_id.encode(), value, TELEMETRY_HEADERS)


def told(event: Event) -> Outgoing:
    return Outgoing(TOPICS.events, event.subject.encode(), event.model_dump_json().encode())


async def test_the_newest_tick_and_the_newest_report_of_each_device_count(log: SQLiteLog, feed: LiveFeed) -> None:
    await log.append([report("L1", NOON_MS + 5), report("L2", NOON_MS + 1), report("L1", NOON_MS + 3)])
    await log.append([tick(NOON_MS + 2000), tick(NOON_MS + 1000)])
    await until(lambda: feed.now_ms() == NOON_MS + 2000 and len(feed.last_heard_ms()) == 2)
    assert feed.last_heard_ms() == {"L1": NOON_MS + 5, "L2": NOON_MS + 1}


async def test_event_changes_come_in_order_and_can_be_taken_up_again(log: SQLiteLog, feed: LiveFeed) -> None:
    opened = lamp_out(lamp(1), NOON_MS)
    ended = cleared(opened, NOON_MS + 5)
    await log.append([told(opened), told(ended)])
    await until(lambda: len(feed.changes_after(0)) == 2)
    assert [change.event for change in feed.changes_after(0)] == [opened, ended]
    assert [change.event for change in feed.changes_after(1)] == [ended]


async def test_a_record_that_is_no_event_does_not_stop_the_feed(log: SQLiteLog, feed: LiveFeed) -> None:
    opened = lamp_out(lamp(1), NOON_MS)
    await log.append([Outgoing(TOPICS.events, opened.subject.encode(), b'{"event_id": 1}'), told(opened)])
    await until(lambda: len(feed.changes_after(0)) == 1)
    assert feed.changes_after(0)[0].event == opened


async def test_steps_of_cases_stand_in_one_order_with_the_changes_of_events(log: SQLiteLog, feed: LiveFeed) -> None:
    case = reported()
    publication = Publication(1, case.case_id, 1, "report", NOON_MS, case.model_dump_json().encode())
    broken = replace(publication, body=b"{}")
    await log.append([told(lamp_out(lamp(1), NOON_MS))])
    await until(lambda: len(feed.changes_after(0)) == 1)
    await log.append([case_record(TOPICS.cases, broken), case_record(TOPICS.cases, publication)])
    await until(lambda: len(feed.case_changes_after(0)) == 1)
    (change,) = feed.case_changes_after(1)
    assert (change.sequence, change.transition, change.case) == (2, "report", case)


async def test_what_was_on_the_log_before_is_not_looked_at(log: SQLiteLog) -> None:
    await log.append([report("old", NOON_MS)])
    feed, stop = LiveFeed(log, TOPICS), asyncio.Event()
    running = asyncio.create_task(feed.run(stop))
    async with asyncio.timeout(WAIT_S):
        while "new" not in feed.last_heard_ms():
            await log.append([report("new", NOON_MS)])
            await asyncio.sleep(0.01)
    stop.set()
    await running
    assert "old" not in feed.last_heard_ms()


async def test_a_tick_ahead_of_its_record_is_no_clock(log: SQLiteLog, feed: LiveFeed) -> None:
    await log.append([tick((1 << 63) - 10), tick(int(time.time() * 1000) + 7_200_000), tick(NOON_MS + 1000)])
    await until(lambda: feed.now_ms() == NOON_MS + 1000)
    assert feed.tick_check.ignored == 2
