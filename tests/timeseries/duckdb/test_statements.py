"""How many statements a write takes: each costs as much as thousands of rows given column by column."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from domain.time.units import MINUTE_MS
from tests.timeseries.building import NOON_MS, batch, event, report
from timeseries.duckdb.event_table import write_events
from timeseries.duckdb.report_writer import ReportWriter, load_progress
from timeseries.duckdb.schema import open_database


class _CountedConnection:
    """A DuckDB connection that counts its statements; one that is run for each of many rows counts as many."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.statements = 0

    def execute(self, query: str, parameters: Sequence[Any] | None = None) -> duckdb.DuckDBPyConnection:
        self.statements += 1
        return self._connection.execute(query, parameters)

    def executemany(self, query: str, rows: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        self.statements += len(rows)
        return self._connection.executemany(query, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    @property
    def bare(self) -> duckdb.DuckDBPyConnection:
        return cast(duckdb.DuckDBPyConnection, self)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[_CountedConnection]:
    opened = open_database(tmp_path / "timeseries.duckdb")
    yield _CountedConnection(opened)
    opened.close()


def test_a_write_takes_no_more_statements_for_many_partitions_than_for_one(connection: _CountedConnection) -> None:
    writer = ReportWriter(connection.bare)

    def statements(partitions: int, observed_at_ms: int) -> int:
        before = connection.statements
        reports = [batch(report({"voltage": 1.0}, observed_at_ms), partition=number) for number in range(partitions)]
        writer.write(reports, {})
        return connection.statements - before

    one, many = statements(1, NOON_MS), statements(40, NOON_MS + MINUTE_MS)
    assert many == one
    assert len(load_progress(connection.bare)) == 40


def test_many_events_take_no_more_statements_than_one(connection: _CountedConnection) -> None:
    def statements(events: int, opened_at_ms: int) -> int:
        before = connection.statements
        write_events(connection.bare, [event(opened_at_ms=opened_at_ms + number) for number in range(events)])
        return connection.statements - before

    assert statements(50, NOON_MS) == statements(1, NOON_MS + MINUTE_MS)
