"""Reports and events as points of InfluxDB. Pure.

A report is one point: measurement = kind; tags area, department, device_id; fields are its quantities, `received_at_ms`,
`message_id`, `time_source` where the gateway gave the time, and `_q_<quantity>` for each reading that is not good.
An event is one point: measurement `city_event`, time = opened_at_ms, tags rule and subject, the whole event in `body`.
"""

from typing import Final

from domain.events import Event
from timeseries.line_protocol import carried, float_field, integer_field, point, series_key, string_field
from timeseries.sifting import Fresh

EVENT_MEASUREMENT: Final = "city_event"
RECEIVED: Final = "received_at_ms"
MESSAGE: Final = "message_id"
_TIME_SOURCE: Final = "time_source"
_QUALITY_PREFIX: Final = "_q_"
_OURS: Final = frozenset((RECEIVED, MESSAGE, _TIME_SOURCE))


def quality_field(quantity: str) -> str:
    return _QUALITY_PREFIX + quantity


def is_quantity(field: str) -> bool:
    """Whether a field of a report's point is a reading, and nothing of ours beside the readings."""
    return not field.startswith("_") and field not in _OURS


def report_line(fresh: Fresh) -> str:
    """The line of a report's fresh readings.

    Where they merge into an instant that is known already, what was told with the first report stays as it is.
    Raises: ValueError where a quantity has a name that stands for something else in a point.
    """
    report, readings = fresh.report, fresh.readings
    department = report.get("department")
    series = series_key(
        report["kind"],
        ("area", report.get("area")),
        ("department", department if isinstance(department, str) else None),
        ("device_id", report["device_id"]),
    )
    fields = [(quantity, float_field(value)) for quantity, value in readings.items()]
    for quantity in readings:
        if not is_quantity(quantity):
            raise ValueError(f"reading {quantity!r}: the name is taken by a field of every report")
    quality = report.get("quality")
    if quality:
        fields += [(quality_field(name), string_field(carried(quality[name]))) for name in readings if name in quality]
    if not fresh.merges:
        fields.append((RECEIVED, integer_field(report["received_at_ms"])))
        if message_id := report.get("message_id"):
            fields.append((MESSAGE, string_field(carried(message_id))))
        if time_source := report.get("time_source"):
            fields.append((_TIME_SOURCE, string_field(carried(time_source))))
    return point(series, fields, report["observed_at_ms"])


def event_line(event: Event) -> str:
    """The line of an event. Every revision has every field, for a field left out would keep its older value."""
    fields = [
        ("event_id", string_field(str(event.event_id))),
        ("revision", integer_field(event.revision)),
        ("status", string_field(event.status.value)),
        ("severity", string_field(event.severity.value)),
        ("area", string_field(carried(event.area or ""))),
        ("body", string_field(event.model_dump_json())),
    ]
    series = series_key(EVENT_MEASUREMENT, ("rule", event.rule), ("subject", event.subject))
    return point(series, fields, event.opened_at_ms)
