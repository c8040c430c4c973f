"""The correlation stage: every event once, in order, as a CloudEvent that others can read."""

import asyncio
from collections import Counter

import orjson
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat

from domain.errors import Fenced, TransientFault
from domain.events import Event, Transition
from rules.worker.correlator import Correlator
from streams.ports import Outgoing
from tests.rules.engines import LAMP_OUT, at, engine_of, report, tick
from tests.rules.stages import Crash, CrashingLog, Stages, eventually


async def raise_events(stages: Stages, first: int, last: int) -> None:
    """Events as the worker raises them, one for each number."""
    for number in range(first, last):
        engine = engine_of(LAMP_OUT)
        tick(engine, number)
        for minute in range(4):
            engine.report(report(number + minute, 2.0))
        (raised,) = engine.raised
        headers = (
            ("schema", b"event/1"),
            ("type", raised.transition.value.encode()),
            ("clock", str(at(number)).encode()),
        )
        await stages.log.append(
            [Outgoing(stages.topics.rules_raised, b"L1", raised.event.model_dump_json().encode(), headers)]
        )


async def ids(stages: Stages) -> list[str]:
    return [dict(record.headers)["ce_id"].decode() for record in await stages.records(stages.topics.events)]


async def wanted(stages: Stages) -> list[str]:
    raised = [orjson.loads(record.value or b"") for record in await stages.records(stages.topics.rules_raised)]
    return [f"{event['event_id']}/{event['revision']}" for event in raised]


async def test_an_event_is_passed_on_as_a_cloud_event_in_kafkas_binary_binding(stages: Stages) -> None:
    await raise_events(stages, 0, 1)
    stages.correlator()
    await stages.published(1, stages.topics.events)
    (record,) = await stages.records(stages.topics.events)
    message = KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value or b"")
    published = from_binary(message, JSONFormat())
    event = Event.model_validate_json(record.value or b"")
    assert published.get_id() == f"{event.event_id}/1"
    assert (published.get_type(), published.get_source()) == ("urbansense.event.opened.v1", "/urbansense/rules")
    assert (published.get_specversion(), published.get_subject(), record.key) == ("1.0", "L1", b"L1")
    assert published.get_datacontenttype() == "application/json"
    assert (published.get_time() or at(1)).timestamp() * 1000 == at(0)  # type: ignore[union-attr]
    assert published.get_data() == orjson.loads(record.value or b"")
    assert event.opened_at_ms == at(2)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_a_commit_passes_every_event_on_once_and_in_order(stages: Stages, after: bool) -> None:
    doomed = asyncio.Event()
    crashing = CrashingLog(stages.log, lambda _: Crash() if doomed.is_set() else None, after=after)
    stages.start(Correlator(crashing, stages.topics))
    await raise_events(stages, 0, 1)
    await stages.published(1, stages.topics.events)
    doomed.set()
    await raise_events(stages, 1, 3)
    await stages.died()
    stages.correlator()
    everything = await wanted(stages)
    await stages.published(len(everything), stages.topics.events)
    assert await ids(stages) == everything


async def test_a_commit_in_doubt_doubles_nothing(stages: Stages) -> None:
    doubtful = CrashingLog(stages.log, lambda commit: TransientFault("who knows") if commit == 1 else None, after=True)
    stages.start(Correlator(doubtful, stages.topics))
    await raise_events(stages, 0, 3)
    await stages.published(3, stages.topics.events)
    assert Counter(await ids(stages)) == Counter(await wanted(stages))


async def test_of_two_correlators_one_ends_and_nothing_is_published_twice(stages: Stages) -> None:
    """The second takes over; where Kafka left the first in doubt about a commit, the first takes it back."""
    first = stages.correlator()
    await raise_events(stages, 0, 1)
    await stages.published(1, stages.topics.events)
    second = stages.correlator()

    async def ended() -> bool | None:
        await raise_events(stages, 1, 2)
        return True if first.done() or second.done() else None

    await eventually(ended, "one of the two correlators ends")
    with pytest.raises(Fenced):
        (first if first.done() else second).result()
    everything = await wanted(stages)
    await stages.published(len(everything), stages.topics.events)
    assert await ids(stages) == everything


def test_every_transition_has_its_cloud_event_type() -> None:
    assert [t.cloud_event_type for t in Transition] == [
        f"urbansense.event.{name}.v1" for name in ("opened", "escalated", "amended", "cleared", "withdrawn")
    ]
