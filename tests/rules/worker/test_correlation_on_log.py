"""The correlation stage on a real log: with the workers' clocks, over crashes and rule changes."""

from collections import Counter
from typing import Any

import orjson
import pytest

from domain.events import Event, Transition
from domain.topics import header
from rules.definitions.lifecycle import remove_rule
from rules.definitions.silences import publish_silence, remove_silence
from rules.worker.clock_records import encode_clock, is_clock
from rules.worker.correlator import Correlator
from streams.ports import Outgoing
from tests.rules.correlation.bench import (
    CITY,
    DIM_UNDER_LOSS,
    FEEDER_FAULT,
    LAMP_OUT,
    POWER_LOSS,
    Bench,
    ms,
    raw_event,
    silence,
)
from tests.rules.engines import LAMP_OUT as JUDGED
from tests.rules.engines import at, lamp, report
from tests.rules.stages import Crash, CrashingLog, Registry, Stages, eventually

RULES = "\n---\n".join([POWER_LOSS, DIM_UNDER_LOSS, LAMP_OUT, FEEDER_FAULT])
FIND = {device.device_id: device for device in CITY}.get


async def raises(stages: Stages, transition: Transition, event: Event) -> None:
    headers = (("schema", b"event/1"), ("type", transition.value.encode()), ("clock", b"60000"))
    topic = stages.topics.rules_raised
    await stages.log.append([Outgoing(topic, event.subject.encode(), event.model_dump_json().encode(), headers)])


async def clock(stages: Stages, minutes: float) -> None:
    for partition in range(stages.topics.partitions):
        value, headers = encode_clock(partition, ms(minutes))
        await stages.log.append([Outgoing(stages.topics.rules_raised, None, value, headers, 0)])


async def a_feeder_fails(stages: Stages) -> None:
    """Three lamps out under a power loss that comes later than they; then all is well again."""
    for n in (1, 2, 3):
        await raises(stages, Transition.OPENED, raw_event("lamp-out", f"L{n}", n))
        await raises(stages, Transition.OPENED, raw_event("lamp-dim", f"L{n}", 4 + n))
    await clock(stages, 4)
    await raises(stages, Transition.OPENED, raw_event("power-loss", "F1", 5))
    await clock(stages, 10)
    for n in (1, 2, 3):
        await raises(stages, Transition.CLEARED, raw_event("lamp-out", f"L{n}", n, 10 + n, revision=2))
    await raises(stages, Transition.CLEARED, raw_event("power-loss", "F1", 5, 14, revision=2))
    await clock(stages, 20)


async def published(stages: Stages) -> list[dict[str, Any]]:
    return [orjson.loads(record.value or b"") for record in await stages.records(stages.topics.events)]


async def last_published(stages: Stages, rule: str, subject: str, **wanted: Any) -> dict[str, Any]:
    """The event of a rule on a subject once it was published so."""

    async def find() -> dict[str, Any] | None:
        events = [event for event in await published(stages) if (event["rule"], event["subject"]) == (rule, subject)]
        return events[-1] if events and wanted.items() <= events[-1].items() else None

    found: dict[str, Any] = await eventually(find, f"{rule} on {subject} is {wanted}")
    return found


def in_memory() -> list[bytes]:
    """What the stage publishes of the same, in memory."""
    bench = Bench(RULES, partitions=2)
    for n in (1, 2, 3):
        bench.opens("lamp-out", f"L{n}", n)
        bench.opens("lamp-dim", f"L{n}", 4 + n)
    for minutes in (4, 10, 20):
        if minutes == 10:
            bench.opens("power-loss", "F1", 5)
        if minutes == 20:
            for n in (1, 2, 3):
                bench.clears("lamp-out", f"L{n}", n, 10 + n)
            bench.clears("power-loss", "F1", 5, 14)
        for partition in (0, 1):
            bench.clock(minutes, partition)
    return [output.value for output in bench.published]


async def test_groups_and_suppression_on_the_log_are_those_in_memory(stages: Stages) -> None:
    await stages.apply(RULES)
    stages.start(Correlator(stages.log, stages.topics, FIND))
    await a_feeder_fails(stages)
    wanted = in_memory()
    await stages.published(len(wanted), stages.topics.events)
    assert Counter(record.value for record in await stages.records(stages.topics.events)) == Counter(wanted)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("commit", [1, 2, 3])
async def test_a_crash_at_any_commit_changes_nothing_published(stages: Stages, commit: int, after: bool) -> None:
    await stages.apply(RULES)
    crashing = CrashingLog(stages.log, lambda n: Crash() if n == commit else None, after=after)
    stages.start(Correlator(crashing, stages.topics, FIND))
    await raises(stages, Transition.OPENED, raw_event("low", "L9", 1))
    await clock(stages, 1)
    if commit > 1:
        await stages.published(1, stages.topics.events)
    await a_feeder_fails(stages)
    if commit == 3:  # whatever was read at once so far, there is something more to commit
        await clock(stages, 21)
        await clock(stages, 22)

    async def ended() -> bool | None:
        await clock(stages, 23)
        return True if stages.has_died() else None

    await eventually(ended, "the correlator dies")
    await stages.died()
    stages.start(Correlator(stages.log, stages.topics, FIND))
    wanted = in_memory()
    await stages.published(len(wanted) + 1, stages.topics.events)
    events = [record for record in await stages.records(stages.topics.events) if b'"low"' not in (record.value or b"")]
    assert Counter(record.value for record in events) == Counter(wanted)


