"""A clock that is ahead of the log: ignored where it is read, healed where an earlier release took it in."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from domain.events import Transition
from domain.topics import TICK_HEADERS, Topics
from rules.worker.clock_records import encode_clock
from rules.worker.correlator import Correlator
from rules.worker.partition_states import partition_key
from streams.ports import Outgoing
from streams.reading.ticks import TickCheck, last_tick_ms
from streams.sqlite.log import SQLiteLog
from tests.rules.correlation.bench import ms, raw_event
from tests.rules.engines import LAMP_OUT, T0_MS, at, lamp, report
from tests.rules.stages import Registry, Stages, eventually
from tests.rules.worker.test_correlation_on_log import (
    FIND,
    RULES,
    a_feeder_fails,
    clock,
    in_memory,
    last_published,
    raises,
)

HOUR_MS = 3_600_000
HUGE_MS = (1 << 63) - 10


def two_hours_ahead() -> int:
    return int(time.time() * 1000) + 2 * HOUR_MS


@pytest.fixture
def registry() -> Registry:
    return Registry([lamp("L1"), lamp("L2")])


async def tick_at(stages: Stages, at_ms: int) -> None:
    value = orjson.dumps({"gateway": 0, "tick_at_ms": at_ms})
    await stages.log.append(
        [
            Outgoing(topic, None, value, TICK_HEADERS, partition)
            for topic in stages.topics.all_telemetry
            for partition in range(stages.topics.partitions)
        ]
    )


async def feed(stages: Stages, first: int, last: int, power: float) -> None:
    for minute in range(first, last):
        await stages.report(report(minute, power), report(minute, power, device_id="L2"))
        await stages.tick(minute)


@pytest.mark.parametrize("ahead_ms", [two_hours_ahead, lambda: HUGE_MS], ids=["two hours", "for ever"])
async def test_a_tick_ahead_of_its_record_moves_nothing_and_is_counted(
    stages: Stages, registry: Registry, ahead_ms: Callable[[], int]
) -> None:
    await stages.apply(LAMP_OUT)
    worker = stages.worker(registry)
    await feed(stages, 0, 2, 96.0)
    await tick_at(stages, ahead_ms())
    await feed(stages, 2, 6, 2.0)
    sums = await stages.judged(12)
    assert (sums.judged, sums.too_late) == (12, 0)
    assert {event["subject"] for event in await stages.published(2)} == {"L1", "L2"}
    assert worker.tick_check.ignored == 4
    assert await last_tick_ms(stages.log, stages.topics) == at(5)


async def test_a_state_that_such_a_tick_poisoned_is_rebuilt_from_telemetry(stages: Stages, registry: Registry) -> None:
    """The worker before is as an earlier release was: it takes any clock."""
    await stages.apply(LAMP_OUT)
    stages.worker(registry).tick_check = TickCheck(replace(stages.topics, simulated_clock=True), "an earlier release")
    await feed(stages, 0, 4, 2.0)
    await stages.published(2)
    await tick_at(stages, two_hours_ahead())
    await feed(stages, 4, 8, 96.0)
    assert (await stages.judged(16)).too_late == 8
    await stages.stop()

    stages.worker(registry)
    events = await stages.published(6)  # opened, stale by the false tick, and now cleared
    await feed(stages, 8, 10, 96.0)
    sums = await stages.judged(20)
    assert (sums.judged, sums.too_late) == (12, 8)
    newest = {event["subject"]: (event["status"], event["stale"], event["cleared_at_ms"]) for event in events}
    assert newest == {"L1": ("cleared", False, at(5)), "L2": ("cleared", False, at(5))}


async def test_a_state_that_was_poisoned_for_ever_heals_at_the_start(stages: Stages, registry: Registry) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    await feed(stages, 0, 1, 96.0)
    await stages.judged(2)
    await stages.stop()
    await poison_states(stages)

    stages.worker(registry)
    await feed(stages, 1, 5, 2.0)
    sums = await stages.judged(10)
    assert (sums.judged, sums.too_late) == (10, 0)
    assert len(await stages.published(2)) == 2


async def poison_states(stages: Stages) -> None:
    """As if every partition had taken a tick near 2^63."""
    topic = stages.topics.rule_state
    states: dict[int, Any] = {}
    for record in await stages.records(topic):
        if record.key == partition_key(record.partition) and record.value is not None:
            states[record.partition] = orjson.loads(record.value)
    for number, state in states.items():
        for lane in state["lanes"].values():
            lane["clock"] = {"now": HUGE_MS, "started": T0_MS, "gateways": [[0, HUGE_MS, []]]}
        await stages.log.append([Outgoing(topic, partition_key(number), orjson.dumps(state), (), number)])


class HandLog:
    """The embedded log with a wall clock moved by hand."""

    def __init__(self) -> None:
        self.now_ms = T0_MS


@pytest.fixture
async def hands(tmp_path: Path) -> AsyncIterator[tuple[HandLog, Stages]]:
    wall = HandLog()
    log = SQLiteLog(tmp_path / "hand.db", now_ms=lambda: wall.now_ms)
    topics = Topics(partitions=1, kinds=("streetlight",))
    await log.ensure_topics(topics.specs())
    stages = Stages(log, topics)
    yield wall, stages
    await stages.stop()
    await log.close()


async def test_a_wall_clock_that_is_put_back_for_good_does_not_keep_the_rules_off(
    hands: tuple[HandLog, Stages], registry: Registry
) -> None:
    """It was two hours ahead, with all that came in then; nobody restarts anything."""
    wall, stages = hands
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    wall.now_ms = at(120)
    await feed(stages, 119, 121, 96.0)
    await stages.judged(4)
    wall.now_ms = at(0)
    for _ in range(100):
        await stages.tick(0)
    await healed(stages, at(0))
    for minute in range(1, 6):
        wall.now_ms = at(minute)
        await feed(stages, minute, minute + 1, 2.0)
    sums = await stages.judged(14)
    assert (sums.judged, sums.too_late) == (14, 0)
    assert {event["subject"] for event in await stages.published(2)} == {"L1", "L2"}


async def healed(stages: Stages, until_ms: int) -> None:
    """Wait until the state that is committed has a clock of that instant at most."""

    async def so() -> bool | None:
        states = [r for r in await stages.records(stages.topics.rule_state) if r.key == partition_key(0)]
        lane = orjson.loads(states[-1].value or b"")["lanes"][stages.topics.telemetry("streetlight")]
        return True if lane["clock"]["now"] <= until_ms else None

    await eventually(so, "the partition's clock is put back")


async def test_a_wall_clock_that_is_back_within_the_minute_changes_nothing(
    hands: tuple[HandLog, Stages], registry: Registry
) -> None:
    wall, stages = hands
    await stages.apply(LAMP_OUT)
    worker = stages.worker(registry)
    wall.now_ms = at(120)
    await stages.tick(120)
    wall.now_ms = at(0)
    for _ in range(60):
        await stages.tick(120)
    wall.now_ms = at(121)
    await stages.tick(121)

    async def all_read() -> bool | None:
        return True if worker.tick_check.ignored == 60 else None

    await eventually(all_read, "the worker has read the ticks")
    await stages.report(report(120, 96.0))
    assert (await stages.judged(1)).judged == 1


async def test_a_clock_put_back_while_nobody_judged_is_healed_once(
    hands: tuple[HandLog, Stages], registry: Registry
) -> None:
    """Some of what it wrote while it was ahead lies before the newest record, and counts: that must not begin anew."""
    wall, stages = hands
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    for minute in range(30, 71):
        wall.now_ms = at(minute)
        await feed(stages, minute, minute + 1, 96.0)
    await stages.judged(82)
    await stages.stop()
    for second in range(0, 1200, 10):
        wall.now_ms = at(40) + second * 1000
        await stages.tick(40 + second / 60)

    with capture_logs() as logged:
        stages.worker(registry)
        await healed(stages, at(60))
        wall.now_ms = at(61)
        await feed(stages, 61, 66, 2.0)
        await stages.judged(92)
    assert len([entry for entry in logged if entry["event"] == "rule state is rebuilt"]) == 1
    assert not [entry for entry in logged if "went back" in entry["event"]]


async def test_a_correlation_whose_clock_was_put_back_goes_on(hands: tuple[HandLog, Stages]) -> None:
    wall, stages = hands
    await stages.apply(RULES)
    stages.start(Correlator(stages.log, stages.topics, FIND))
    wall.now_ms = ms(120)
    await clock(stages, 120)
    await raises(stages, Transition.OPENED, raw_event("low", "L9", 1))
    await last_published(stages, "low", "L9", status="open")
    wall.now_ms = ms(5)
    for _ in range(100):
        await clock(stages, 5)
    for minute in (6, 7):
        wall.now_ms = ms(minute)
        await clock(stages, minute)
    await raises(stages, Transition.OPENED, raw_event("power-loss", "F1", 6))
    await raises(stages, Transition.OPENED, raw_event("lamp-dim", "L1", 7))
    wall.now_ms = ms(20)
    await raises(stages, Transition.CLEARED, raw_event("power-loss", "F1", 6, 14, revision=2))
    await clock(stages, 20)
    wall.now_ms = ms(30)
    await clock(stages, 30)
    event = await last_published(stages, "lamp-dim", "L1", status="open")
    assert event["opened_at_ms"] == ms(14)


async def test_a_clock_of_the_workers_ahead_of_its_record_does_not_settle_what_is_correlated(stages: Stages) -> None:
    await stages.apply(RULES)
    correlator = Correlator(stages.log, stages.topics, FIND)
    stages.start(correlator)
    for partition in range(2):
        value, headers = encode_clock(partition, HUGE_MS)
        await stages.log.append([Outgoing(stages.topics.rules_raised, None, value, headers, 0)])
    await a_feeder_fails(stages)
    wanted = in_memory()
    await stages.published(len(wanted), stages.topics.events)
    assert Counter(record.value for record in await stages.records(stages.topics.events)) == Counter(wanted)
    assert correlator.tick_check.ignored == 2


async def test_an_event_raised_by_a_clock_for_ever_ahead_is_passed_on_with_a_time_that_is_one(stages: Stages) -> None:
    event = raw_event("low", "L9", 1)
    headers = (("schema", b"event/1"), ("type", b"opened"), ("clock", str(HUGE_MS).encode()))
    topic = stages.topics.rules_raised
    await stages.log.append([Outgoing(topic, event.subject.encode(), event.model_dump_json().encode(), headers)])
    stages.correlator()
    await stages.published(1, stages.topics.events)


@pytest.mark.parametrize("ahead_ms", [two_hours_ahead, lambda: HUGE_MS], ids=["two hours", "for ever"])
async def test_a_correlation_that_was_settled_too_far_goes_on_from_the_newest_record(
    stages: Stages, ahead_ms: Callable[[], int]
) -> None:
    """What was published open then is still known, clears, and is not withdrawn; what comes later is settled again."""
    await stages.apply(RULES)
    before = Correlator(stages.log, stages.topics, FIND)
    before.tick_check.limit_ms = lambda log_ms: HUGE_MS  # type: ignore[method-assign]  # as an earlier release had it
    stages.start(before)
    await raises(stages, Transition.OPENED, raw_event("power-loss", "F1", 1))
    await clock(stages, 4)
    await last_published(stages, "power-loss", "F1", status="open")
    for partition in range(2):
        value, headers = encode_clock(partition, ahead_ms())
        await stages.log.append([Outgoing(stages.topics.rules_raised, None, value, headers, 0)])
    await raises(stages, Transition.OPENED, raw_event("low", "L9", 1))
    await last_published(stages, "low", "L9", status="open")
    await stages.stop()

    stages.start(Correlator(stages.log, stages.topics, FIND))
    now_minutes = (time.time() * 1000 - ms(0)) / 60_000
    await raises(stages, Transition.OPENED, raw_event("lamp-dim", "L1", 5))
    await raises(stages, Transition.CLEARED, raw_event("power-loss", "F1", 1, 14, revision=2))
    await clock(stages, now_minutes)
    await last_published(stages, "power-loss", "F1", status="cleared", cleared_at_ms=ms(14))
    event = await last_published(stages, "lamp-dim", "L1", status="open")
    assert event["opened_at_ms"] == ms(14)
