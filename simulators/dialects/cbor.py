"""As much of CBOR (RFC 8949) as sensors send: whole numbers, floats, texts, booleans, arrays and maps."""

from collections.abc import Mapping, Sequence
from struct import pack
from typing import Final

CborValue = int | float | str | bool | Sequence["CborValue"] | Mapping[int, "CborValue"] | Mapping[str, "CborValue"]

_UNSIGNED, _NEGATIVE, _TEXT, _ARRAY, _MAP = (major << 5 for major in (0, 1, 3, 4, 5))
_FALSE, _TRUE, _FLOAT64 = b"\xf4", b"\xf5", b"\xfb"
_WIDTHS: Final = ((1 << 8, 24, ">BB"), (1 << 16, 25, ">BH"), (1 << 32, 26, ">BI"), (1 << 64, 27, ">BQ"))


def encode_cbor(value: CborValue) -> bytes:
    """One data item: definite lengths, the shortest whole numbers, every float in eight bytes, maps in their own order.

    Source: RFC 8949, section 3 and appendix A.
    """
    match value:
        case bool():
            return _TRUE if value else _FALSE
        case float():
            return _FLOAT64 + pack(">d", value)
        case int():
            return _head(_UNSIGNED, value) if value >= 0 else _head(_NEGATIVE, -1 - value)
        case str():
            text = value.encode()
            return _head(_TEXT, len(text)) + text
        case Mapping():
            return _head(_MAP, len(value)) + b"".join(
                encode_cbor(key) + encode_cbor(item) for key, item in value.items()
            )
        case _:
            return _head(_ARRAY, len(value)) + b"".join(map(encode_cbor, value))


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major | argument,))
    for bound, code, layout in _WIDTHS:
        if argument < bound:
            return pack(layout, major | code, argument)
    raise OverflowError(f"{argument} does not fit 64 bits")
