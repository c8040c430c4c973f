"""A protobuf message field by field: one changed at any depth, the lengths above it put right."""

from collections.abc import Sequence
from random import Random
from typing import Final

_WIDTHS: Final = {1: 8, 5: 4}
_VALUES: Final = (0, 1, 2, 127, 128, 255, 256, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1)


def change_fields(data: bytes, random: Random, pool: Sequence[bytes], depth: int = 0) -> bytes:
    """The message with a field changed, dropped, doubled or of another number. Raises: LookupError where it is none."""
    fields = _split(data)
    at = random.randrange(len(fields))
    key, value = fields[at]
    match random.randrange(6):
        case 0:
            del fields[at]
        case 1:
            fields.insert(random.randrange(len(fields) + 1), fields[at])
        case 2:
            fields[at] = (random.randrange(1, 20) << 3 | key & 7, value)
        case _ if isinstance(value, int):
            fields[at] = (key, random.choice(_VALUES))
        case _ if key & 7 == 2 and depth < 3 and random.random() < 0.8:
            try:
                fields[at] = (key, change_fields(value, random, pool, depth + 1))
            except LookupError:
                fields[at] = (key, random.choice((b"", value[:-1], value * 2, b"\xff" + value, b"x" * 300)))
        case _:
            fields[at] = (key, bytes(random.randrange(256) for _ in value))
    return b"".join(_join(key, value) for key, value in fields)


def _split(data: bytes) -> list[tuple[int, int | bytes]]:
    fields: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
            fields.append((key, value))
            continue
        length = _WIDTHS.get(key & 7)
        if length is None:
            if key & 7 != 2:
                raise LookupError("no protobuf")
            length, at = _varint(data, at)
        if at + length > len(data):
            raise LookupError("no protobuf")
        fields.append((key, data[at : at + length]))
        at += length
    return fields


def _join(key: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _as_varint(key) + _as_varint(value)
    return _as_varint(key) + (_as_varint(len(value)) if key & 7 == 2 else b"") + value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
