"""Reading telemetry back from the DuckDB file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import duckdb

from domain.telemetry import Telemetry
from timeseries.queries.samples import Bucket, Sample
from timeseries.queries.series import SeriesQuery
from timeseries.queries.stored_reports import stored_report

_LATEST = """
SELECT device_id, quantity, unnest(arg_max(
    {'observed_at_ms': observed_at_ms, 'value': value, 'quality': quality, 'received_at_ms': received_at_ms,
     'message_id': message_id}, observed_at_ms))
FROM telemetry WHERE device_id IN (SELECT unnest(?)) GROUP BY device_id, quantity"""

_SAMPLES = """
SELECT observed_at_ms, value, quality, received_at_ms, message_id FROM telemetry
WHERE device_id = $device_id AND kind = $kind AND quantity = $quantity
  AND observed_at_ms >= $from_ms AND observed_at_ms < $to_ms
ORDER BY observed_at_ms LIMIT $limit"""

_BUCKETS = """
SELECT observed_at_ms // $every * $every AS start_ms, avg(value), min(value), max(value), count(*) FROM telemetry
WHERE device_id = $device_id AND kind = $kind AND quantity = $quantity
  AND observed_at_ms >= $from_ms AND observed_at_ms < $to_ms AND quality IS DISTINCT FROM 'bad'
GROUP BY start_ms ORDER BY start_ms"""

_REPORTS = """
SELECT device_id, observed_at_ms, received_at_ms, message_id, time_source, list(quantity), list(value), list(quality)
FROM telemetry
WHERE kind = $kind AND observed_at_ms >= $from_ms AND observed_at_ms < $to_ms {of_device}
GROUP BY device_id, observed_at_ms, received_at_ms, message_id, time_source
ORDER BY received_at_ms, min(rowid)"""


def fetch_latest(
    connection: duckdb.DuckDBPyConnection, device_ids: Sequence[str]
) -> Mapping[str, Mapping[str, Sample]]:
    latest: dict[str, dict[str, Sample]] = {}
    for device_id, quantity, *sample in connection.execute(_LATEST, [list(device_ids)]).fetchall():
        latest.setdefault(device_id, {})[quantity] = Sample(*sample)
    return latest


def fetch_samples(connection: duckdb.DuckDBPyConnection, series: SeriesQuery, limit: int) -> Sequence[Sample]:
    rows = connection.execute(_SAMPLES, {**asdict(series), "limit": limit}).fetchall()
    return [Sample(*row) for row in rows]


def fetch_buckets(connection: duckdb.DuckDBPyConnection, series: SeriesQuery, every_ms: int) -> Sequence[Bucket]:
    rows = connection.execute(_BUCKETS, {**asdict(series), "every": every_ms}).fetchall()
    return [Bucket(*row) for row in rows]


def fetch_reports(
    connection: duckdb.DuckDBPyConnection, kind: str, from_ms: int, to_ms: int, device_id: str | None
) -> Sequence[Telemetry]:
    asked = {"kind": kind, "from_ms": from_ms, "to_ms": to_ms}
    if device_id is not None:
        asked["device_id"] = device_id
    query = _REPORTS.format(of_device="" if device_id is None else "AND device_id = $device_id")
    return [
        stored_report(kind, *row, values=dict(zip(quantities, values, strict=True)), quality=_marks(quantities, marks))
        for *row, quantities, values, marks in connection.execute(query, asked).fetchall()
    ]


def _marks(quantities: Sequence[str], marks: Sequence[str | None]) -> dict[str, str]:
    return {quantity: mark for quantity, mark in zip(quantities, marks, strict=True) if mark is not None}
