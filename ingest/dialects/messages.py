"""What passes through the gateway: a message as it came, and a report before the registry has seen it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from domain.identities import Identity
from domain.rejections import Reason
from domain.telemetry import Quality

_NO_QUALITY: Final[Mapping[str, Quality]] = {}


class MqttMessage(NamedTuple):
    """One MQTT message. `received_at_ms` is the gateway's clock (the simulator's under a simulated one).

    `replay_of` is the id of the rejected record (`<topic>/<partition>/<offset>`) that this message comes from again.
    """

    topic: str
    payload: bytes
    received_at_ms: int
    content_type: str | None = None
    replay_of: str | None = None


@dataclass(slots=True)
class Uplink:
    """One report as a codec read it: source fields and the device's own words, nothing looked up or converted.

    `fields` holds what the payload held, whatever its type; normalising decides what is usable. `units` names a unit
    for each field whose dialect carries units (SenML), in UCUM where there is a UCUM code. `quality` names the fields that
    the device itself calls not good. `companions` are fields that stand beside a reading and count only where the profile
    names them. `identity` is what the message calls the device; `speaker` is the device that reported for it, None where
    it reported itself.
    Time: `observed_at_ms` is what the device gave, whatever its type; None where it has no clock. Then `offset_ms`
    is how much earlier (negative) than received the device dates its values.
    """

    codec: str
    fields: dict[str, object]
    identity: Identity
    kind: str | None = None
    observed_at_ms: object = None
    offset_ms: int = 0
    message_id: object = None
    units: dict[str, str] = field(default_factory=dict)
    speaker: str | None = None
    quality: Mapping[str, Quality] = field(default_factory=lambda: _NO_QUALITY)
    companions: Collection[str] = ()


class Refused(NamedTuple):
    """Why one report, one reading or one element of a batch cannot be used. Becomes a record of `telemetry.rejected`."""

    reason: Reason
    detail: str
    device_id: str | None = None


Decoded = list[Uplink | Refused]
"""What a codec makes of one message: never empty, in the message's order or in order of time."""
