"""The embedded store: one DuckDB file, for one process."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Self, TypeVar

import duckdb

from domain.errors import ConfigurationError, TransientFault
from domain.events import Event
from domain.telemetry import Telemetry
from timeseries.duckdb import event_table, queries, readings
from timeseries.duckdb.report_writer import ReportWriter, load_progress
from timeseries.duckdb.schema import disk_words, open_database
from timeseries.ports import PartitionBatch, PartitionProgress, WriteOutcome
from timeseries.queries.events import EventPage, EventQuery
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Bucket, Sample
from timeseries.queries.series import SeriesQuery

_T = TypeVar("_T")


class _Open:
    """The file, open: one cursor writes, `database` makes others to read."""

    def __init__(self, path: Path) -> None:
        self.database = open_database(path)
        try:
            self.writer = self.database.cursor()
            self.reports = ReportWriter(self.writer)
        except BaseException:
            self.database.close()
            raise

    def close(self) -> None:
        for connection in (self.writer, self.database):
            with suppress(duckdb.Error):  # of a database that an error made useless
                connection.close()


class DuckDBStore:
    """`timeseries.ports.Store` on DuckDB; safe to use from many tasks of one event loop.

    One thread writes. Another reads, on a snapshot of its own, so a long query holds up other queries but no write. The
    file is opened at the first use, and anew where an error made DuckDB give it up, as a disk that is full in the middle of
    a checkpoint does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: _Open | None = None
        self._opening = Lock()
        self._writing = ThreadPoolExecutor(1, "timeseries-write")
        self._reading = ThreadPoolExecutor(1, "timeseries-read")
        self._fault = ""

    @classmethod
    async def open(cls, path: Path) -> Self:
        """The store in the file `path`, made where there is none. Raises: ConfigurationError where it cannot be opened."""
        store = cls(path)
        await asyncio.to_thread(store._opened)
        return store

    async def load_progress(self) -> Mapping[tuple[str, int], PartitionProgress]:
        # Behind whatever still writes: a write whose caller was cancelled must not be missed, or it would be done twice.
        return await self._write(lambda store: load_progress(store.writer))

    async def write_telemetry(
        self, batches: Sequence[PartitionBatch], progress: Mapping[tuple[str, int], PartitionProgress]
    ) -> WriteOutcome:
        return await self._write(lambda store: store.reports.write(batches, progress))

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
        await self._write(lambda store: event_table.write_events(store.writer, events))

    async def fetch_events(self, query: EventQuery) -> EventPage:
        return await self._read(partial(event_table.fetch_events, query=query))

    async def fetch_event(self, event_id: str) -> Event | None:
        return await self._read(partial(event_table.fetch_event, event_id=event_id))

    async def check(self) -> str:
        """Raises: TransientFault where the file cannot be opened, or took nothing when it was last written."""
        await self._run(None, self._opened)  # in no queue: a long query is no trouble
        if self._fault:
            raise TransientFault(self._fault)
        return f"DuckDB {duckdb.__version__} in {self._path}"

    async def close(self) -> None:
        """Finish what runs and close the file. Twice does no harm."""
        await asyncio.to_thread(self._writing.shutdown)
        await asyncio.to_thread(self._reading.shutdown)
        await asyncio.to_thread(self._close)

    async def _write(self, work: Callable[[_Open], _T]) -> _T:
        try:
            done = await self._run(self._writing, lambda: work(self._opened()))
        except TransientFault as fault:
            self._fault = str(fault)
            raise
        self._fault = ""
        return done

    async def _read(self, query: Callable[[duckdb.DuckDBPyConnection], _T]) -> _T:
        """The answer to a query; cancelling it ends the query, so that the next one need not wait for it."""
        asked: list[duckdb.DuckDBPyConnection] = []

        def ask() -> _T:
            with self._opened().database.cursor() as cursor:
                asked.append(cursor)
                return query(cursor)

        try:
            return await self._run(self._reading, ask)
        except asyncio.CancelledError:
            for cursor in asked:
                with suppress(duckdb.Error):
                    cursor.interrupt()
            raise

    async def _run(self, thread: ThreadPoolExecutor | None, work: Callable[[], _T]) -> _T:
        def mapped() -> _T:
            try:
                return work()
            except ConfigurationError as error:
                raise TransientFault(str(error)) from error
            except duckdb.FatalException as error:
                self._close()
                raise self._fault_of(error) from error
            except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
                raise self._fault_of(error) from error

        return await asyncio.get_running_loop().run_in_executor(thread, mapped)

    def _fault_of(self, error: duckdb.Error) -> TransientFault:
        return TransientFault(disk_words(self._path, str(error)) or f"the embedded store {self._path} failed: {error}")

    def _opened(self) -> _Open:
        """Raises: ConfigurationError where the file cannot be opened now."""
        with self._opening:
            if self._open is None:
                self._open = _Open(self._path)
            return self._open

    def _close(self) -> None:
        with self._opening:
            if self._open is not None:
                self._open.close()
            self._open = None
