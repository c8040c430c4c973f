"""Follows the log and remembers what is newest: the clock, when each device reported last, the latest event changes."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

import orjson
import structlog

from cases.workflow.case import Case
from domain.cloud_events import CloudEventReader
from domain.events import Event
from domain.topics import Topics, is_tick
from streams.ports import Batch, Log, Record, Start
from streams.reading.ticks import TickCheck
from web.live.updates import CaseUpdate, EventUpdate

_log = structlog.get_logger()

READ_TIMEOUT_S = 0.5


class LiveFeed:
    """What is newest on the log. Run it as a service; what was on the log before its start is not looked at.

    It commits nothing and may be started in any number of processes. The questions are quick and only look at memory.
    """

    def __init__(self, log: Log, topics: Topics, remembered_changes: int = 1000) -> None:
        self._log = log
        self._topics = topics
        self.tick_check = TickCheck(topics, "live feed")
        self._now_ms: int | None = None
        self._last_report_ms: dict[str, int] = {}
        self._changes: deque[EventUpdate] = deque(maxlen=remembered_changes)
        self._case_changes: deque[CaseUpdate] = deque(maxlen=remembered_changes)
        self._sequence = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Follow the log until `stop`."""
        topics = [*self._topics.all_telemetry, self._topics.events, self._topics.cases]
        reader = await self._log.reader(topics, start=Start.LATEST)
        try:
            while not stop.is_set():
                self.take(await reader.read(READ_TIMEOUT_S))
        finally:
            await reader.close()

    def take(self, batch: Batch) -> None:
        """Remember what is newest in the records."""
        for partition, records in batch.items():
            if partition.topic == self._topics.events:
                for record in records:
                    self._take_event(record)
            elif partition.topic == self._topics.cases:
                for record in records:
                    self._take_case(record)
            else:
                for record in records:
                    self._take_telemetry(record)

    def now_ms(self) -> int | None:
        """The newest tick of the log's clock; None before the first."""
        return self._now_ms

    def last_heard_ms(self) -> Mapping[str, int]:
        """The newest observed time by device, for devices that reported since this process began to follow the log."""
        return self._last_report_ms

    def changes_after(self, sequence: int) -> Sequence[EventUpdate]:
        """Event changes with a higher sequence, oldest first. Older ones than the feed remembers are left out."""
        return [change for change in self._changes if change.sequence > sequence]

    def case_changes_after(self, sequence: int) -> Sequence[CaseUpdate]:
        """Changes of cases likewise; the two share one sequence."""
        return [change for change in self._case_changes if change.sequence > sequence]

    def _take_case(self, record: Record) -> None:
        kind = CloudEventReader(record.headers).type
        if record.value is None or kind is None:
            return
        try:
            case = Case.model_validate_json(record.value)
        except ValueError as error:
            _log.warning("web.live.unreadable_case", offset=record.offset, error=str(error))
            return
        self._sequence += 1
        self._case_changes.append(CaseUpdate(self._sequence, kind.verb, case))

    def _take_telemetry(self, record: Record) -> None:
        if record.value is None:
            return
        try:
            document = orjson.loads(record.value)
            if is_tick(tuple(record.headers)):
                if self.tick_check.counts(document["tick_at_ms"], record.timestamp):
                    self._now_ms = max(self._now_ms or 0, document["tick_at_ms"])
                return
            device_id = document["device_id"]
            if document["observed_at_ms"] > self._last_report_ms.get(device_id, 0):
                self._last_report_ms[device_id] = document["observed_at_ms"]
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("web.live.unreadable_telemetry", offset=record.offset, error=repr(error))

    def _take_event(self, record: Record) -> None:
        if record.value is None:
            return
        try:
            event = Event.model_validate_json(record.value)
        except ValueError as error:
            _log.warning("web.live.unreadable_event", offset=record.offset, error=str(error))
            return
        self._sequence += 1
        self._changes.append(EventUpdate(self._sequence, event))
