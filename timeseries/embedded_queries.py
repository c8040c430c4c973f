"""Reading telemetry back from the DuckDB file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import duckdb

from timeseries.ports import Bucket, Sample
from timeseries.series import Series

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


def fetch_latest(
    connection: duckdb.DuckDBPyConnection, device_ids: Sequence[str]
) -> Mapping[str, Mapping[str, Sample]]:
    latest: dict[str, dict[str, Sample]] = {}
    for device_id, quantity, *sample in connection.execute(_LATEST, [list(device_ids)]).fetchall():
        latest.setdefault(device_id, {})[quantity] = Sample(*sample)
    return latest


def fetch_samples(connection: duckdb.DuckDBPyConnection, series: Series, limit: int) -> Sequence[Sample]:
    rows = connection.execute(_SAMPLES, {**asdict(series), "limit": limit}).fetchall()
    return [Sample(*row) for row in rows]


def fetch_buckets(connection: duckdb.DuckDBPyConnection, series: Series, every_ms: int) -> Sequence[Bucket]:
    rows = connection.execute(_BUCKETS, {**asdict(series), "every": every_ms}).fetchall()
    return [Bucket(*row) for row in rows]
