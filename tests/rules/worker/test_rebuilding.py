"""State of another release: rebuilt from telemetry, nothing published twice, nothing that is open forgotten."""

from typing import Any

import orjson
import pytest

from domain.topics import Topics
from rules.worker.partition_states import partition_key
from streams.ports import Outgoing
from tests.rules.engines import LAMP_OUT, at, lamp, report
from tests.rules.stages import Registry, Stages

LAMPS = ["L1", "L2", "L3"]


@pytest.fixture
def registry() -> Registry:
    return Registry(lamp(name) for name in LAMPS)


async def make_outdated(stages: Stages) -> None:
    """As a release of another schema would have left its states: they are there, and nobody can read them."""
    topic = stages.topics.rule_state
    for record in await stages.records(topic):
        if record.key is None or record.value is None:
            continue
        state = orjson.loads(record.value)
        if record.key.startswith(b"device/"):
            state = {"v": 1, "something": "else"}
        elif record.key == partition_key(record.partition):
            state["v"] = 1
        await stages.log.append([Outgoing(topic, record.key, orjson.dumps(state), (), record.partition)])


async def feed(stages: Stages, first: int, last: int, power: dict[str, float]) -> None:
    for minute in range(first, last):
        await stages.report(*(report(minute, watts, device_id=name) for name, watts in power.items()))
        await stages.tick(minute)


def published(events: list[dict[str, Any]]) -> list[tuple[str, int, str, int, int | None]]:
    return sorted(
        (
            event["subject"], event["revision"], event["status"], (event["opened_at_ms"] - at(0)) // 60_000,
            None if event["cleared_at_ms"] is None else (event["cleared_at_ms"] - at(0)) // 60_000,
        )
        for event in events
    )  # fmt: skip


async def test_open_events_and_runs_under_way_go_on_and_nothing_is_published_twice(
    stages: Stages, registry: Registry
) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    await feed(stages, 0, 5, {"L1": 2.0, "L2": 96.0, "L3": 96.0})
    await feed(stages, 5, 7, {"L1": 2.0, "L2": 2.0, "L3": 96.0})
    before = await stages.judged(21)
    await stages.stop()
    await make_outdated(stages)

    stages.worker(registry)
    await feed(stages, 7, 12, {"L1": 96.0, "L2": 2.0, "L3": 96.0})
    sums = await stages.judged(36)
    events = await stages.published(3)
    assert published(events) == [
        ("L1", 1, "open", 2, None),
        ("L1", 2, "cleared", 2, 8),
        ("L2", 1, "open", 7, None),
    ]
    assert (before.judged, sums.judged, sums.duplicate, sums.too_late) == (21, 36, 0, 0)


async def test_an_open_event_from_before_the_retained_telemetry_is_taken_over_and_cleared(
    stages: Stages, registry: Registry
) -> None:
    await stages.apply(LAMP_OUT)
    stages.worker(registry)
    await feed(stages, 0, 4, {"L1": 2.0})
    await stages.judged(4)
    await stages.stop()
    await make_outdated(stages)

    # a log that kept nothing of those minutes: another prefix with the same events published and places committed
    later = Topics(prefix=f"{stages.topics.prefix}later-", partitions=2, kinds=stages.topics.kinds)
    await stages.log.ensure_topics(later.specs())
    moved = Stages(stages.log, later)
    await moved.apply(LAMP_OUT)
    for record in await stages.records(stages.topics.rules_raised):
        await stages.log.append([Outgoing(later.rules_raised, record.key, record.value, tuple(record.headers))])
    for partition in range(2):
        outdated = orjson.dumps({"v": 1, "lanes": {}})
        await stages.log.append([Outgoing(later.rule_state, partition_key(partition), outdated, (), partition)])
    try:
        moved.worker(registry)
        await feed(moved, 4, 8, {"L1": 96.0})
        events = await moved.published(2)
        assert published(events) == [("L1", 1, "open", 2, None), ("L1", 2, "cleared", 2, 5)]
    finally:
        await moved.stop()
