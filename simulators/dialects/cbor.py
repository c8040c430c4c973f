"""As much of CBOR (RFC 8949) as sensors send: whole numbers, floats, texts, booleans, arrays and maps."""

from collections.abc import Mapping, Sequence
from struct import Struct, pack
from typing import Final

CborValue = int | float | str | bool | Sequence["CborValue"] | Mapping[int, "CborValue"] | Mapping[str, "CborValue"]

_UNSIGNED, _NEGATIVE, _TEXT, _ARRAY, _MAP = (major << 5 for major in (0, 1, 3, 4, 5))
_FALSE, _TRUE = b"\xf4", b"\xf5"
_SHORT_FLOATS: Final = ((b"\xf9", Struct(">e")), (b"\xfa", Struct(">f")))
_WIDTHS: Final = ((1 << 8, 24, ">BB"), (1 << 16, 25, ">BH"), (1 << 32, 26, ">BI"), (1 << 64, 27, ">BQ"))


def encode_cbor(value: CborValue) -> bytes:
    """One data item in preferred serialisation: definite lengths, numbers as short as they lose nothing, maps in order.

    A float stays a float, even if it is whole. Source: RFC 8949, sections 3 and 4.1.
    """
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: CborValue) -> None:
    if isinstance(value, str):
        text = value.encode()
        out += _head(_TEXT, len(text))
        out += text
    elif isinstance(value, float):
        out += _float(value)
    elif isinstance(value, bool):
        out += _TRUE if value else _FALSE
    elif isinstance(value, int):
        out += _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
    elif isinstance(value, Mapping):
        out += _head(_MAP, len(value))
        for key, item in value.items():
            _write(out, key)
            _write(out, item)
    else:
        out += _head(_ARRAY, len(value))
        for item in value:
            _write(out, item)


def _float(value: float) -> bytes:
    for head, layout in _SHORT_FLOATS:
        try:
            short = layout.pack(value)
        except OverflowError:
            continue
        if layout.unpack(short)[0] == value:
            return head + short
    return pack(">Bd", 0xFB, value)


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major | argument,))
    for bound, code, layout in _WIDTHS:
        if argument < bound:
            return pack(layout, major | code, argument)
    raise OverflowError(f"{argument} does not fit 64 bits")
