"""What the network servers of LoRaWAN have in common: decoded fields, the best gateway's link, text instants."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.errors import Unreadable
from domain.rejections import Reason
from domain.time.durations import parse_instant_ms
from ingest.dialects.numbers import number_of

_MAX_DEPTH: Final = 8


def flatten(decoded: Mapping[str, object]) -> dict[str, object]:
    """The fields that a payload formatter decoded, flat: `{"temperature": {"1": 23}}` → `temperature.1`.

    Shape: an array's elements are numbered from 0; an empty object or array stays as it is.
    Raises: Unreadable where it nests deeper than 8, or two fields come to the same name.
    """
    fields: dict[str, object] = {}
    _flatten_into(fields, "", decoded, _MAX_DEPTH)
    return fields


def link_fields(receptions: object, *, is_lora: bool) -> dict[str, object]:
    """`rssi` (dBm) and `snr` (dB) of the gateway with the best reception of the device; empty where none gives them.

    LoRa demodulates below the noise, so the better signal-to-noise ratio is the better gateway, then the stronger one.
    Both network servers leave out fields of value zero; only LoRa has an `snr` that may be one.
    """
    levels = [
        (number_of(reception.get("snr")) or 0.0, rssi)
        for reception in (receptions if isinstance(receptions, list) else [])
        if isinstance(reception, dict) and (rssi := number_of(reception.get("rssi"))) is not None
    ]
    if not levels:
        return {}
    snr, rssi = max(levels)
    return {"rssi": rssi, "snr": snr} if is_lora else {"rssi": rssi}


def instant_ms(candidates: Iterable[object]) -> object:
    """Epoch ms of the first candidate there is; a text where that is no instant, None without any.

    Time: nanoseconds are cut to milliseconds.
    """
    given = next((candidate for candidate in candidates if candidate is not None), None)
    if given is None:
        return None
    try:
        return parse_instant_ms(given) if isinstance(given, str) else f"no text but {type(given).__name__}"
    except (ValueError, OverflowError):
        return given


def member(parent: object, *path: str) -> object:
    """What stands under `path` in nested objects; None where any step is missing or no object."""
    for name in path:
        parent = parent.get(name) if isinstance(parent, dict) else None
    return parent


def _flatten_into(fields: dict[str, object], prefix: str, value: object, depth: int) -> None:
    if isinstance(value, Mapping | list) and value:
        if depth == 0:
            raise Unreadable(Reason.UNPARSEABLE, f"the decoded payload nests deeper than {_MAX_DEPTH}")
        for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value):
            _flatten_into(fields, f"{prefix}.{key}" if prefix else str(key), inner, depth - 1)
    elif prefix in fields:
        raise Unreadable(Reason.UNPARSEABLE, f"the decoded payload holds {prefix!r} twice")
    elif prefix:
        fields[prefix] = value
