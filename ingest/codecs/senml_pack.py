"""From a SenML pack to reports: the records of one device at one instant belong together."""

from collections.abc import Iterator
from typing import Final

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.codecs.senml import SenmlRecord, resolve
from ingest.codecs.senml_units import SENML_TO_UCUM
from ingest.messages import Decoded, Refused, Uplink

_ABSOLUTE_FROM_S: Final = 2.0**28
"""A time below this is relative to now (RFC 8428 section 4.5.3)."""
_BEYOND_S: Final = 1e11
_DEV_URN_PARTS: Final = 4


def decode_senml(pack: object, codec: str, topic_device: str, kind: str | None, received_at_ms: int) -> Decoded:
    """The reports in `pack` in order of time, behind the records that are none.

    Shape: a plain name is a quantity of the topic's device; any other name begins with the device it belongs to, and the
    topic's device is then the speaker for it. A record that names no more than a device gives a field named by its unit.
    A sum gives the field `<name>.sum`. A field told twice for an instant makes a second report of it.
    Time: now is `received_at_ms`; a device that counts from now has no clock.
    Raises: Unreadable where no record of the pack can be used.
    """
    refused: list[Refused] = []
    reports: dict[tuple[str, float], list[Uplink]] = {}
    for record in resolve(pack):
        if isinstance(record, Refused):
            refused.append(record)
        elif not abs(record.time_s) < _BEYOND_S:
            refused.append(Refused(Reason.BAD_TIME, f"{record.name} has the time {record.time_s} s"))
        else:
            device_id, field = _split_name(record, topic_device)
            of_instant = reports.setdefault((device_id, record.time_s), [])
            for source, value, unit in _fields(record, field):
                report = _report_without(source, of_instant, codec, device_id, record.time_s)
                report.fields[source] = value
                if unit is not None and report.units is not None:
                    report.units[source] = unit
    if not refused and not reports:
        raise Unreadable(Reason.UNPARSEABLE, "no record of the SenML pack has a value")
    in_order = sorted(reports.items(), key=lambda item: _instant_s(item[0][1], received_at_ms))
    uplinks = [uplink for _, of_instant in in_order for uplink in of_instant]
    for uplink in uplinks:
        uplink.kind = kind if uplink.device_id == topic_device else None
        uplink.speaker = None if uplink.device_id == topic_device else topic_device
    return [*refused, *uplinks]


def _split_name(record: SenmlRecord, topic_device: str) -> tuple[str, str]:
    """The device that a record's name belongs to, and the source field the rest of the name is."""
    name = record.name
    if name.startswith((f"{topic_device}:", f"{topic_device}/")):
        return topic_device, name[len(topic_device) + 1 :] or _unit_name(record)
    if name == topic_device:
        return topic_device, _unit_name(record)
    if name.startswith("urn:dev:") and name.count(":") == _DEV_URN_PARTS - 1:  # RFC 9039: urn:dev:<type>:<id>
        return name, _unit_name(record)
    cut = max(name.rfind(":"), name.rfind("/"))
    return (topic_device, name) if cut < 0 else (name[:cut], name[cut + 1 :] or _unit_name(record))


def _unit_name(record: SenmlRecord) -> str:
    return record.unit or "value"


def _fields(record: SenmlRecord, field: str) -> Iterator[tuple[str, object, str | None]]:
    if record.label is not None:
        yield field, record.value, SENML_TO_UCUM.get(record.unit, record.unit) if record.unit is not None else None
    if record.total is not None:
        yield f"{field}.sum", record.total, None


def _report_without(source: str, reports: list[Uplink], codec: str, device_id: str, time_s: float) -> Uplink:
    """The report of the instant that has no field `source` yet."""
    for report in reports:
        if source not in report.fields:
            return report
    report = Uplink(codec, {}, device_id, units={})
    if time_s >= _ABSOLUTE_FROM_S:
        report.observed_at_ms = round(time_s * 1000)
    elif time_s:
        report.offset_ms = round(time_s * 1000)
        report.message_id = f"{report.offset_ms:+d}ms"  # keeps reports of one pack apart where readings are the same
    reports.append(report)
    return report


def _instant_s(time_s: float, received_at_ms: int) -> float:
    return time_s if time_s >= _ABSOLUTE_FROM_S else received_at_ms / 1000 + time_s
