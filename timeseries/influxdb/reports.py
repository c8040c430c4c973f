"""Whole reports out of InfluxDB: the question, and what its answer means. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from domain.telemetry import Telemetry
from domain.time.durations import parse_instant_ms
from timeseries.influxdb import flux
from timeseries.influxdb.flux import Row, literal
from timeseries.influxdb.line_protocol import carried, measurement_name, uncarried
from timeseries.influxdb.points import MESSAGE, RECEIVED, TIME_SOURCE, is_quantity, quality_field
from timeseries.queries.stored_reports import stored_report


def reports_flux(bucket: str, kind: str, from_ms: int, to_ms: int, device_id: str | None) -> str:
    """Every field of every point in the range. (Putting points together costs the server more than it costs us.)"""
    conditions = [f"r._measurement == {literal(measurement_name(kind))}"]
    if device_id is not None:
        conditions.append(flux.any_of("device_id", [carried(device_id)]))
    points = flux.source(bucket, from_ms, to_ms, *conditions)
    return f'{points} |> keep(columns: ["_time", "_field", "_value", "device_id"])'


def reports_in(rows: Iterable[Row], kind: str) -> Sequence[Telemetry]:
    """The reports by time of receipt."""
    points: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for row in rows:
        points[row["_time"], row["device_id"]][uncarried(row["_field"])] = row["_value"]
    reports = [_report(kind, at, device_id, fields) for (at, device_id), fields in points.items()]
    return sorted(reports, key=lambda report: (report["received_at_ms"], report["observed_at_ms"]))


def _report(kind: str, at: str, device_id: str, fields: dict[str, str]) -> Telemetry:
    values = {field: float(value) for field, value in fields.items() if is_quantity(field)}
    observed_at_ms = parse_instant_ms(at)
    message_id = fields.get(MESSAGE)
    return stored_report(
        kind,
        uncarried(device_id),
        observed_at_ms,
        int(fields.get(RECEIVED) or observed_at_ms),
        uncarried(message_id) if message_id else None,
        fields.get(TIME_SOURCE) or None,
        values=values,
        quality={name: mark for name in values if (mark := fields.get(quality_field(name)))},
    )
