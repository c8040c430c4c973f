"""Readings of many devices from the DuckDB file."""

from collections.abc import Sequence
from typing import Any

import duckdb

from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Sample

_COLUMNS = "device_id, quantity, observed_at_ms, value, quality, received_at_ms, message_id"


def fetch_readings(connection: duckdb.DuckDBPyConnection, query: ReadingQuery) -> Sequence[StoredReading]:
    key = _key(query)
    direction = " DESC" if query.descending else ""
    where, values = _conditions(query)
    if query.after is not None:
        where.append(f"({', '.join(key)}) {'<' if query.descending else '>'} ({', '.join('?' * len(key))})")
        values += _place(query.after, key)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM telemetry WHERE {' AND '.join(where)}"
        f" ORDER BY {', '.join(column + direction for column in key)} LIMIT ? OFFSET ?",
        [*values, query.limit, query.skip],
    ).fetchall()
    return [StoredReading(device_id, quantity, Sample(*sample)) for device_id, quantity, *sample in rows]


def count_readings(connection: duckdb.DuckDBPyConnection, query: ReadingQuery) -> int:
    where, values = _conditions(
        ReadingQuery(query.from_ms, query.to_ms, query.device_ids, query.quantities, query.values)
    )
    ((count,),) = connection.execute(f"SELECT count(*) FROM telemetry WHERE {' AND '.join(where)}", values).fetchall()
    return int(count)


def _key(query: ReadingQuery) -> tuple[str, ...]:
    first = ("observed_at_ms",) if query.by == "time" else ("value", "observed_at_ms")
    return (*first, "device_id", "quantity")


def _place(reading: StoredReading, key: Sequence[str]) -> list[Any]:
    return [getattr(reading if column in ("device_id", "quantity") else reading.sample, column) for column in key]


def _conditions(query: ReadingQuery) -> tuple[list[str], list[Any]]:
    """The conditions, one at least, and the values of their parameters in order."""
    from_ms, to_ms = query.span_ms
    where: list[str] = ["true"]
    values: list[Any] = []
    if from_ms is not None:
        where.append("observed_at_ms >= ?")
        values.append(from_ms)
    if to_ms is not None:
        where.append("observed_at_ms < ?")
        values.append(to_ms)
    for column, wanted in (("device_id", query.device_ids), ("quantity", query.quantities)):
        if wanted is not None:
            where.append(f"{column} IN (SELECT unnest(?::VARCHAR[]))" if len(wanted) != 1 else f"{column} = ?")
            values.append(list(wanted) if len(wanted) != 1 else wanted[0])
    for comparison, value in query.values:
        where.append(f"value {comparison} ?")
        values.append(value)
    return where, values
