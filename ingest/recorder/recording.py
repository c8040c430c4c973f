"""From the log to the store: telemetry and events, each kept once.

    telemetry.<kind> ──▶ read ──▶ store.write_telemetry (rows and place together) ──▶ commit place and sums to the group
                                        └── refused ──▶ telemetry.rejected (store_refused), before the place moves
    city.events ──▶ read ──▶ store.write_events (highest revision wins) ──▶ commit place

The recorder resumes from the store's own place where the store keeps one, else from the group's; its sums travel with
that place, so they count every report once whatever happens between two steps.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, time
from typing import Any, Final, TypeVar, cast

import orjson
import structlog
from pydantic import ValidationError

from domain.devices import DEVICE_ID
from domain.errors import Fenced, TransientFault
from domain.events import Event
from domain.rejections import Reason, Rejection
from domain.retry import Outage, retried
from domain.telemetry import Telemetry
from domain.topics import Topics, is_tick
from ingest.pipeline.rejection_records import KEPT_BYTES, encode_rejection
from ingest.recorder.place import decode_sums, encode_sums, recorder_group
from ingest.recorder.report_age import ReportAges
from streams.ports import Batch, Committed, Log, LogReader, Outgoing, Record, TopicPartition
from timeseries.ports import PartitionBatch, PartitionProgress, Refusal, Store, WriteOutcome

_log = structlog.get_logger()
_T = TypeVar("_T")
_LINGER_S: Final = 0.2
_MAX_RECORDS: Final = 20_000
_PLACE_ONLY_S: Final = 5.0
_LONGEST_DETAIL: Final = 1000


@dataclass
class Recorder:
    """Records telemetry and events until stopped. One per store; several may share the work of a store without places."""

    log: Log
    store: Store
    topics: Topics
    progress: dict[tuple[str, int], PartitionProgress] = field(default_factory=dict)
    conflicts: dict[str, int] = field(default_factory=dict)
    ages: ReportAges = field(default_factory=ReportAges)
    now_ms: Callable[[], float] = lambda: time() * 1000

    async def run(self, stop: asyncio.Event) -> None:
        """Record until `stop`; what was read and not yet stored is read again by the next start."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._record_telemetry(stop))
                tasks.create_task(self._record_events(stop))
        except* TransientFault:
            _log.warning("the recorder stopped while the store was away; the log keeps what is pending")

    async def _record_telemetry(self, stop: asyncio.Event) -> None:
        reader = await self._telemetry_reader(stop)
        place_committed_at = monotonic()
        try:
            while not stop.is_set():
                batches = to_batches(await _read_for(reader, _LINGER_S, _MAX_RECORDS))
                reports = any(batch.reports for batch in batches)
                if not batches or (not reports and monotonic() - place_committed_at < _PLACE_ONLY_S):
                    continue
                await self._store_and_commit(reader, batches, stop)
                place_committed_at = monotonic()
        finally:
            await reader.close()

    async def _telemetry_reader(self, stop: asyncio.Event) -> LogReader:
        """A reader that stands where the store, or else the group, does."""
        stored = await patiently(self.store.load_progress, stop, "the store")
        group, names = recorder_group(self.topics), self.topics.all_telemetry
        if stored is None:
            return await self.log.reader(names, group=group, on_assigned=self._take_over)
        bounds = await self.log.bounds(names)
        reader = await self.log.reader(names, group=group, partitions=sorted(bounds))
        lost = {tp for tp, (_, end) in bounds.items() if tp in stored and stored[tp].next_offset > end}
        if lost:
            _log.error(
                "the log ends before what the store has of it; it is recorded from its beginning", places=len(lost)
            )
        self.progress = {tp: place for tp, place in stored.items() if tp not in lost}
        reader.seek({tp: self.progress[tp].next_offset if tp in self.progress else 0 for tp in bounds})
        return reader

    async def _take_over(self, assigned: frozenset[TopicPartition]) -> None:
        committed = await self.log.committed(recorder_group(self.topics), sorted(assigned))
        self.progress = {(tp.topic, tp.partition): decode_sums(place) for tp, place in committed.items()}

    async def _store_and_commit(self, reader: LogReader, batches: list[PartitionBatch], stop: asyncio.Event) -> None:
        outcome: WriteOutcome = await patiently(
            partial(self.store.write_telemetry, batches, self.progress), stop, "the store"
        )
        now_ms, refused = self.now_ms(), {id(refusal.report) for refusal in outcome.refusals}
        for batch in batches:
            reports = [one for one in batch.reports if id(one) not in refused] if refused else batch.reports
            self.ages.add(reports, now_ms)
        if outcome.refusals:
            await self.log.append([_store_refused(one, self.topics, int(now_ms)) for one in outcome.refusals])
        self.progress.update(outcome.progress)
        for device_id, count in outcome.conflicts.items():
            self.conflicts[device_id] = self.conflicts.get(device_id, 0) + count
        try:
            await reader.commit({TopicPartition(*tp): encode_sums(place) for tp, place in outcome.progress.items()})
        except Fenced:
            _log.info("telemetry partitions moved to another recorder; it goes on from the last committed place")

    async def _record_events(self, stop: asyncio.Event) -> None:
        reader = await self.log.reader([self.topics.events], group=f"{recorder_group(self.topics)}-events")
        try:
            while not stop.is_set():
                batch = await reader.read(timeout_s=_LINGER_S)
                events = [event for records in batch.values() for event in _events(records)]
                if events:
                    await patiently(partial(self.store.write_events, events), stop, "the store")
                if batch:
                    await reader.commit({tp: Committed(records[-1].offset + 1) for tp, records in batch.items()})
        finally:
            await reader.close()


