"""A report as a simulated device is about to send it, and its bytes in the native dialect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

from domain.telemetry import Reading


@dataclass(frozen=True, slots=True)
class Report:
    """One device at one instant: `observed_at_ms` by the device's own clock, readings in canonical units.

    `seq` counts the device's reports from 0.
    """

    device_id: str
    kind: str
    area: str | None
    observed_at_ms: int
    seq: int
    readings: Mapping[str, Reading]


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """What goes to the broker, never retained. `content_type` is the MQTT 5 property, left out towards older brokers."""

    topic: str
    payload: bytes
    content_type: str | None = None
    qos: Literal[0, 1] = 1


def encode_native(report: Report) -> MqttMessage:
    """The report as native JSON on `city/<area>/<kind>/<device_id>/up`; the area's slashes become dashes."""
    area = (report.area or "unknown").replace("/", "-")
    payload = orjson.dumps({"ts": report.observed_at_ms, "seq": report.seq, "readings": report.readings})
    return MqttMessage(f"city/{area}/{report.kind}/{report.device_id}/up", payload)
