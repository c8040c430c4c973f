"""A report as it stands on the log, what makes two the same, and the tick that carries the clock beside it.

These are TypedDicts and not classes: they pass the hot path straight between orjson and the rules.
"""

import re
from typing import Final, Literal, NotRequired

from typing_extensions import TypedDict

from domain.time.units import HOUR_MS, MINUTE_MS

Quality = Literal["suspect", "bad"]
TimeSource = Literal["gateway", "network_server"]
"""Whose the time of a report is where it is not the device's own."""
Reading = float | bool
"""One quantity's value in its canonical unit; a bool only where the quantity is boolean in the catalogue."""

COPIES_WITHIN_MS: Final = HOUR_MS
"""How long a report timed by the gateway is recognised by message id and readings, in time of receipt, inclusive."""
FRAMES_WITHIN_MS: Final = 5 * MINUTE_MS
"""How long a frame from a network server is recognised by its message id, in observed time, inclusive."""

_NUMBER: Final = re.compile(r"-?[0-9]+", re.ASCII)

MessageOrder = tuple[int, int, str]


class Telemetry(TypedDict):
    """One record of `telemetry.<kind>`: one report of one device at one instant.

    Units: canonical, by the quantity catalogue. `quality` lists only readings that are not good.
    Time: `observed_at_ms` is the device's own time; where it has no clock it is `received_at_ms`, moved on by a
    millisecond where the device has a report at it already, and `time_source` is `gateway`. Epoch ms, UTC.
    Identity: (device_id, observed_at_ms, message_id); the same values under another message id are a duplicate, too. For
    `time_source: gateway` (device_id, message_id, readings) within one hour of receipt; for `network_server`, a frame that
    a network server handed on, (device_id, message_id) within five minutes of observed time.
    """

    device_id: str
    kind: str
    observed_at_ms: int
    received_at_ms: int
    codec: str
    readings: dict[str, Reading]
    message_id: NotRequired[str]
    quality: NotRequired[dict[str, Quality]]
    area: NotRequired[str]
    time_source: NotRequired[TimeSource]
    replay_of: NotRequired[str]


class Tick(TypedDict):
    """The clock on a telemetry partition: everything that gateway received before `tick_at_ms` is already in the log."""

    gateway: int
    tick_at_ms: int


def message_order(message_id: str | None) -> MessageOrder:
    """Where a report stands among those of its device and instant: without an id first, numbers by value, then texts."""
    if message_id is None:
        return (0, 0, "")
    return (1, int(message_id), message_id) if _NUMBER.fullmatch(message_id) else (2, 0, message_id)


def known_by_message(report: Telemetry) -> bool:
    """Whether copies of the report are known by its message id and not by its instant."""
    return "time_source" in report and "message_id" in report


def is_frame(report: Telemetry) -> bool:
    """Whether a network server handed it on: then a copy has the same message id and may have another time."""
    return report.get("time_source") == "network_server"
