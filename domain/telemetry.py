"""A report as it stands on the log, and the tick that carries the clock beside it.

These are TypedDicts and not classes: they pass the hot path straight between orjson and the rules.
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

Quality = Literal["suspect", "bad"]
Reading = float | bool
"""One quantity's value in its canonical unit; a bool only where the quantity is boolean in the catalogue."""


class Telemetry(TypedDict):
    """One record of `telemetry.<kind>`: one report of one device at one instant.

    Units: canonical, by the quantity catalogue. `quality` lists only readings that are not good.
    Time: `observed_at_ms` is the device's own time; where it has no clock it is `received_at_ms`, moved on by a
    millisecond where the device has a report at it already, and `time_source` is `gateway`. Epoch ms, UTC.
    Identity: (device_id, observed_at_ms); for `time_source: gateway` (device_id, message_id, readings) within one hour.
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
    time_source: NotRequired[Literal["gateway"]]
    replay_of: NotRequired[str]


class Tick(TypedDict):
    """The clock on a telemetry partition: everything that gateway received before `tick_at_ms` is already in the log."""

    gateway: int
    tick_at_ms: int
