"""The embedded store: one DuckDB file, for one process."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import duckdb

from domain.errors import TransientFault
from domain.events import Event
from domain.telemetry import Telemetry
from timeseries.duckdb import event_table, queries, readings
from timeseries.duckdb.report_writer import ReportWriter, load_progress
from timeseries.duckdb.schema import open_database
from timeseries.ports import PartitionBatch, PartitionProgress, WriteOutcome
from timeseries.queries.events import EventPage, EventQuery
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Bucket, Sample
from timeseries.queries.series import SeriesQuery

_T = TypeVar("_T")


class DuckDBStore:
    """`timeseries.ports.Store` on DuckDB; safe to use from many tasks of one event loop.

    One thread writes. Another reads, on a snapshot of its own, so a long query holds up other queries but no write.
    Made by `open`.
    """

    def __init__(self, path: Path, database: duckdb.DuckDBPyConnection) -> None:
        self._path = path
        self._database = database
        self._writer = database.cursor()
        self._reports = ReportWriter(self._writer)
        self._writing = ThreadPoolExecutor(1, "timeseries-write")
        self._reading = ThreadPoolExecutor(1, "timeseries-read")

    @classmethod
    async def open(cls, path: Path) -> Self:
        """The store in the file `path`, made where there is none. Raises: ConfigurationError where it cannot be opened."""
        return await asyncio.to_thread(lambda: cls(path, open_database(path)))

    async def load_progress(self) -> Mapping[tuple[str, int], PartitionProgress]:
        # Behind whatever still writes: a write whose caller was cancelled must not be missed, or it would be done twice.
        return await self._run(self._writing, partial(load_progress, self._writer))

    async def write_telemetry(
        self, batches: Sequence[PartitionBatch], progress: Mapping[tuple[str, int], PartitionProgress]
    ) -> WriteOutcome:
        return await self._run(self._writing, partial(self._reports.write, batches, progress))

    async def fetch_latest(self, device_ids: Sequence[str]) -> Mapping[str, Mapping[str, Sample]]:
        return await self._read(partial(queries.fetch_latest, device_ids=device_ids))

    async def fetch_samples(
        self, device_id: str, kind: str, quantity: str, from_ms: int, to_ms: int, limit: int = 100_000
    ) -> Sequence[Sample]:
        series = SeriesQuery(device_id, kind, quantity, from_ms, to_ms)
        return await self._read(partial(queries.fetch_samples, series=series, limit=limit))

    async def fetch_buckets(
        self, device_id: str, kind: str, quantity: str, from_ms: int, to_ms: int, every_ms: int
    ) -> Sequence[Bucket]:
        series = SeriesQuery(device_id, kind, quantity, from_ms, to_ms)
        return await self._read(partial(queries.fetch_buckets, series=series, every_ms=every_ms))

    async def fetch_reports(
        self, kind: str, from_ms: int, to_ms: int, device_id: str | None = None
    ) -> Sequence[Telemetry]:
        asked = partial(queries.fetch_reports, kind=kind, from_ms=from_ms, to_ms=to_ms, device_id=device_id)
        return await self._read(asked)

    async def fetch_readings(self, query: ReadingQuery) -> Sequence[StoredReading]:
        return await self._read(partial(readings.fetch_readings, query=query))

    async def count_readings(self, query: ReadingQuery) -> int:
        return await self._read(partial(readings.count_readings, query=query))

    async def write_events(self, events: Sequence[Event]) -> None:
        await self._run(self._writing, partial(event_table.write_events, self._writer, events))

    async def fetch_events(self, query: EventQuery) -> EventPage:
        return await self._read(partial(event_table.fetch_events, query=query))

    async def fetch_event(self, event_id: str) -> Event | None:
        return await self._read(partial(event_table.fetch_event, event_id=event_id))

    async def check(self) -> str:
        return f"DuckDB {duckdb.__version__} in {self._path}"

    async def close(self) -> None:
        """Finish what runs and close the file. Twice does no harm."""
        await asyncio.to_thread(self._writing.shutdown)
        await asyncio.to_thread(self._reading.shutdown)
        await asyncio.to_thread(self._database.close)

    async def _read(self, query: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """The answer to a query; cancelling it ends the query, so that the next one need not wait for it."""
        cursor = self._database.cursor()

        def ask() -> _T:
            with cursor:
                return query(cursor)

        try:
            return await self._run(self._reading, ask)
        except asyncio.CancelledError:
            with suppress(duckdb.Error):
                cursor.interrupt()
            raise

    async def _run(self, thread: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, work)
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise TransientFault(f"the embedded store {self._path} did not take it: {error}") from error
