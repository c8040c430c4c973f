"""Sparkplug B payloads out of protobuf's wire format, and the one payload that urbansense sends itself.

Source: Eclipse Sparkplug 3.0, section 6 (sparkplug_b.proto, proto2); protobuf "Encoding". Fields that have nothing to
do with readings (metadata, descriptions) are passed over, like unknown ones.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MOST_METRICS: Final = 20_000
"""In one payload."""


class Malformed(ValueError):
    """Bytes that are no Sparkplug B payload."""


@dataclass(slots=True)
class Metric:
    """One metric as it came. `value` is a raw integer as yet for integer datatypes (`sparkplug.typed_value`).

    `has_value` is False where no value field stands in the metric; `quality` is its `Quality` property.
    """

    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int | None = None
    is_transient: bool = False
    is_null: bool = False
    value: object = None
    is_integer: bool = False
    quality: int | None = None


@dataclass(slots=True)
class Payload:
    """One payload. `seq` is None where it has none; `has_body` where it carries something else than metrics."""

    timestamp_ms: int | None = None
    seq: int | None = None
    has_body: bool = False
    metrics: list[Metric] = field(default_factory=list)


_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_32_BITS: Final = 0xFFFF_FFFF
_64_BITS: Final = 0xFFFF_FFFF_FFFF_FFFF


def read_payload(data: bytes) -> Payload:
    """The payload in `data`. Cost: linear in its length. Raises: Malformed."""
    payload = Payload()
    for number, kind, value in _fields(data):
        if number == 1:
            payload.timestamp_ms = _integer(kind, value)
        elif number == 2:
            if len(payload.metrics) >= MOST_METRICS:
                raise Malformed(f"more than {MOST_METRICS} metrics")
            payload.metrics.append(_metric(_bytes(kind, value)))
        elif number == 3:
            payload.seq = _integer(kind, value)
        elif number == 5:
            payload.has_body = True
    return payload


def _metric(data: bytes) -> Metric:
    metric = Metric()
    for number, kind, value in _fields(data):
        match number:
            case 1:
                metric.name = _text(kind, value)
            case 2:
                metric.alias = _integer(kind, value)
            case 3:
                metric.timestamp_ms = _integer(kind, value)
            case 4:
                metric.datatype = _integer(kind, value)
            case 6:
                metric.is_transient = bool(_integer(kind, value))
            case 7:
                metric.is_null = bool(_integer(kind, value))
            case 9:
                metric.quality = _quality(_bytes(kind, value))
            case 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18:
                metric.is_integer = number < 12
                metric.value = _value(number, kind, value)
    return metric


def _value(number: int, kind: int, value: int | bytes) -> object:
    """What a value field holds; a dataset or template is only an object, since no reading comes of it."""
    match number:
        case 10:
            return _integer(kind, value) & _32_BITS
        case 11:
            return _integer(kind, value)
        case 12 if kind == _FIXED32:
            return struct.unpack("<f", _raw(value))[0]
        case 13 if kind == _FIXED64:
            return struct.unpack("<d", _raw(value))[0]
        case 14:
            return bool(_integer(kind, value))
        case 15:
            return _text(kind, value)
        case 16:
            return _bytes(kind, value)
        case 17 | 18:
            return {"bytes": len(_bytes(kind, value))}
    raise Malformed(f"a metric's field {number} with wire type {kind}")


def _quality(data: bytes) -> int | None:
    """The integer that a PropertySet holds under `Quality`."""
    keys: list[str] = []
    values: list[int | None] = []
    for number, kind, value in _fields(data):
        if number == 1:
            keys.append(_text(kind, value))
        elif number == 2:
            values.append(_property(_bytes(kind, value)))
    return dict(zip(keys, values, strict=False)).get("Quality")


def _property(data: bytes) -> int | None:
    for number, kind, value in _fields(data):
        if number in (3, 4):
            return _integer(kind, value) & _32_BITS
    return None


def _fields(data: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """(number, wire type, value) of each field: an int of a varint, the bytes of every other."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise Malformed(f"a field of number {number}")
        if kind == _VARINT:
            whole, at = _varint(data, at)
            yield number, kind, whole
            continue
        if kind == _BYTES:
            length, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            length = 8 if kind == _FIXED64 else 4
        else:
            raise Malformed(f"wire type {kind}")
        if length > end - at:
            raise Malformed(f"a field of {length} bytes where {end - at} are left")
        yield number, kind, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[at : at + 10]:
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _64_BITS, at
        shift += 7
    raise Malformed("an unfinished integer")


def _integer(kind: int, value: int | bytes) -> int:
    if kind != _VARINT or not isinstance(value, int):
        raise Malformed(f"wire type {kind} where an integer belongs")
    return value


def _bytes(kind: int, value: int | bytes) -> bytes:
    if kind != _BYTES:
        raise Malformed(f"wire type {kind} where bytes belong")
    return _raw(value)


def _raw(value: int | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def _text(kind: int, value: int | bytes) -> str:
    try:
        return _bytes(kind, value).decode()
    except UnicodeDecodeError:
        raise Malformed("a text that is not UTF-8") from None


def rebirth_command(at_ms: int) -> bytes:
    """The NCMD payload that asks an edge node for its births: `Node Control/Rebirth` = true; without seq, as it must be."""
    name, boolean = b"Node Control/Rebirth", 11
    metric = b"\x0a" + bytes([len(name)]) + name + b"\x18" + _as_varint(at_ms) + bytes([0x20, boolean, 0x70, 1])
    return b"\x08" + _as_varint(at_ms) + b"\x12" + bytes([len(metric)]) + metric


def _as_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
