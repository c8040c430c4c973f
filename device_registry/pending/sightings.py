"""Who was seen in a rejected message of an unknown device; pure."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from domain.devices import DEVICE_ID
from domain.rejections import Reason

EUI_MARK: Final = "eui-"


_EUI_DIGITS: Final = 16


class Sighting(NamedTuple):
    """One report of an unknown device, or several counted in one record, as far as its message names who it is.

    `name` is its id, or `eui-<dev_eui>` for one that has only a LoRaWAN EUI. `kind` is the topic's word, `speaker` the
    gateway that sent it. `sample` is the payload in base64, cut.
    """

    name: str
    at_ms: int
    topic: str
    sample: str
    kind: str | None = None
    speaker: str | None = None
    dev_eui: str | None = None
    reports: int = 1


def sighting_of(rejection: Mapping[str, Any], sample_characters: int = 4096) -> Sighting | None:
    """Who was seen, where the record of `telemetry.rejected` reports an unknown device; None for every other."""
    if rejection.get("reason") != Reason.UNKNOWN_DEVICE or rejection.get("replay_of"):
        return None
    sighting = _sighting(rejection, sample_characters)
    return sighting and sighting._replace(reports=int(rejection.get("count", 1)))


def _sighting(rejection: Mapping[str, Any], sample_characters: int) -> Sighting | None:
    topic, sample = str(rejection["topic"]).replace("\0", ""), str(rejection["payload"])[:sample_characters]
    device_id, at_ms = str(rejection.get("device_id", "")), int(rejection["received_at_ms"])
    match topic.split("/"):
        case ["city", _, kind, own, "up"] if device_id == own and DEVICE_ID.fullmatch(own):
            return Sighting(own, at_ms, topic, sample, kind=kind if DEVICE_ID.fullmatch(kind) else None)
        case ["city", _, _, speaker, "up"] | ["city-gateway", speaker, "up"] if DEVICE_ID.fullmatch(device_id):
            known = speaker if DEVICE_ID.fullmatch(speaker) and speaker != device_id else None
            return Sighting(device_id, at_ms, topic, sample, speaker=known)
        case ["application", _, "device", eui, "event", "up"]:
            return _by_eui(eui, at_ms, topic, sample)
        case ["v3", _, "devices", _, "up"]:
            return _by_eui(_things_stack_eui(str(rejection["payload"])), at_ms, topic, sample)
    return None


def _by_eui(eui: str, at_ms: int, topic: str, sample: str) -> Sighting | None:
    bare = eui.lower().replace("-", "").replace(":", "")
    if len(bare) != _EUI_DIGITS or set(bare) - set("0123456789abcdef"):
        return None
    return Sighting(EUI_MARK + bare, at_ms, topic, sample, dev_eui=bare)


def _things_stack_eui(payload: str) -> str:
    try:
        return str(orjson.loads(b64decode(payload))["end_device_ids"]["dev_eui"])
    except (ValueError, KeyError, TypeError):
        return ""
