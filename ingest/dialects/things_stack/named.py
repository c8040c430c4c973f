"""Which device an uplink of The Things Stack is of, where the whole of it cannot be read."""

import re
from typing import Final

from domain.identities import DEV_EUI, Identity
from ingest.dialects.messages import MqttMessage

_IDS: Final = b'"end_device_ids"'
_LONGEST_IDS: Final = 1024
_EUI: Final = re.compile(
    rb"""\s*:\s*\{(?:[^{}"]|"[^"\\]*"|\{(?:[^{}"]|"[^"\\]*")*\})*?"dev_eui"\s*:\s*"([0-9A-Fa-f]{16})\"""",
)


def eui_in(message: MqttMessage) -> Identity | None:
    """The EUI among the message's first `end_device_ids`, which stand before what is often cut off; None without one."""
    start = message.payload.find(_IDS)
    if start < 0:
        return None
    found = _EUI.match(message.payload[start + len(_IDS) :][:_LONGEST_IDS])
    return DEV_EUI.of(found[1].decode().lower()) if found else None
