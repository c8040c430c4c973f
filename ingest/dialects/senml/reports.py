"""From a SenML pack to reports: the records of one device at one instant belong together."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from domain.errors import Unreadable
from domain.identities import OWN_ID
from domain.rejections import Reason
from ingest.dialects.messages import Decoded, Refused, Uplink
from ingest.dialects.senml.records import SenmlRecord, resolve_pack
from ingest.dialects.senml.units import SENML_TO_UCUM

_ABSOLUTE_FROM_S: Final = 2.0**28
"""A time below this is relative to now (RFC 8428 section 4.5.3)."""
_BEYOND_S: Final = 1e11
_DEV_URN_PARTS: Final = 4


def decode_senml(pack: object, codec: str, topic_device: str, kind: str | None, received_at_ms: int) -> Decoded:
    """The reports in `pack` in order of time, behind the records that are none.

    Shape: a plain name is a quantity of the topic's device; any other name begins with the device it belongs to, and the
    topic's device then reports for it. A record that names no more than a device gives a field named by its unit.
    A sum gives the field `<name>.sum`. A field that stands twice for an instant makes a second report of it.
    Time: now is `received_at_ms`; a device that counts from now has no clock.
    Raises: Unreadable where no record of the pack can be used.
    """
    refused: list[Refused] = []
    usable: list[SenmlRecord] = []
    for record in resolve_pack(pack):
        if isinstance(record, Refused):
            refused.append(record)
        elif abs(record.time_s) < _BEYOND_S:
            usable.append(record)
        else:
            refused.append(Refused(Reason.BAD_TIME, f"{record.name} has the time {record.time_s} s"))
    if not refused and not usable:
        raise Unreadable(Reason.UNPARSEABLE, "no record of the SenML pack has a value")
    usable.sort(key=lambda record: _instant_s(record.time_s, received_at_ms))
    uplinks = _by_device_and_instant(usable, codec, topic_device)
    for uplink in uplinks:
        uplink.kind = kind if uplink.identity.value == topic_device else None
        uplink.speaker = None if uplink.identity.value == topic_device else topic_device
    return [*refused, *uplinks]


def _by_device_and_instant(records: list[SenmlRecord], codec: str, topic_device: str) -> list[Uplink]:
    uplinks: list[Uplink] = []
    holders: dict[tuple[str, float, int], Uplink] = {}
    times_seen: Counter[tuple[str, float, str]] = Counter()
    for record in records:
        device_id, field = _split_name(record, topic_device)
        for source, value, unit in _fields(record, field):
            nth = times_seen[device_id, record.time_s, source]
            times_seen[device_id, record.time_s, source] += 1
            uplink = holders.get((device_id, record.time_s, nth))
            if uplink is None:
                uplink = holders[device_id, record.time_s, nth] = _uplink(codec, device_id, record.time_s)
                uplinks.append(uplink)
            uplink.fields[source] = value
            if unit is not None:
                uplink.units[source] = unit
    return uplinks


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


def _uplink(codec: str, device_id: str, time_s: float) -> Uplink:
    uplink = Uplink(codec, {}, OWN_ID.of(device_id))
    if time_s >= _ABSOLUTE_FROM_S:
        uplink.observed_at_ms = round(time_s * 1000)
    elif time_s:
        uplink.offset_ms = round(time_s * 1000)
        uplink.message_id = (
            f"{uplink.offset_ms:+d}ms"  # keeps reports of one pack apart where their readings are the same
        )
    return uplink


def _instant_s(time_s: float, received_at_ms: int) -> float:
    return time_s if time_s >= _ABSOLUTE_FROM_S else received_at_ms / 1000 + time_s
