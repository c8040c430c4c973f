"""SenML in CBOR, brought to the labels and types of SenML in JSON. Source: RFC 8428 section 6."""

from decimal import Decimal
from io import BytesIO
from typing import Final

import cbor2

from domain.errors import Unreadable
from domain.rejections import Reason

_LABELS: Final = {
    -1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs",
    0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}  # fmt: skip
_MAX_DEPTH: Final = 8
_INTEGERS, _NEGATIVES, _BYTES, _TEXTS, _ARRAYS, _MAPS, _TAGS = range(7)
_KEYS: Final = (_INTEGERS, _NEGATIVES, _TEXTS)
_KNOWN_TAGS: Final = frozenset({4, 5, 55799})
"""Decimal fraction, bigfloat (RFC 8949 section 3.4.4), and the mark of CBOR itself."""
_INDEFINITE: Final = 31
_BREAK: Final = 0xFF
_UNTIL_BREAK: Final = 1 << 65  # even, as a map's keys and values are


def looks_like_cbor_array(payload: bytes) -> bool:
    """Whether `payload` begins as a CBOR array does; no JSON text can, since these bytes cannot begin UTF-8."""
    return bool(payload) and 0x80 <= payload[0] <= 0x9F


def decode_senml_cbor(payload: bytes) -> object:
    """The pack in `payload` with text labels and plain numbers; what is no array of maps is left as it is.

    Raises: Unreadable (unparseable) for what is not one well-formed item, holds a key twice or nests too deep, for a key
    that is neither a whole number nor a text, and for every tag but those of decimal fractions and bigfloats.
    """
    _check_items(payload)
    stream = BytesIO(payload)
    try:
        pack = cbor2.CBORDecoder(stream, max_depth=_MAX_DEPTH, allow_duplicate_keys=False).decode()
    except Exception as error:  # its tag decoders raise whatever the types behind them raise
        raise Unreadable(Reason.UNPARSEABLE, f"not CBOR: {error}") from None
    if stream.tell() < len(payload):
        raise Unreadable(Reason.UNPARSEABLE, f"{len(payload) - stream.tell()} bytes stand behind the CBOR pack")
    if not isinstance(pack, list):
        return pack
    return [_with_text_labels(record) if isinstance(record, dict) else record for record in pack]


def _check_items(payload: bytes) -> None:
    """Go over the heads of all items before one is built: what tags and keys build may cost the square of their size.

    (A whole number of any length as a decimal fraction, keys of equal hashes, values that hold themselves.) Stops where
    the payload is not well-formed, which the decoder refuses. Cost: linear. Raises: Unreadable. Source: RFC 8949 section 3.
    """
    at, end = 0, len(payload)
    left, maps = [1], [False]
    while left and len(left) <= _MAX_DEPTH + 1:
        if left[-1] == 0:
            left.pop(), maps.pop()
            continue
        if at >= end:
            return
        head = payload[at]
        at += 1
        if head == _BREAK:
            left.pop(), maps.pop()
            continue
        kind, size = head >> 5, head & 31
        if maps[-1] and left[-1] % 2 == 0 and kind not in _KEYS:
            raise Unreadable(Reason.UNPARSEABLE, "a CBOR map has a key that is neither a whole number nor a text")
        if size >= 24 and size != _INDEFINITE:
            wide = 1 << size - 24
            size = int.from_bytes(payload[at : at + wide], "big")
            at += wide
            is_endless = False
        else:
            is_endless = size == _INDEFINITE
        left[-1] -= kind != _TAGS
        if kind in (_ARRAYS, _MAPS) or (is_endless and kind in (_BYTES, _TEXTS)):
            left.append(_UNTIL_BREAK if is_endless else size * (1 + (kind == _MAPS)))
            maps.append(kind == _MAPS)
        elif kind in (_BYTES, _TEXTS):
            at += size
        elif kind == _TAGS and size not in _KNOWN_TAGS:
            raise Unreadable(Reason.UNPARSEABLE, f"the CBOR tag {size} has no place in a SenML pack")


def _with_text_labels(record: dict[object, object]) -> dict[object, object]:
    labelled: dict[object, object] = {}
    for key, value in record.items():
        label = _LABELS.get(key, key) if type(key) is int else key
        if label in labelled:
            raise Unreadable(Reason.UNPARSEABLE, f"the field {label!r} stands twice in one record")
        labelled[label] = float(value) if isinstance(value, Decimal) else value
    return labelled
