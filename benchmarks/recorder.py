"""What the recorder's stores take, from reports as the log holds them, each beside the bare library in the same run.

The floor of DuckDB is the insertion of prepared numpy columns into the same table, that of InfluxDB and VictoriaMetrics the
client's write of prepared, joined lines. The floors know no duplicates, no sums, no progress and no refusals.
"""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS

from domain.telemetry import Telemetry
from tests.servers.influxdb import InfluxServer
from tests.servers.victoriametrics import VictoriaMetrics
from timeseries.deduplication.classification import Fresh
from timeseries.duckdb.report_writer import insert_columns, reading_columns
from timeseries.duckdb.schema import open_database
from timeseries.duckdb.store import DuckDBStore
from timeseries.influxdb.connection import Address
from timeseries.influxdb.points import report_line
from timeseries.influxdb.store import InfluxStore
from timeseries.ports import PartitionBatch, Store

Row = dict[str, Any]

_T0_MS = 1_763_772_000_000
_REPORTS = 5_000
_READINGS = 4
_ROUND = 10
_GROWN_ROUNDS = 50
_BATCHES = 24
_PLACE = ("telemetry.streetlight", 0)

_GROW = f"""
INSERT INTO telemetry BY NAME
SELECT 'streetlight' AS kind, printf('SL-320582-%06d', n // {_READINGS} % {_REPORTS * _ROUND}) AS device_id,
    ['active_power', 'voltage', 'current', 'dimming_level'][n % {_READINGS} + 1] AS quantity,
    {_T0_MS} + n // {_READINGS * _REPORTS * _ROUND} * 600000 + n // {_READINGS} % {_REPORTS * _ROUND} * 12
        AS observed_at_ms,
    n::DOUBLE AS value, observed_at_ms + 300 AS received_at_ms, n::VARCHAR AS message_id
FROM range({_READINGS * _REPORTS * _ROUND * _GROWN_ROUNDS}) numbers(n)"""


async def measure() -> list[Row]:
    """Rows of {name, value, unit, floor, ratio}. A server that cannot be had is left out."""
    rows = [*await _into_duckdb(grown=False), *await _into_duckdb(grown=True)]
    for name, served in (("InfluxDB", _influxdb), ("VictoriaMetrics", _victoriametrics)):
        with tempfile.TemporaryDirectory() as folder:
            try:
                async with served(Path(folder)) as address:
                    rows += await _into_server(name, address)
            except pytest.skip.Exception as absence:
                print(f"{name} is left out: {absence}")
    return rows


async def _into_duckdb(grown: bool) -> list[Row]:
    """New reports, then known ones, into an empty table or one of ten million rows; ours and bare in turn."""
    with tempfile.TemporaryDirectory() as folder:
        bare = open_database(Path(folder) / "bare.duckdb")
        path = Path(folder) / "timeseries.duckdb"
        if grown:
            with open_database(path) as filling:
                filling.execute(_GROW)
        store = await DuckDBStore.open(path)
        first = _GROWN_ROUNDS * _ROUND if grown else 0
        ours_s: list[float] = []
        bare_s: list[float] = []
        for number in range(first, first + _BATCHES):
            columns = reading_columns(_as_fresh(_batch(number)))
            with _timed(bare_s):
                insert_columns(bare, "telemetry", columns)
            ours_s.append(await _write(store, _batch(number)))
        known_s = [await _write(store, _batch(13 * number % max(first, _BATCHES))) for number in range(_BATCHES)]
        await store.close()
        bare.close()
    name = "DuckDB with 10 million rows" if grown else "DuckDB, empty"
    return [
        _row(name, ours_s, bare_s, _READINGS, "readings/s"),
        _row(name, ours_s, bare_s, 1, "reports/s"),
        _row(f"{name}, all known", known_s, bare_s, _READINGS, "readings/s"),
    ]


async def _into_server(name: str, address: Address) -> list[Row]:
    client = InfluxDBClient(address.url, token="bench", org=address.org, enable_gzip=True)
    precision: Any = "ms"  # annotated as WritePrecision, whose constants are plain text
    writing = client.write_api(write_options=SYNCHRONOUS)
    store = InfluxStore(address, "bench", remembered=4 * _REPORTS)
    ours_s: list[float] = []
    bare_s: list[float] = []
    for number in range(_BATCHES):
        lines = "\n".join(map(report_line, _as_fresh(_batch(2 * number))))
        with _timed(bare_s):
            await asyncio.to_thread(writing.write, address.bucket, record=lines, write_precision=precision)
        ours_s.append(await _write(store, _batch(2 * number + 1)))
    await store.close()
    client.close()  # type: ignore[no-untyped-call]  # the client leaves it untyped
    return [_row(name, ours_s, bare_s, 1, "lines/s"), _row(name, ours_s, bare_s, _READINGS, "readings/s")]


@asynccontextmanager
async def _influxdb(folder: Path) -> AsyncIterator[Address]:
    server = InfluxServer(folder, token="bench").start().set_up()
    try:
        yield Address(server.influx.url, server.influx.org, server.influx.make_bucket())
    finally:
        server.stop()


@asynccontextmanager
async def _victoriametrics(folder: Path) -> AsyncIterator[Address]:
    server = VictoriaMetrics(folder).start()
    try:
        yield Address(server.url, "any", "any")
    finally:
        server.stop()


def _batch(number: int) -> list[Telemetry]:
    """Five thousand lamps of fifty thousand, each ten minutes after its last report."""
    round_, part = divmod(number, _ROUND)
    return [_report(round_, part * _REPORTS + lamp) for lamp in range(_REPORTS)]


def _report(round_: int, lamp: int) -> Telemetry:
    at_ms = _T0_MS + round_ * 600_000 + lamp * 12
    return {
        "device_id": f"SL-320582-{lamp:06d}",
        "kind": "streetlight",
        "observed_at_ms": at_ms,
        "received_at_ms": at_ms + 300,
        "codec": "json",
        "message_id": str(round_),
        "area": "320582/110/152/102",
        "readings": {
            "active_power": 96.2 + lamp % 7, "voltage": 229.1 + round_ % 5, "current": 0.42, "dimming_level": 80.0,
        },
    }  # fmt: skip


def _as_fresh(reports: Iterable[Telemetry]) -> list[Fresh]:
    return [Fresh(report, report["readings"], _PLACE, merges=False) for report in reports]


async def _write(store: Store, reports: list[Telemetry]) -> float:
    """Seconds that one write of the batch took."""
    taken: list[float] = []
    with _timed(taken):
        await store.write_telemetry([PartitionBatch(*_PLACE, 0, reports)], {})
    return taken[0]


@contextmanager
def _timed(taken: list[float]) -> Any:
    begun = time.perf_counter()
    yield
    taken.append(time.perf_counter() - begun)


def _row(name: str, ours_s: Sequence[float], bare_s: Sequence[float], per_report: int, unit: str) -> Row:
    value, floor = (len(taken) * _REPORTS * per_report / sum(taken) for taken in (ours_s, bare_s))
    return {"name": f"recorder into {name}", "value": value, "unit": unit, "floor": floor, "ratio": value / floor}
