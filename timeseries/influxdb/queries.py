"""The questions we ask InfluxDB, and what its answers mean. Pure.

A device whose area has changed has several series; every question below puts them together again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, cast

from domain.events import Event
from domain.telemetry import Quality
from domain.time.durations import parse_instant_ms
from timeseries.influxdb import flux
from timeseries.influxdb.flux import Row, literal
from timeseries.influxdb.line_protocol import carried, measurement_name, uncarried
from timeseries.influxdb.points import EVENT_MEASUREMENT, MESSAGE, RECEIVED, is_quantity, quality_field
from timeseries.queries.events import EventQuery
from timeseries.queries.paging import parse_cursor
from timeseries.queries.samples import Bucket, Sample
from timeseries.queries.series import SeriesQuery

_PIVOT: Final = '|> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")'
_EVENTS: Final = f"r._measurement == {literal(EVENT_MEASUREMENT)}"
_AGGREGATES: Final = ("sum", "min", "max", "count")


def samples_flux(bucket: str, series: SeriesQuery, limit: int) -> str:
    quantity = carried(series.quantity)
    fields = flux.any_of("_field", (quantity, quality_field(quantity), RECEIVED, MESSAGE))
    return (
        f"{_points_of(bucket, series, fields)} {_PIVOT} |> filter(fn: (r) => exists r[{literal(quantity)}])"
        f' |> group() |> sort(columns: ["_time"]) |> limit(n: {limit})'
    )


def samples_in(rows: Iterable[Row], series: SeriesQuery) -> list[Sample]:
    quantity = carried(series.quantity)
    return [
        Sample(
            parse_instant_ms(row["_time"]),
            float(row[quantity]),
            _quality(row.get(quality_field(quantity))),
            _integer(row.get(RECEIVED)),
            _text(row.get(MESSAGE)),
        )
        for row in rows
    ]


def bad_readings_flux(bucket: str, series: SeriesQuery) -> str:
    """Whether any reading in the range is marked bad: one row if so. (Few are, and without them the server aggregates
    where the data lies.)
    """
    field = f"r._field == {literal(quality_field(carried(series.quantity)))}"
    return f'{_points_of(bucket, series, field)} |> filter(fn: (r) => r._value == "bad") |> group() |> limit(n: 1)'


def buckets_flux(bucket: str, series: SeriesQuery, every_ms: int, without_bad: bool) -> str:
    """Sum, low, high and count per interval and area, each under its own result name."""
    quantity = carried(series.quantity)
    if without_bad:
        mark = literal(quality_field(quantity))
        fields = flux.any_of("_field", (quantity, quality_field(quantity)))
        readings = (
            f"{_points_of(bucket, series, fields)} {_PIVOT}"
            f' |> filter(fn: (r) => exists r[{literal(quantity)}] and (not exists r[{mark}] or r[{mark}] != "bad"))'
            f' |> rename(columns: {{{literal(quantity)}: "_value"}})'
        )
    else:
        readings = _points_of(bucket, series, f"r._field == {literal(quantity)}")
    return "\n".join(
        f'{readings} |> aggregateWindow(every: {every_ms}ms, fn: {aggregate}, createEmpty: false, timeSrc: "_start")'
        f" |> yield(name: {literal(aggregate)})"
        for aggregate in _AGGREGATES
    )


def buckets_in(rows: Iterable[Row], every_ms: int) -> list[Bucket]:
    """The intervals put together from their parts, by time; the server cuts the first start to the range, we do not."""
    parts: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        start_ms = parse_instant_ms(row["_time"]) // every_ms * every_ms
        parts[start_ms][row["result"]].append(float(row["_value"]))
    buckets = []
    for start_ms, part in sorted(parts.items()):
        count = round(sum(part["count"]))
        buckets.append(Bucket(start_ms, sum(part["sum"]) / count, min(part["min"]), max(part["max"]), count))
    return buckets


def latest_flux(bucket: str, device_ids: Sequence[str]) -> str:
    """The last value of every field of every device."""
    devices = flux.any_of("device_id", [carried(device_id) for device_id in device_ids])
    return f"{flux.source(bucket, None, None, devices)} |> last()"


class Latest:
    """The newest sample of each quantity by device, put together from points that were asked for one after the other."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, int], str] = {}
        self._newest_ms: dict[str, dict[str, int]] = defaultdict(dict)

    def learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            device_id, field, at_ms = (
                uncarried(row["device_id"]),
                uncarried(row["_field"]),
                parse_instant_ms(row["_time"]),
            )
            self._values[device_id, field, at_ms] = row["_value"]
            if is_quantity(field):
                newest_ms = self._newest_ms[device_id]
                newest_ms[field] = max(newest_ms.get(field, 0), at_ms)

    def instants_without_details(self) -> list[tuple[str, int]]:
        """(device_id, observed_at_ms) of samples that were not in the device's last report: `last` left them bare."""
        newest = {(device_id, at_ms) for device_id, fields in self._newest_ms.items() for at_ms in fields.values()}
        return sorted(
            (device_id, at_ms) for device_id, at_ms in newest if (device_id, RECEIVED, at_ms) not in self._values
        )

    def samples(self) -> dict[str, dict[str, Sample]]:
        return {
            device_id: {quantity: self._sample(device_id, quantity, at_ms) for quantity, at_ms in newest_ms.items()}
            for device_id, newest_ms in self._newest_ms.items()
        }

    def _sample(self, device_id: str, quantity: str, at_ms: int) -> Sample:
        def detail(field: str) -> str | None:
            return self._values.get((device_id, field, at_ms))

        return Sample(
            at_ms,
            float(self._values[device_id, quantity, at_ms]),
            _quality(detail(quality_field(quantity))),
            _integer(detail(RECEIVED)),
            _text(detail(MESSAGE)),
        )


