"""Writing reports into the DuckDB file: rows, progress and the removal of duplicates in one transaction."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from domain.telemetry import Telemetry
from timeseries.deduplication.classification import Classified, Fresh, TelemetryPartition, classify, outcome_of, screen
from timeseries.deduplication.known_reports import COPY_WINDOW_MS, KnownReports, message_key
from timeseries.duckdb.schema import transaction
from timeseries.ports import PartitionBatch, PartitionProgress, Sums, WriteOutcome

Columns = dict[str, NDArray[Any]]

_KNOWN_AT = """
SELECT t.device_id, t.observed_at_ms, t.quantity, t.value FROM telemetry t
SEMI JOIN doubtful d ON t.device_id = d.device_id AND t.observed_at_ms = d.observed_at_ms
WHERE t.observed_at_ms BETWEEN ? AND ?"""

_COPIES_OF = """
SELECT t.device_id, t.observed_at_ms, t.message_id, t.received_at_ms, list(t.quantity), list(t.value) FROM telemetry t
SEMI JOIN doubtful d ON t.device_id = d.device_id AND t.message_id = d.message_id
WHERE t.time_source = 'gateway' AND t.received_at_ms BETWEEN ? AND ?
GROUP BY ALL ORDER BY t.received_at_ms"""


def load_progress(connection: duckdb.DuckDBPyConnection) -> dict[TelemetryPartition, PartitionProgress]:
    rows = connection.execute(
        "SELECT topic, partition, next_offset, stored, duplicate, refused FROM progress"
    ).fetchall()
    return {(topic, partition): PartitionProgress(offset, Sums(*sums)) for topic, partition, offset, *sums in rows}


class ReportWriter:
    """The one writer of the telemetry table; use from one thread only.

    It holds the newest instant of every device in memory (about 150 bytes each): a report later than that is new without
    asking the table, so only late and repeated ones cost a look-up, and that reads no more than their range of time.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        rows = connection.execute("SELECT device_id, max(observed_at_ms) FROM telemetry GROUP BY device_id").fetchall()
        self._newest_ms: dict[str, int] = dict(rows)

    def write(
        self, batches: Sequence[PartitionBatch], progress: Mapping[TelemetryPartition, PartitionProgress]
    ) -> WriteOutcome:
        """Store the batches and where they end, all or nothing. Raises: duckdb.Error, and then nothing has changed."""
        classified = Classified()
        sound = screen(batches, classified)
        classify(sound, self._known_of([report for _, report in sound]), classified)
        outcome = outcome_of(classified, batches, progress)
        with transaction(self._connection):
            insert_columns(self._connection, "telemetry", reading_columns(classified.fresh))
            self._keep_progress(outcome.progress)
        for report in (fresh.report for fresh in classified.fresh):
            if report["observed_at_ms"] > self._newest_ms.get(report["device_id"], -1):
                self._newest_ms[report["device_id"]] = report["observed_at_ms"]
        return outcome

    def _known_of(self, reports: Sequence[Telemetry]) -> KnownReports:
        """What the table knows that any of the reports could repeat."""
        known = KnownReports()
        newest_ms = self._newest_ms
        late = [report for report in reports if report["observed_at_ms"] <= newest_ms.get(report["device_id"], -1)]
        if late:
            self._learn_instants(known, late)
        copies = [report for report in reports if message_key(report) is not None]
        if copies:
            self._learn_copies(known, copies)
        return known

    def _learn_instants(self, known: KnownReports, late: Sequence[Telemetry]) -> None:
        instants = np.array([report["observed_at_ms"] for report in late], dtype=np.int64)
        doubtful = {"device_id": _texts([report["device_id"] for report in late]), "observed_at_ms": instants}
        for device_id, observed_at_ms, quantity, value in self._ask(_KNOWN_AT, doubtful, instants, 0):
            known.learn_readings(device_id, observed_at_ms, {quantity: value})

    def _learn_copies(self, known: KnownReports, copies: Sequence[Telemetry]) -> None:
        doubtful = {
            "device_id": _texts([report["device_id"] for report in copies]),
            "message_id": _texts([report.get("message_id") for report in copies]),
        }
        received = np.array([report["received_at_ms"] for report in copies], dtype=np.int64)
        rows = self._ask(_COPIES_OF, doubtful, received, COPY_WINDOW_MS)
        for device_id, _, message_id, received_at_ms, quantities, values in rows:
            readings = frozenset(zip(quantities, values, strict=True))
            known.learn_message((device_id, message_id, readings), received_at_ms)

    def _ask(self, query: str, doubtful: Columns, instants: NDArray[np.int64], margin_ms: int) -> list[Any]:
        self._connection.register("doubtful", doubtful)
        try:
            bounds = [int(instants.min()) - margin_ms, int(instants.max()) + margin_ms]
            return self._connection.execute(query, bounds).fetchall()
        finally:
            with suppress(duckdb.Error):
                self._connection.unregister("doubtful")

    def _keep_progress(self, reached: Mapping[TelemetryPartition, PartitionProgress]) -> None:
        for (topic, partition), progress in reached.items():
            sums = progress.sums
            place = [topic, partition]
            self._connection.execute("DELETE FROM progress WHERE topic = ? AND partition = ?", place)
            row = [*place, progress.next_offset, sums.stored, sums.duplicate, sums.refused]
            self._connection.execute("INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?)", row)


def insert_columns(connection: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> None:
    """Append rows given column by column, all of one length, under the table's column names."""
    connection.register("arriving", columns)
    try:
        connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
    finally:
        with suppress(duckdb.Error):  # of a database that the insert's error made useless
            connection.unregister("arriving")


def reading_columns(fresh: Sequence[Fresh]) -> Columns:
    """The rows of the telemetry table, one per reading, column by column; booleans are 1.0 and 0.0."""
    reports = [each.report for each in fresh]
    readings = [each.readings for each in fresh]
    counts = np.fromiter(map(len, readings), dtype=np.int64, count=len(fresh))
    rows = int(counts.sum())

    def repeated(column: NDArray[Any]) -> NDArray[Any]:
        return np.repeat(column, counts)

    return {
        "kind": repeated(_texts([report["kind"] for report in reports])),
        "device_id": repeated(_texts([report["device_id"] for report in reports])),
        "quantity": _texts(list(chain.from_iterable(readings))),
        "observed_at_ms": repeated(np.array([report["observed_at_ms"] for report in reports], dtype=np.int64)),
        "value": np.fromiter(chain.from_iterable(each.values() for each in readings), np.float64, rows),
        "quality": _qualities(fresh),
        "received_at_ms": repeated(np.array([report["received_at_ms"] for report in reports], dtype=np.int64)),
        "message_id": repeated(_texts([report.get("message_id") for report in reports])),
        "time_source": repeated(_texts([report.get("time_source") for report in reports])),
    }


def _qualities(fresh: Sequence[Fresh]) -> NDArray[Any]:
    marks: list[str | None] = []
    for report, readings, *_ in fresh:
        quality = report.get("quality")
        marks.extend(map(quality.get, readings) if quality else (None,) * len(readings))
    return _texts(marks)


def _texts(values: Sequence[str | None]) -> NDArray[Any]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
