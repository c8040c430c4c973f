"""What of a load comes out on the log, and when: an observer that reads the telemetry and the events from their end on.

    telemetry.<kind> ──▶ which message of the schedule? ──▶ seen once, again, or not ours ──▶ sight time less intended
    city.events ──▶ which tripping message opened it? ─────────────────────────────────────▶ sight time less intended

Every age counts from the intended send time, which is the report's `observed_at_ms`; so a driver, a broker or a gateway
that falls behind is in the figure, and nobody's pause hides the messages that should have been sent in it.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from simulators.fleet.histogram import LatencyHistogram
from simulators.fleet.kinds import device_id, device_number, trips
from simulators.fleet.packets import FIRST_SEQ
from simulators.fleet.plan import LoadPlan
from streams.ports import LogReader, Record
from urbansense.evaluation.load.target import RULE
from urbansense.wiring.parts import Parts

_READ_S = 0.2
_MOST_AT_ONCE = 20_000


@dataclass(slots=True)
class Ages:
    """Ages of what was seen: over all, and by the second of the run in which it was seen."""

    whole: LatencyHistogram = field(default_factory=LatencyHistogram)
    by_second: dict[int, LatencyHistogram] = field(default_factory=dict)

    def add(self, ages_ms: npt.NDArray[np.float64], second: int) -> None:
        self.whole.add(ages_ms)
        self.by_second.setdefault(second, LatencyHistogram()).add(ages_ms)


@dataclass
class Observations:
    """What was seen of one run. `seen` counts by message; `strange` are reports of ours with another time than intended."""

    plan: LoadPlan
    start_ms: int
    seen: npt.NDArray[np.uint8] = field(init=False)
    duplicates: int = 0
    strange: int = 0
    withdrawn: int = 0
    log: Ages = field(default_factory=Ages)
    event: Ages = field(default_factory=Ages)
    opened: set[int] = field(default_factory=set)
    _tripping: dict[tuple[str, int], int] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = np.zeros(self.plan.profile.schedule.total, np.uint8)
        messages = tripping_messages(self.plan)
        intended_ms = self.plan.profile.schedule.intended_ms(messages, self.start_ms)
        self._tripping = {
            (device_id(message % self.plan.devices), at_ms): message
            for message, at_ms in zip(messages.tolist(), intended_ms.tolist(), strict=True)
        }

    @property
    def distinct(self) -> int:
        return int(np.count_nonzero(self.seen))

    def take_reports(self, reports: Iterable[dict[str, Any]], now_ms: float) -> None:
        """Count reports of the load's devices that were read at `now_ms`."""
        numbers, observed = [], []
        for report in reports:
            seq = report.get("message_id", "")
            if seq.isdigit():
                numbers.append(int(seq) - FIRST_SEQ)
                observed.append(report["observed_at_ms"])
        messages, observed_ms = np.array(numbers, np.int64), np.array(observed, np.int64)
        ours = (messages >= 0) & (messages < len(self.seen)) & (observed_ms >= self.start_ms)
        messages, observed_ms = messages[ours], observed_ms[ours]
        right = self.plan.profile.schedule.intended_ms(messages, self.start_ms) == observed_ms
        self.strange += int(np.count_nonzero(~right))
        messages, observed_ms = messages[right], observed_ms[right]
        distinct, first = np.unique(messages, return_index=True)
        fresh = self.seen[distinct] == 0
        self.duplicates += len(messages) - int(np.count_nonzero(fresh))
        self.seen[distinct] = 1
        if fresh.any():
            self.log.add(now_ms - observed_ms[first[fresh]].astype(np.float64), self._second(now_ms))

    def take_event(self, event: dict[str, Any], now_ms: float) -> None:
        """Count the opening of a probe event."""
        message = self._tripping.get((event["subject"], event["opened_at_ms"]))
        if message is None:
            return
        self.withdrawn += event["status"] == "withdrawn"
        if event["status"] == "open" and message not in self.opened:
            self.opened.add(message)
            self.event.add(np.array([now_ms - event["opened_at_ms"]]), self._second(now_ms))

    def _second(self, now_ms: float) -> int:
        return max(0, int((now_ms - self.start_ms) // 1000))


def tripping_messages(plan: LoadPlan) -> npt.NDArray[np.int64]:
    """The messages that are to open an event each, in order."""
    messages = np.arange(plan.profile.schedule.total, dtype=np.int64)
    return messages[trips(messages, plan.devices, plan.probe_every)]


class LogObserver:
    """Reads the log from its end when it was opened. `observations` is the run that is watched, None between runs.

    Between runs `reported` names the load devices that reported, `standing` those that have a probe event open.
    """

    sees_log = True
    left_out: Sequence[str] = ()

    def __init__(self, parts: Parts, kind: str) -> None:
        self._parts = parts
        self._telemetry = parts.topics.telemetry(kind)
        self.observations: Observations | None = None
        self.reported: set[str] = set()
        self.standing: set[str] = set()

    async def run(self, opened: asyncio.Event) -> None:
        """Watch until cancelled; sets `opened` when nothing that is appended later can be missed."""
        readers = [await self._reader_at_end(topic) for topic in (self._telemetry, self._parts.topics.events)]
        opened.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._watch_telemetry(readers[0]))
                tasks.create_task(self._watch_events(readers[1]))
        finally:
            for reader in readers:
                await reader.close()

    async def _reader_at_end(self, topic: str) -> LogReader:
        ends = {tp: end for tp, (_, end) in (await self._parts.log.bounds([topic])).items()}
        reader = await self._parts.log.reader([topic], partitions=sorted(ends))
        reader.seek(ends)
        return reader

    async def _watch_telemetry(self, reader: LogReader) -> None:
        while True:
            batch = await reader.read(_READ_S, _MOST_AT_ONCE)
            now_ms = time.time() * 1000
            values = [value for records in batch.values() for value in _ours(records)]
            if not values:
                continue
            reports = [orjson.loads(value) for value in values]
            if self.observations is not None:
                self.observations.take_reports(reports, now_ms)
            else:
                self.reported.update(report["device_id"] for report in reports)

    async def _watch_events(self, reader: LogReader) -> None:
        while True:
            batch = await reader.read(_READ_S)
            now_ms = time.time() * 1000
            for records in batch.values():
                for record in records:
                    self.take_event(orjson.loads(record.value or b"{}"), now_ms)

    def take_event(self, event: dict[str, Any], now_ms: float) -> None:
        """An event of any rule, at one of its revisions."""
        if event.get("rule") != RULE:
            return
        change = self.standing.add if event["status"] == "open" else self.standing.discard
        change(event["subject"])
        if self.observations is not None:
            self.observations.take_event(event, now_ms)


def _ours(records: Iterable[Record]) -> list[bytes]:
    """The values of the load's own reports; ticks have no key."""
    return [
        record.value
        for record in records
        if record.key is not None and record.value is not None and device_number(record.key.decode()) is not None
    ]