def details_flux(bucket: str, instants: Sequence[tuple[str, int]]) -> str:
    """What came with the reports of these devices at these instants."""
    details = flux.any_of("_field", (RECEIVED, MESSAGE))
    return "\n".join(
        f"{flux.source(bucket, at_ms, at_ms + 1, flux.any_of('device_id', [carried(device_id)]), details)}"
        f' |> yield(name: "{number}")'
        for number, (device_id, at_ms) in enumerate(instants)
    )


def revisions_flux(bucket: str, from_ms: int, to_ms: int) -> str:
    """Identity and revision of the events opened in the range."""
    fields = flux.any_of("_field", ("event_id", "revision"))
    return f"{flux.source(bucket, from_ms, to_ms, _EVENTS, fields)} {_PIVOT}"


def revisions_in(rows: Iterable[Row]) -> list[tuple[str, int]]:
    return [(row["event_id"], int(row["revision"])) for row in rows]


def events_flux(bucket: str, query: EventQuery) -> str:
    """The bodies of one event more than the page holds, newest first."""
    to_ms, found = query.to_ms, []
    if query.cursor is not None:
        cursor = parse_cursor(query.cursor)
        to_ms = cursor.opened_at_ms + 1 if to_ms is None else min(to_ms, cursor.opened_at_ms + 1)
        behind = f"r._time < {flux.instant(cursor.opened_at_ms)} or r.event_id < {literal(str(cursor.event_id))}"
        found.append(f"({behind})")
    tags = {"rule": query.rule, "subject": query.subject}
    conditions = [flux.any_of(tag, [carried(value)]) for tag, value in tags.items() if value is not None]
    found += [f"r.{name} == {literal(value.value)}" for name, value in _states(query) if value is not None]
    if query.area is not None:
        area = carried(query.area)
        found.append(f"(r.area == {literal(area)} or strings.hasPrefix(v: r.area, prefix: {literal(f'{area}/')}))")
    matching = f" |> filter(fn: (r) => {' and '.join(found)})" if found else ""
    return (
        f'import "strings"\n{flux.source(bucket, query.from_ms, to_ms, _EVENTS, *conditions)} {_PIVOT}{matching}'
        f' |> group() |> sort(columns: ["_time", "event_id"], desc: true) |> limit(n: {query.limit + 1})'
        ' |> keep(columns: ["body"])'
    )


def event_place_flux(bucket: str, event_id: str) -> str:
    """Where the event stands: its time, rule and subject."""
    return flux.source(bucket, None, None, _EVENTS, 'r._field == "event_id"', f"r._value == {literal(event_id)}")


def event_flux(bucket: str, place: Row) -> str:
    at_ms = parse_instant_ms(place["_time"])
    tags = [f"r.{tag} == {literal(place[tag])}" for tag in ("rule", "subject")]
    return f'{flux.source(bucket, at_ms, at_ms + 1, _EVENTS, *tags)} |> filter(fn: (r) => r._field == "body") {_PIVOT}'


def access_flux(bucket: str) -> str:
    """The cheapest question that fails where the token or the bucket is wrong."""
    return f"{flux.source(bucket, 0, 1, _EVENTS)} |> limit(n: 1)"


def events_in(rows: Iterable[Row]) -> list[Event]:
    return [Event.model_validate_json(row["body"]) for row in rows]


def _points_of(bucket: str, series: SeriesQuery, fields: str) -> str:
    measurement = f"r._measurement == {literal(measurement_name(series.kind))}"
    device = flux.any_of("device_id", [carried(series.device_id)])
    return flux.source(bucket, series.from_ms, series.to_ms, measurement, device, fields)


def _states(query: EventQuery) -> tuple[tuple[str, StrEnum | None], ...]:
    return ("status", query.status), ("severity", query.severity)


def _quality(text: str | None) -> Quality | None:
    return cast(Quality, text) if text else None


def _integer(text: str | None) -> int | None:
    return int(text) if text else None


def _text(text: str | None) -> str | None:
    return uncarried(text) if text else None
