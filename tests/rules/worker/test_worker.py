"""The rules worker on both logs: exactly once, through crashes, doubts, rebalances and changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.devices import DeviceState
from domain.errors import TransientFault
from domain.events import Status
from domain.topics import Topics
from rules.worker.sums import rules_group
from streams.ports import Outgoing, TopicPartition
from streams.sqlite.log import SQLiteLog
from tests.rules.engines import LAMP_OUT, engine_of, lamp, report, tick
from tests.rules.stages import Crash, CrashingLog, Registry, Stages, StalledLog, eventually

LAMPS = [f"L{i}" for i in range(1, 7)]
MINUTES = 12
SILENT = "{rule: silent, kind: streetlight, no_data: 3m}"


def power(lamp_number: int, minute: int) -> float:
    """Every second lamp is out from its own minute on, for five."""
    return 2.0 if lamp_number % 2 == 0 and lamp_number < minute <= lamp_number + 5 else 96.0


async def feed(stages: Stages, first: int = 0, last: int = MINUTES) -> None:
    """Each lamp each minute, the last one falling silent, every third report sent twice, and the clock behind it."""
    for minute in range(first, last):
        reports = [
            report(minute, power(i, minute), device_id=name)
            for i, name in enumerate(LAMPS)
            if not (name == LAMPS[-1] and minute > 5)
        ]
        await stages.report(*reports, *reports[::3])
        await stages.tick(minute)


def undisturbed() -> list[dict[str, Any]]:
    """The events of the same inputs through the engine alone, by device in order."""
    engine = engine_of(LAMP_OUT, SILENT, devices=[lamp(name) for name in LAMPS])
    for minute in range(MINUTES):
        for i, name in enumerate(LAMPS):
            if not (name == LAMPS[-1] and minute > 5):
                engine.report(report(minute, power(i, minute), device_id=name))
        tick(engine, minute)
    return by_device([orjson.loads(raised.event.model_dump_json()) for raised in engine.raised])


def by_device(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(events, key=lambda event: (event["subject"], event["rule"]))


REPORTS = 5 * MINUTES + 6 + 2 * MINUTES


@pytest.fixture
def registry() -> Registry:
    return Registry(lamp(name) for name in LAMPS)


async def test_events_are_those_of_the_engine_and_every_report_is_accounted_for(
    stages: Stages, registry: Registry
) -> None:
    await stages.apply(f"{LAMP_OUT}---\n{SILENT}")
    stages.worker(registry)
    await feed(stages)
    await _assert_all_judged_once(stages)
    assert {event["status"] for event in await stages.published(1)} == {"open", "cleared"}

    async def caught_up() -> bool | None:
        ends = await stages.log.bounds(stages.topics.all_telemetry)
        return True if (await stages.sums()).offsets == {tp: end for tp, (_, end) in ends.items()} else None

    await eventually(caught_up, "the sums hold up to the end of the log")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [1, 2, 4])
async def test_a_crash_at_any_commit_gives_the_same_events(
    stages: Stages, registry: Registry, number: int, after: bool
) -> None:
    await stages.apply(f"{LAMP_OUT}---\n{SILENT}")
    crashing = CrashingLog(stages.log, lambda commit: Crash() if commit == number else None, after=after)
    stages.worker(registry, crashing)
    for minute in range(0, MINUTES, 3):
        await feed(stages, minute, minute + 3)
        if minute < 9:
            await _noticed(stages, crashing)
    await stages.died()
    stages.worker(registry)
    await _assert_all_judged_once(stages)


async def _noticed(stages: Stages, crashing: CrashingLog) -> None:
    """Let the worker commit some of what it has been fed, or die of it."""
    seen = crashing.commits

    async def moved() -> bool | None:
        return True if crashing.commits > seen or stages.has_died() else None

    await eventually(moved, "the worker commits")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_commit_in_doubt_is_resumed_from_the_log(stages: Stages, registry: Registry, after: bool) -> None:
    await stages.apply(f"{LAMP_OUT}---\n{SILENT}")
    fault: Callable[[int], Exception | None] = lambda commit: TransientFault("who knows") if commit in (2, 4) else None  # noqa: E731
    stages.worker(registry, CrashingLog(stages.log, fault, after=after))
    await feed(stages)
    await _assert_all_judged_once(stages)


async def test_partitions_move_between_workers_without_a_lost_or_doubled_event(
    stages: Stages, registry: Registry
) -> None:
    await stages.apply(f"{LAMP_OUT}---\n{SILENT}")
    first = stages.worker(registry)
    await feed(stages, 0, 4)
    await stages.shared(first)
    second = stages.worker(registry)
    await feed(stages, 4, 8)
    await stages.shared(first, second)
    await feed(stages, 8, 10)
    await stages.judged(2 * 10 + 4)
    await stages.stop_first()
    await feed(stages, 10, MINUTES)
    await stages.shared(second)
    await _assert_all_judged_once(stages)


async def test_a_worker_that_dies_leaves_its_partitions_to_the_other(stages: Stages, registry: Registry) -> None:
    await stages.apply(f"{LAMP_OUT}---\n{SILENT}")
    survivor = stages.worker(registry)
    doomed = False
    mortal = stages.worker(registry, CrashingLog(stages.log, lambda _: Crash() if doomed else None, after=False))
    await feed(stages, 0, 4)
    await stages.shared(survivor, mortal)
    doomed = True
    await feed(stages, 4, MINUTES)
    await stages.died()
    await stages.shared(survivor)
    await _assert_all_judged_once(stages)


async def test_a_worker_that_wakes_up_after_it_lost_its_partitions_writes_nothing_more(
    tmp_path: Path, registry: Registry
) -> None:
    """On the log whose wait for it can be set; on Kafka see tests/e2e/rules_killed/test_sharing_workers.py."""
    topics = Topics(partitions=2, kinds=("streetlight",))
    log = SQLiteLog(tmp_path / "log.sqlite", rebalance_patience_s=0.1)
    await log.ensure_topics(topics.specs())
    stages, stalled = Stages(log, topics), StalledLog(log)
    await stages.apply(f"{LAMP_OUT}---\n{SILENT}")
    stages.worker(registry, stalled)
    await feed(stages, 0, 6)
    await _noticed(stages, stalled)
    stages.worker(registry)
    await feed(stages, 6, MINUTES)
    await _assert_all_judged_once(stages)
    stalled.awake.set()
    await stages.stop()
    await _assert_all_judged_once(stages)
    await log.close()


async def _assert_all_judged_once(stages: Stages) -> None:
    sums = await stages.judged(REPORTS)
    assert (sums.judged, sums.duplicate, sums.too_late, sums.no_rule) == (66, 24, 0, 0)
    assert by_device(await stages.published(len(undisturbed()))) == undisturbed()


async def test_a_worker_whose_id_was_taken_over_writes_nothing_more(stages: Stages, registry: Registry) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    await stages.report(report(0))
    await stages.judged(1)
    usurpers = [await stages.log.writer(f"{stages.topics.prefix}rules-{p}") for p in range(stages.topics.partitions)]
    for minute in range(1, 5):
        await stages.report(report(minute, 2.0))
    # the usurper's commit comes after the worker's attempt in any order: the worker's must be refused
    engine = TopicPartition(stages.topics.telemetry("streetlight"), stages.partition_of("L1"))

    async def let_go() -> bool | None:
        return True if stages.newest_worker().owned != frozenset(range(stages.topics.partitions)) else None

    await eventually(let_go, "the fenced worker lets its partition go")
    assert await stages.records(stages.topics.rules_raised) == []
    places = await stages.log.committed(rules_group(stages.topics), [engine])
    assert places[engine].offset == 1
    for usurper in usurpers:
        await usurper.close()


async def test_a_rule_applied_while_running_is_judged_and_a_removed_one_clears_its_events(
    stages: Stages, registry: Registry
) -> None:
    from rules.definitions.lifecycle import remove_rule

    worker = stages.worker(registry)
    await stages.tick(0)
    await stages.report(report(0, 2.0))
    assert (await stages.judged(1)).no_rule == 1
    await stages.apply(LAMP_OUT)
    await eventually(_knows(worker, "lamp-out", 1), "the worker knows the rule")
    await stages.report(*(report(minute, 2.0) for minute in (1, 2, 3)))
    (opened,) = await stages.published(1)
    assert (opened["status"], opened["rule_version"]) == ("open", 1)
    await stages.apply(LAMP_OUT + "clear_when: reading.active_power > 90\n")
    await eventually(_knows(worker, "lamp-out", 2), "the worker knows the new version")
    await stages.report(report(4, 50.0), report(5, 50.0), report(6, 50.0))
    await stages.judged(7)
    assert len(await stages.published(1)) == 1, "the new version's own clear condition judges the open event"
    await remove_rule(stages.log, stages.topics, "lamp-out")
    _, cleared = await stages.published(2)
    assert (cleared["status"], cleared["reason"], cleared["event_id"]) == (
        "cleared",
        "rule_removed",
        opened["event_id"],
    )


async def test_rules_changed_while_no_worker_ran_are_taken_in_at_the_start(stages: Stages, registry: Registry) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    await stages.report(*(report(minute, 2.0) for minute in range(4)))
    (opened,) = await stages.published(1)
    await stages.stop()
    await stages.apply(LAMP_OUT + "mode: off\n")
    stages.worker(registry)
    _, cleared = await stages.published(2)
    assert (cleared["event_id"], cleared["reason"]) == (opened["event_id"], "rule_off")


async def test_a_suspended_device_is_not_judged_and_its_events_clear(stages: Stages, registry: Registry) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    await stages.report(*(report(minute, 2.0) for minute in range(4)))
    await stages.published(1)
    registry.put(replace(lamp(), state=DeviceState.SUSPENDED))
    _, cleared = await stages.published(2)
    assert cleared["reason"] == "device_suspended"
    await stages.report(report(4, 2.0))
    assert (await stages.judged(5)).no_rule == 1
    state = await stages.records(stages.topics.rule_state)
    assert [record.value for record in state if record.key == b"device/L1"][-1] is None


async def test_a_rule_in_shadow_writes_only_to_the_shadow_topic(stages: Stages, registry: Registry) -> None:
    await stages.apply(LAMP_OUT + "mode: shadow\n")
    stages.worker(registry)
    await stages.report(*(report(minute, 2.0) for minute in range(4)))
    (opened,) = await stages.published(1, stages.topics.rules_shadow)
    assert opened["status"] == Status.OPEN
    assert await stages.records(stages.topics.rules_raised) == []


async def test_silence_of_a_device_that_never_reported_is_noticed(stages: Stages, registry: Registry) -> None:
    await stages.apply(SILENT)
    stages.worker(registry)
    await stages.tick(0)
    await stages.tick(4)
    assert {event["subject"] for event in await stages.published(len(LAMPS))} == set(LAMPS)


async def test_health_holds_what_failed_and_what_was_opened(stages: Stages) -> None:
    broken = "{rule: broken, kind: streetlight, when: reading.active_power < device.limit}"
    await stages.apply(f"{LAMP_OUT}---\n{broken}")
    worker = stages.worker(Registry([lamp(attributes={"limit": "high"})]))
    await stages.report(*(report(minute, 2.0) for minute in range(4)))
    await stages.published(1)

    async def counted() -> Any:
        health = {one.rule: one for one in worker.health()}
        return health if health["lamp-out"].opened else None

    health = await eventually(counted, "the opening is counted")
    assert (health["lamp-out"].healthy, health["lamp-out"].judged, health["lamp-out"].version) == (True, 4, 1)
    assert (health["broken"].healthy, health["broken"].errors) == (False, 4)


async def test_a_record_that_is_no_report_stops_nothing(stages: Stages, registry: Registry) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    topic = stages.topics.telemetry("streetlight")
    await stages.log.append([Outgoing(topic, b"L1", value) for value in (b"{", b"[]", b'{"device_id":"L1"}')])
    await stages.report(report(0))
    sums = await stages.judged(4)
    assert (sums.judged, sums.no_rule) == (1, 3)


def _knows(worker: Any, rule: str, version: int) -> Any:
    async def known() -> bool | None:
        return True if any(one.rule == rule and one.version == version for one in worker.health()) else None

    return known
