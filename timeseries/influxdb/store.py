"""The store on InfluxDB 2. (VictoriaMetrics takes the same writes, but answers no Flux.)"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import structlog

from domain.events import Event
from domain.telemetry import Telemetry
from timeseries.deduplication.classification import Classified, Fresh, TelemetryPartition, classify, outcome_of, screen
from timeseries.deduplication.known_reports import KnownReports, RecentReports
from timeseries.deduplication.revisions import Revisions
from timeseries.influxdb import queries, readings, reports
from timeseries.influxdb.connection import Address, InfluxConnection
from timeseries.influxdb.points import event_line, report_line
from timeseries.ports import PartitionBatch, PartitionProgress, Refusal, WriteOutcome
from timeseries.queries.events import EventPage, EventQuery
from timeseries.queries.paging import page_of
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Bucket, Sample
from timeseries.queries.series import SeriesQuery

_log = structlog.get_logger()
_DEVICES_PER_QUESTION: Final = 200
_INSTANTS_PER_QUESTION: Final = 50


class InfluxStore:
    """`timeseries.ports.Store` on an InfluxDB 2 bucket; safe to use from many tasks of one event loop.

    Delivery: a point overwrites itself, so writing again does no harm. What the server cannot do is done from memory:
    duplicates are counted, and the first value reported wins, within about an hour of log time and the last `remembered`
    reports of this writer; what repeats an older report overwrites it with the same values and counts as stored. Progress
    cannot be kept with the points.
    """

    def __init__(self, address: Address, token: str, *, attempts: int = 3, remembered: int = 200_000) -> None:
        self.address = address
        self._connection = InfluxConnection(address, token, attempts)
        self._bucket = address.bucket
        self._recent = RecentReports(remembered)
        self._revisions = Revisions()

    async def load_progress(self) -> None:
        return None

    async def write_telemetry(
        self, batches: Sequence[PartitionBatch], progress: Mapping[TelemetryPartition, PartitionProgress]
    ) -> WriteOutcome:
        staged, classified = self._recent.stage(), Classified()
        lines = await self._connection.in_thread(lambda: _lines_of(batches, staged, classified))
        refused = await self._connection.write_lines(lines)
        for position, words in sorted(refused.items(), reverse=True):
            _refuse(classified, position, words, staged)
        if classified.fresh:
            self._recent.keep(staged, max(fresh.report["received_at_ms"] for fresh in classified.fresh))
        return outcome_of(classified, batches, progress)

    async def fetch_latest(self, device_ids: Sequence[str]) -> Mapping[str, Mapping[str, Sample]]:
        latest = queries.Latest()
        for first in range(0, len(device_ids), _DEVICES_PER_QUESTION):
            asked = device_ids[first : first + _DEVICES_PER_QUESTION]
            latest.learn(await self._connection.query(queries.latest_flux(self._bucket, asked)))
        bare = latest.instants_without_details()
        for first in range(0, len(bare), _INSTANTS_PER_QUESTION):
            instants = bare[first : first + _INSTANTS_PER_QUESTION]
            latest.learn(await self._connection.query(queries.details_flux(self._bucket, instants)))
        return latest.samples()

    async def fetch_samples(
        self, device_id: str, kind: str, quantity: str, from_ms: int, to_ms: int, limit: int = 100_000
    ) -> Sequence[Sample]:
        series = SeriesQuery(device_id, kind, quantity, from_ms, to_ms)
        rows = await self._connection.query(queries.samples_flux(self._bucket, series, limit))
        return queries.samples_in(rows, series)

    async def fetch_buckets(
        self, device_id: str, kind: str, quantity: str, from_ms: int, to_ms: int, every_ms: int
    ) -> Sequence[Bucket]:
        series = SeriesQuery(device_id, kind, quantity, from_ms, to_ms)
        any_bad = await self._connection.query(queries.bad_readings_flux(self._bucket, series))
        rows = await self._connection.query(queries.buckets_flux(self._bucket, series, every_ms, bool(any_bad)))
        return queries.buckets_in(rows, every_ms)

    async def fetch_reports(
        self, kind: str, from_ms: int, to_ms: int, device_id: str | None = None
    ) -> Sequence[Telemetry]:
        flux = reports.reports_flux(self._bucket, kind, from_ms, to_ms, device_id)
        return reports.reports_in(await self._connection.query(flux), kind)

    async def fetch_readings(self, query: ReadingQuery) -> Sequence[StoredReading]:
        rows = await self._connection.query(readings.readings_flux(self._bucket, query))
        if not rows:
            return []
        details = await self._connection.query(readings.details_flux(self._bucket, rows))
        return readings.readings_in(rows, readings.details_in(details))

    async def count_readings(self, query: ReadingQuery) -> int:
        return readings.count_in(await self._connection.query(readings.count_flux(self._bucket, query)))

    async def write_events(self, events: Sequence[Event]) -> None:
        """As the port states; an event that the server refuses for good is logged with its message, the others are stored.

        Before an event is written whose revision is not in memory, the stored one is read: a point would overwrite it.
        """
        unknown = self._revisions.unknown(events)
        if unknown:
            opened = [event.opened_at_ms for event in unknown]
            flux = queries.revisions_flux(self._bucket, min(opened), max(opened) + 1)
            self._revisions.learn(queries.revisions_in(await self._connection.query(flux)))
        newer = self._revisions.newer(events)
        refused = await self._connection.write_lines([event_line(event) for event in newer])
        for position, words in refused.items():
            _log.error("event refused by the store", event_id=str(newer[position].event_id), detail=words)
        self._revisions.learn((str(event.event_id), event.revision) for event in newer)

    async def fetch_events(self, query: EventQuery) -> EventPage:
        rows = await self._connection.query(queries.events_flux(self._bucket, query))
        return page_of(queries.events_in(rows), query.limit)

    async def fetch_event(self, event_id: str) -> Event | None:
        try:
            wanted = str(UUID(event_id))
        except ValueError:
            return None
        places = await self._connection.query(queries.event_place_flux(self._bucket, wanted))
        if not places:
            return None
        (event,) = queries.events_in(await self._connection.query(queries.event_flux(self._bucket, places[0])))
        return event

    async def check(self) -> str:
        await self._connection.query(queries.access_flux(self._bucket))
        return f"InfluxDB {await self._connection.server_version()} at {self._connection.address}"

    async def close(self) -> None:
        await self._connection.close()


def _lines_of(batches: Sequence[PartitionBatch], staged: KnownReports, classified: Classified) -> list[str]:
    """The lines of all that is new in the batches, in step with `classified.fresh`."""
    classify(screen(batches, classified), staged, classified)
    lines: list[str] = []
    writable: list[Fresh] = []
    for fresh in classified.fresh:
        try:
            lines.append(report_line(fresh))
            writable.append(fresh)
        except ValueError as error:
            staged.forget(fresh.report)
            classified.refused.append((fresh.place, Refusal(fresh.report, str(error))))
    classified.fresh = writable
    return lines


def _refuse(classified: Classified, position: int, words: str, staged: KnownReports) -> None:
    fresh = classified.fresh.pop(position)
    staged.forget(fresh.report)
    classified.refused.append((fresh.place, Refusal(fresh.report, words)))
