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


def looks_like_cbor_array(payload: bytes) -> bool:
    """Whether `payload` begins as a CBOR array does; no JSON text can, since these bytes cannot begin UTF-8."""
    return bool(payload) and 0x80 <= payload[0] <= 0x9F


def decode_senml_cbor(payload: bytes) -> object:
    """The pack in `payload` with text labels and plain numbers; what is no array of maps is left as it is.

    Raises: Unreadable (unparseable) for what is not one well-formed item, holds a key twice or nests too deep.
    """
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


def _with_text_labels(record: dict[object, object]) -> dict[object, object]:
    labelled: dict[object, object] = {}
    for key, value in record.items():
        label = _LABELS.get(key, key) if type(key) is int else key
        if label in labelled:
            raise Unreadable(Reason.UNPARSEABLE, f"the field {label!r} stands twice in one record")
        labelled[label] = float(value) if isinstance(value, Decimal) else value
    return labelled
