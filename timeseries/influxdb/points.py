"""Reports and events as points of InfluxDB. Pure.

A report is one point: measurement = kind; tags area, department, device_id; fields are its quantities, `received_at_ms`,
`message_id`, `time_source` where the gateway gave the time, and `_q_<quantity>` for each reading that is not good.
An event is one point: measurement `city_event`, time = opened_at_ms, tags rule and subject, the whole event in `body`.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from domain.events import Event
from timeseries.deduplication.classification import Fresh
from timeseries.influxdb.line_protocol import (
    escaped,
    float_field,
    integer_field,
    point,
    series_key,
    string_field,
    text_field,
)

EVENT_MEASUREMENT: Final = "city_event"
RECEIVED: Final = "received_at_ms"
MESSAGE: Final = "message_id"
TIME_SOURCE: Final = "time_source"
_QUALITY_PREFIX: Final = "_q_"
_OURS: Final = frozenset((RECEIVED, MESSAGE, TIME_SOURCE))


def quality_field(quantity: str) -> str:
    return _QUALITY_PREFIX + quantity


def is_quantity(field: str) -> bool:
    """Whether a field of a report's point is a reading, and nothing of ours beside the readings."""
    return not field.startswith("_") and field not in _OURS


def report_line(fresh: Fresh) -> str:
    """The line of a report's fresh readings.

    Where they merge into an instant that is known already, what came with the first report stays as it is.
    Raises: ValueError where a quantity has a name that stands for something else in a point.
    """
    report, readings = fresh.report, fresh.readings
    tags: Mapping[str, Any] = report  # a department is no part of Telemetry, but is kept where a report has one
    series = _series_of(report["kind"], tags.get("area"), tags.get("department"), report["device_id"])
    fields = [f"{_reading_key(quantity)}{float_field(value)}" for quantity, value in readings.items()]
    quality = report.get("quality")
    if quality:
        marks = [(escaped(quality_field(name)), quality[name]) for name in readings if name in quality]
        fields += [f"{key}={text_field(mark)}" for key, mark in marks]
    if not fresh.merges:
        fields.append(f"{RECEIVED}={integer_field(report['received_at_ms'])}")
        if message_id := report.get("message_id"):
            fields.append(f"{MESSAGE}={text_field(message_id)}")
        if time_source := report.get("time_source"):
            fields.append(f"{TIME_SOURCE}={text_field(time_source)}")
    return point(series, fields, report["observed_at_ms"])


def event_line(event: Event) -> str:
    """The line of an event. Every revision has every field, for a field left out would keep its older value."""
    fields = [
        f"event_id={string_field(str(event.event_id))}",
        f"revision={integer_field(event.revision)}",
        f"status={string_field(event.status.value)}",
        f"severity={string_field(event.severity.value)}",
        f"area={text_field(event.area or '')}",
        f"body={string_field(event.model_dump_json())}",
    ]
    series = series_key(EVENT_MEASUREMENT, ("rule", event.rule), ("subject", event.subject))
    return point(series, fields, event.opened_at_ms)


@lru_cache(maxsize=300_000)
def _series_of(kind: str, area: str | None, department: str | None, device_id: str) -> str:
    return series_key(kind, ("area", area), ("department", department), ("device_id", device_id))


@lru_cache(maxsize=4096)
def _reading_key(quantity: str) -> str:
    if not is_quantity(quantity):
        raise ValueError(f"reading {quantity!r}: the name is taken by a field of every report")
    return f"{escaped(quantity)}="