def to_batches(read: Batch) -> list[PartitionBatch]:
    """The reports in what was read, by partition; ticks only move the place.

    What is no JSON object stands for a report that no store takes, so that it is refused and counted like one.
    """
    batches = []
    for (topic, partition), records in read.items():
        reports = [_report(record.value or b"") for record in records if not is_tick(record.headers)]
        batches.append(PartitionBatch(topic, partition, records[-1].offset + 1, reports))
    return batches


def _report(value: bytes) -> Telemetry:
    try:
        report: Any = orjson.loads(value)
    except orjson.JSONDecodeError:
        report = None
    if not isinstance(report, dict):
        report = {"no_report": value.decode(errors="replace")}
    return cast(Telemetry, report)


async def _read_for(reader: LogReader, linger_s: float, max_records: int) -> Batch:
    """Everything up to `max_records`, waiting at most `linger_s` after the first record for more to join it."""
    gathered: dict[TopicPartition, list[Record]] = {}
    count, deadline = 0, None
    while count < max_records:
        timeout_s = linger_s if deadline is None else deadline - monotonic()
        if timeout_s <= 0:
            break
        read = await reader.read(timeout_s, max_records - count)
        if not read and deadline is None:
            break
        deadline = deadline or monotonic() + linger_s
        for tp, records in read.items():
            gathered.setdefault(TopicPartition(*tp), []).extend(records)
            count += len(records)
    return gathered


async def patiently(act: Callable[[], Awaitable[_T]], stop: asyncio.Event, what: str) -> _T:
    """The result of `act`, tried again through transient faults; one log line when it begins and one when it ends.

    Raises: TransientFault when `stop` is set meanwhile.
    """
    outage = Outage(
        lambda fault: _log.warning(f"{what} does not answer; waiting for it", error=str(fault)),
        lambda: _log.info(f"{what} answers again"),
    )
    return await retried(act, stop, outage)


def _events(records: Sequence[Record]) -> list[Event]:
    events = []
    for record in records:
        try:
            events.append(Event.model_validate_json(record.value or b""))
        except ValidationError as error:
            place = f"{record.topic}/{record.partition}/{record.offset}"
            _log.error("a record of city.events is no event and was passed over", record=place, error=str(error))
    return events


def _store_refused(refusal: Refusal, topics: Topics, now_ms: int) -> Outgoing:
    """The rejection of a report, which another program may have written: nothing in it need be as it should."""
    report: dict[str, Any] = dict(refusal.report)
    kind, device_id, received_at_ms = report.get("kind"), report.get("device_id"), report.get("received_at_ms")
    rejection: Rejection = {
        "reason": Reason.STORE_REFUSED,
        "detail": refusal.detail[:_LONGEST_DETAIL],
        "topic": topics.telemetry(kind if isinstance(kind, str) else "unknown"),
        "payload": base64.b64encode(orjson.dumps(report)[:KEPT_BYTES]).decode(),
        "received_at_ms": received_at_ms if type(received_at_ms) is int else now_ms,
    }
    if isinstance(device_id, str) and DEVICE_ID.fullmatch(device_id):
        rejection["device_id"] = device_id
    return encode_rejection(rejection, topics)
