"""What the network servers of LoRaWAN have in common: decoded fields, the best gateway's link, the gateways' times."""

from collections.abc import Iterable, Mapping
from typing import Final

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.lorawan.envelope import Envelope
from ingest.dialects.lorawan.frames import UNNAMED, GatewayTime

_MAX_DEPTH: Final = 8


def flatten(decoded: Mapping[str, object]) -> dict[str, object]:
    """The fields that a payload formatter decoded, flat: `{"temperature": {"1": 23}}` → `temperature.1`.

    Shape: an array's elements are numbered from 0; an empty object or array stays as it is.
    Raises: Unreadable where it nests deeper than 8, or two fields come to the same name.
    """
    fields: dict[str, object] = {}
    _flatten_into(fields, "", decoded, _MAX_DEPTH)
    return fields


def link_fields(receptions: Iterable[Envelope], *, is_lora: bool) -> dict[str, object]:
    """`rssi` (dBm) and `snr` (dB) of the gateway with the best reception of the device; empty where none gives them.

    LoRa demodulates below the noise, so the better signal-to-noise ratio is the better gateway, then the stronger one.
    Both network servers leave out fields of value zero; only LoRa has an `snr` that may be one.
    """
    levels = []
    for reception in receptions:
        rssi, snr = reception.number("rssi"), reception.number("snr")
        if rssi is not None and (snr is not None or not reception.has("snr")):
            levels.append((snr or 0.0, rssi))
    if not levels:
        return {}
    best_snr, best_rssi = max(levels)
    return {"rssi": best_rssi, "snr": best_snr} if is_lora else {"rssi": best_rssi}


def gateway_times(receptions: Iterable[tuple[str | None, int | None]], common_ms: int | None) -> list[GatewayTime]:
    """The times of (gateway, its own time) for each reception; where none has one, `common_ms`, the message's one time."""
    named = [(gateway or UNNAMED, at_ms) for gateway, at_ms in receptions]
    own = [GatewayTime(gateway, at_ms) for gateway, at_ms in named if at_ms is not None]
    if own or common_ms is None:
        return own
    return [GatewayTime(named[0][0] if len(named) == 1 else UNNAMED, common_ms)]


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
