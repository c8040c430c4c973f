"""What passes through the gateway: a message as it came, and a report before the registry has seen it."""

from dataclasses import dataclass
from typing import NamedTuple


class Message(NamedTuple):
    """One MQTT message. `received_at_ms` is the gateway's clock (the simulator's under a simulated one)."""

    topic: str
    payload: bytes
    received_at_ms: int
    content_type: str | None = None


@dataclass(slots=True)
class Uplink:
    """One report as a codec read it: source fields and the device's own words, nothing looked up or converted.

    `fields` holds what the payload held, whatever its type; normalising decides what is usable. `units` names a UCUM
    code for each field whose dialect carries units (SenML). Exactly one of `device_id` and `dev_eui` is set.
    `speaker` is the gateway that spoke for a sub-device. `detail` explains a report that cannot be used at all.
    """

    codec: str
    fields: dict[str, object]
    device_id: str | None = None
    dev_eui: str | None = None
    kind: str | None = None
    observed_at_ms: object = None
    message_id: str | None = None
    units: dict[str, str] | None = None
    speaker: str | None = None
