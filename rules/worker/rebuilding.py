"""Rule state that cannot be gone on from: built again from retained telemetry, and reconciled with what was published.

telemetry.<kind>/p up to the committed place ──▶ Partition, unpublished ──┐
rules.raised and rules.shadow: the newest revision of every event ────────┴──▶ goes on as if it had always been so
"""

from typing import Final

import orjson
import structlog

from domain.events import Event, Transition
from domain.topics import Topics, header
from rules.correlation.event_history import FOREVER_MS
from rules.engine.published import Published
from rules.worker.partition import Outdated, Partition, PublishedByDevice
from streams.ports import Log, Record
from streams.reading.tables import read_between, read_to_end
from streams.routing.partitioning import partition_of

_log = structlog.get_logger()
_LAST_RECORDS: Final = 64


async def rebuild(log: Log, topics: Topics, partition: Partition, outdated: Outdated) -> None:
    """Judge the partition's retained telemetry over again. Raises: TransientFault where the log does not answer."""
    _log.warning("rule state is rebuilt from telemetry", partition=partition.number, since=outdated.why)
    bounds = await log.bounds(topics.all_telemetry)
    spans = {
        tp: (first, min(end, outdated.places.get(tp.topic, first)))
        for tp, (first, end) in bounds.items()
        if tp.partition == partition.number
    }
    judged = 0
    async for record in read_between(log, spans):
        partition.judge(record.topic, [record], outdated.newest_ms.get(record.topic, FOREVER_MS))
        judged += 1
    partition.rebuilt(await _read_published(log, topics, partition.number), outdated)
    _log.info("rule state is rebuilt", partition=partition.number, records=judged)


async def newest_by_topic(log: Log, topics: Topics, partition: int) -> dict[str, int]:
    """When the log took the newest of the last records of each telemetry topic in a partition, epoch ms.

    Several gateways, whose clocks differ, are among so many; nothing where there are no records, or the clock is simulated.
    """
    if topics.simulated_clock:
        return {}
    spans = {
        tp: (max(first, end - _LAST_RECORDS), end)
        for tp, (first, end) in (await log.bounds(topics.all_telemetry)).items()
        if tp.partition == partition
    }
    newest_ms: dict[str, int] = {}
    async for record in read_between(log, spans):
        newest_ms[record.topic] = max(record.timestamp, newest_ms.get(record.topic, 0))
    return newest_ms


async def _read_published(log: Log, topics: Topics, partition: int) -> PublishedByDevice:
    """What was published about the partition's devices."""
    published: PublishedByDevice = {}
    async for record in read_to_end(log, [topics.rules_raised, topics.rules_shadow]):
        event = _event_of(record)
        if event is not None and partition_of(event.subject.encode(), topics.partitions) == partition:
            rules = published.setdefault(event.subject, {})
            rules.setdefault(event.rule, {})[event.opened_at_ms] = _published(event)
    return published


def _event_of(record: Record) -> Event | None:
    if (header(tuple(record.headers), "type") or b"").decode() not in set(Transition) or record.value is None:
        return None
    return Event.model_validate(orjson.loads(record.value))


def _published(event: Event) -> Published:
    basis = tuple((evidence.quantity, evidence.value, evidence.observed_at_ms) for evidence in event.evidence)
    return Published(
        event.since_ms, event.opened_at_ms, event.revision, event.status, event.cleared_at_ms, event.stale, basis,
        event.severity,
    )  # fmt: skip