async def test_the_worker_publishes_the_clock_only_where_a_rule_or_a_silence_needs_it(stages: Stages) -> None:
    await stages.apply(JUDGED)
    stages.worker(Registry([lamp()]))
    await stages.report(report(0), report(1))
    await stages.tick(2)
    await stages.judged(2)
    assert await stages.records(stages.topics.rules_raised) == []
    await publish_silence(stages.log, stages.topics, silence(starts=0, ends=at(3.5) / 60_000, rule="lamp-out"))

    async def clocks() -> list[int] | None:
        records = [r for r in await stages.records(stages.topics.rules_raised) if is_clock(r.headers)]
        return [orjson.loads(record.value or b"")["now_ms"] for record in records] or None

    async def ticks(minutes: int) -> list[int] | None:
        await stages.tick(minutes)
        found = await clocks()
        return found if found and found.count(at(minutes)) == stages.topics.partitions else None

    await eventually(lambda: ticks(3), "both partitions publish their clock")
    await eventually(lambda: ticks(4), "both partitions pass the silence's end")
    await stages.tick(5)
    await stages.report(report(5))
    await stages.judged(3)
    assert max(await clocks() or []) == at(4)


async def test_lamps_on_one_feeder_are_one_event_from_telemetry_to_city_events(stages: Stages) -> None:
    lamps = [lamp(f"L{n}", parent_id="F1") for n in (1, 2, 3)]
    registry = Registry(lamps)
    await stages.apply(f"{JUDGED}\n---\n{FEEDER_FAULT}")
    stages.worker(registry)
    stages.start(Correlator(stages.log, stages.topics, registry.device))
    await stages.tick(0)
    for minute in range(4):
        await stages.report(*(report(minute, 2.0, device_id=device.device_id) for device in lamps))
    await stages.tick(4)
    fault = await last_published(stages, "feeder-fault", "F1", status="open")
    assert (fault["opened_at_ms"], fault["kind"], fault["severity"]) == (at(2), "streetlight", "major")
    for device in lamps:
        await last_published(stages, "lamp-out", device.device_id, status="open", absorbed_by="feeder-fault")
    await stages.report(*(report(m, device_id=device.device_id) for m in (5, 6, 7) for device in lamps))
    await stages.tick(8)
    await last_published(stages, "feeder-fault", "F1", status="cleared", cleared_at_ms=at(6))


async def test_a_group_rule_removed_clears_its_event_and_lets_go_of_its_members(stages: Stages) -> None:
    await stages.apply(RULES)
    stages.start(Correlator(stages.log, stages.topics, FIND))
    for n in (1, 2, 3):
        await raises(stages, Transition.OPENED, raw_event("lamp-out", f"L{n}", n))
    await clock(stages, 4)
    await last_published(stages, "lamp-out", "L3", absorbed_by="feeder-fault")
    await remove_rule(stages.log, stages.topics, "feeder-fault")
    fault = await last_published(stages, "feeder-fault", "F1", status="cleared")
    assert (fault["reason"], fault["cleared_at_ms"]) == ("rule_removed", ms(4))
    await last_published(stages, "lamp-out", "L3", status="open", absorbed_by=None)


async def test_a_silence_marks_what_passed_before_it_and_taking_it_back_unmarks(stages: Stages) -> None:
    await stages.apply(LAMP_OUT)
    stages.start(Correlator(stages.log, stages.topics, FIND))
    await raises(stages, Transition.OPENED, raw_event("lamp-out", "L1", 1))
    await last_published(stages, "lamp-out", "L1", silenced_by=None)
    await publish_silence(stages.log, stages.topics, silence("works", parent="F1"))
    await last_published(stages, "lamp-out", "L1", silenced_by="works", revision=2)
    await remove_silence(stages.log, stages.topics, "works")
    await last_published(stages, "lamp-out", "L1", silenced_by=None, revision=3)


async def test_a_group_in_shadow_writes_to_the_shadow_topic_only(stages: Stages) -> None:
    await stages.apply(f"{LAMP_OUT}\n---\n{FEEDER_FAULT}mode: shadow\n")
    stages.start(Correlator(stages.log, stages.topics, FIND))
    for n in (1, 2, 3):
        await raises(stages, Transition.OPENED, raw_event("lamp-out", f"L{n}", n))
    await clock(stages, 4)
    (shadow,) = await stages.published(1, stages.topics.rules_shadow)
    (record,) = await stages.records(stages.topics.rules_shadow)
    assert (shadow["rule"], shadow["subject"], header(tuple(record.headers), "type")) == (
        "feeder-fault",
        "F1",
        b"opened",
    )
    assert {(event["rule"], event["absorbed_by"]) for event in await published(stages)} == {("lamp-out", None)}
