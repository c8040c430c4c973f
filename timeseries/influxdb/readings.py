"""Readings of many devices: the questions we ask InfluxDB, and what its answers mean. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from domain.telemetry import Quality
from domain.time.durations import parse_instant_ms
from timeseries.influxdb import flux
from timeseries.influxdb.flux import Row, literal
from timeseries.influxdb.line_protocol import carried, uncarried
from timeseries.influxdb.points import EVENT_MEASUREMENT, MESSAGE, RECEIVED, TIME_SOURCE, quality_field
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Sample

_MOST_NAMED_DEVICES: Final = 200
_READINGS: Final = f"r._measurement != {literal(EVENT_MEASUREMENT)} and r._field !~ /^_/ and " + " and ".join(
    f"r._field != {literal(field)}" for field in (RECEIVED, MESSAGE, TIME_SOURCE)
)
Details = Mapping[tuple[str, int, str], str]
"""What came with readings, by (device_id, observed_at_ms, field)."""


def readings_flux(bucket: str, query: ReadingQuery) -> str:
    """One page. Each series is cut to what the page can hold before the server puts them together."""
    columns = ["_time"] if query.by == "time" else ["_value", "_time"]
    of_series = _order(columns, query.descending)
    of_all = _order([*columns, "device_id", "_field"], query.descending)
    behind = f" |> filter(fn: (r) => {_behind(query.after, query)})" if query.after is not None else ""
    return (
        f'{_matching(bucket, query)} |> keep(columns: ["_time", "_value", "_field", "device_id"]){behind}'
        f" |> {of_series} |> limit(n: {query.limit + query.skip}) |> group() |> {of_all}"
        f" |> limit(n: {query.limit}, offset: {query.skip})"
    )


def count_flux(bucket: str, query: ReadingQuery) -> str:
    return f'{_matching(bucket, query)} |> count() |> keep(columns: ["_value"]) |> group() |> sum()'


def count_in(rows: Iterable[Row]) -> int:
    return sum(int(row["_value"]) for row in rows)


def details_flux(bucket: str, rows: Sequence[Row]) -> str:
    """What came with the readings of these rows, and, where they are many, with others between them."""
    instants = [parse_instant_ms(row["_time"]) for row in rows]
    devices = sorted({row["device_id"] for row in rows})
    fields = sorted({quality_field(row["_field"]) for row in rows})
    conditions = [flux.any_of("_field", (RECEIVED, MESSAGE, *fields))]
    if len(devices) <= _MOST_NAMED_DEVICES:
        conditions.append(flux.any_of("device_id", devices))
    return (
        f"{flux.source(bucket, min(instants), max(instants) + 1, *conditions)} |> toString()"
        ' |> keep(columns: ["_time", "_value", "_field", "device_id"]) |> group()'
    )


def details_in(rows: Iterable[Row]) -> Details:
    return {(row["device_id"], parse_instant_ms(row["_time"]), row["_field"]): row["_value"] for row in rows}


def readings_in(rows: Iterable[Row], details: Details) -> list[StoredReading]:
    return [_reading(row, details) for row in rows]


def _reading(row: Row, details: Details) -> StoredReading:
    at_ms = parse_instant_ms(row["_time"])

    def detail(field: str) -> str | None:
        return details.get((row["device_id"], at_ms, field)) or None

    quality, received, message = detail(quality_field(row["_field"])), detail(RECEIVED), detail(MESSAGE)
    return StoredReading(
        uncarried(row["device_id"]),
        uncarried(row["_field"]),
        Sample(
            at_ms,
            float(row["_value"]),
            cast(Quality, quality) if quality else None,
            int(received) if received else None,
            uncarried(message) if message else None,
        ),
    )


def _matching(bucket: str, query: ReadingQuery) -> str:
    conditions = [_READINGS]
    for column, wanted in (("device_id", query.device_ids), ("_field", query.quantities)):
        if wanted is not None:
            conditions.append(flux.any_of(column, [carried(one) for one in wanted]) if wanted else "false")
    found = flux.source(bucket, *query.span_ms, *conditions)
    if not query.values:
        return found
    held = " and ".join(f"r._value {comparison} float(v: {literal(repr(value))})" for comparison, value in query.values)
    return f"{found} |> filter(fn: (r) => {held})"


def _behind(last: StoredReading, query: ReadingQuery) -> str:
    """The readings behind `last` in the query's order, column by column."""
    places = {
        "_time": flux.instant(last.sample.observed_at_ms),
        "device_id": literal(carried(last.device_id)),
        "_field": literal(carried(last.quantity)),
    }
    if query.by == "value":
        places = {"_value": f"float(v: {literal(repr(last.sample.value))})", **places}
    sign, behind = "<" if query.descending else ">", ""
    for column, place in reversed(places.items()):
        tie = f" or (r.{column} == {place} and ({behind}))" if behind else ""
        behind = f"r.{column} {sign} {place}{tie}"
    return behind


def _order(columns: Sequence[str], descending: bool) -> str:
    return f"sort(columns: [{', '.join(map(literal, columns))}], desc: {str(descending).lower()})"
