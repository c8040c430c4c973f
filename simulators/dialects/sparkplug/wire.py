"""Sparkplug B payloads in protobuf's wire format, written and, as far as commands need, read by hand.

Source: eclipse-tahu sparkplug_b.proto (proto2), as quoted in Sparkplug 3.0, chapter 6; protobuf's "Encoding" page.
"""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import lru_cache
from struct import pack
from typing import Final, NamedTuple

_MASK64: Final = (1 << 64) - 1
_FIXED_LENGTHS: Final = {1: 8, 5: 4}


class DataType(IntEnum):
    """The data types that we send (Sparkplug 3.0, chapter 6)."""

    INT64 = 4
    UINT64 = 8
    DOUBLE = 10
    BOOLEAN = 11


class Metric(NamedTuple):
    """One metric. `value` None is sent as `is_null`; of `name`, `alias` and `datatype` what is None is left out.

    `historical`: it is not the current value (`is_historical`).
    """

    timestamp_ms: int
    value: float | bool | None
    name: str | None = None
    alias: int | None = None
    datatype: DataType | None = None
    historical: bool = False


def encode_payload(timestamp_ms: int, metrics: Iterable[Metric], seq: int | None) -> bytes:
    """A Payload; fields in the order of their numbers. `seq` None leaves it out, as a death certificate must."""
    body = [b"\x08", _varint(timestamp_ms)]
    for metric in metrics:
        encoded = _metric(metric)
        body += (b"\x12", _varint(len(encoded)), encoded)
    if seq is not None:
        body += (b"\x18", _varint(seq))
    return b"".join(body)


def booleans_of(payload: bytes) -> dict[str, bool]:
    """The boolean metrics of a payload by name: all that a command to a simulated node can hold.

    Raises: ValueError where the bytes are no protobuf message.
    """
    found: dict[str, bool] = {}
    for number, field in _fields(payload):
        if number == 2 and isinstance(field, bytes):
            metric = dict(_fields(field))
            name, value = metric.get(1), metric.get(14)
            if isinstance(name, bytes) and isinstance(value, int):
                found[name.decode("utf-8", "replace")] = bool(value)
    return found


def _metric(metric: Metric) -> bytes:
    body: list[bytes] = []
    if metric.name is not None:
        name = metric.name.encode()
        body += (b"\x0a", _varint(len(name)), name)
    if metric.alias is not None:
        body += (b"\x10", _varint(metric.alias))
    body += (b"\x18", _varint(metric.timestamp_ms))
    if metric.datatype is not None:
        body += (b"\x20", _varint(metric.datatype))
    if metric.historical:
        body.append(b"\x28\x01")  # is_historical 5
    match metric.value:
        case None:
            body.append(b"\x38\x01")  # is_null 7
        case bool():
            body += (b"\x70", b"\x01" if metric.value else b"\x00")  # boolean_value 14
        case int() if metric.datatype in (DataType.INT64, DataType.UINT64):
            body += (b"\x58", _varint(metric.value & _MASK64))  # long_value 11
        case _:
            body.append(pack("<cd", b"\x69", metric.value))  # double_value 13
    return b"".join(body)


@lru_cache(maxsize=1024)
def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and content of each field of a message: varints as int, the rest as bytes."""
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        wire_type = key & 7
        if wire_type == 0:
            value, at = _read_varint(message, at)
            yield key >> 3, value
            continue
        if wire_type == 2:
            length, at = _read_varint(message, at)
        elif wire_type in _FIXED_LENGTHS:
            length = _FIXED_LENGTHS[wire_type]
        else:
            raise ValueError(f"wire type {wire_type} is not used by Sparkplug")
        if at + length > len(message):
            raise ValueError("a field is longer than its message")
        yield key >> 3, message[at : at + length]
        at += length


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    for byte in message[at : at + 10]:
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise ValueError("a number without an end")
