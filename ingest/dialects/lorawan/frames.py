"""What makes a LoRaWAN frame one and the same, however often it is delivered, and whose clock says when it was sent.

The network server's clock counts: gateways stand on roofs, often without GPS or NTP. See docs/adr/0022.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

AGREES_WITHIN_MS: Final = 5_000
"""How far, inclusive, a gateway's clock may be from the network server's and still count: more than a frame travels from
the gateway to the server, and less than the 18 leap seconds by which a clock of bare GPS time is wrong."""
UNNAMED: Final = "unnamed"
"""Whose clock it is where several gateways received the frame and the message does not say."""


class GatewayTime(NamedTuple):
    """When a radio gateway received the frame by its own clock, epoch ms."""

    gateway: str
    at_ms: int


class FrameTime(NamedTuple):
    """When a frame was received, epoch ms, None where only our receipt says; and whose clocks differ by how much."""

    at_ms: int | None
    differences_ms: Mapping[str, int]


def frame_time(server_ms: int | None, gateways: Iterable[GatewayTime], received_at_ms: int) -> FrameTime:
    """The network server's time, or the first gateway's that agrees with it; our receipt stands in for a missing one."""
    reference_ms = received_at_ms if server_ms is None else server_ms
    agreeing_ms: int | None = None
    differences_ms: dict[str, int] = {}
    for gateway, at_ms in gateways:
        if abs(at_ms - reference_ms) > AGREES_WITHIN_MS:
            differences_ms.setdefault(gateway, at_ms - reference_ms)
        elif agreeing_ms is None:
            agreeing_ms = at_ms
    return FrameTime(server_ms if agreeing_ms is None else agreeing_ms, differences_ms)


def frame_id(session: str | None, counter: int | None, payload: str | None) -> str | None:
    """The same text for every delivery of one frame of a device: `7-` and a digest of session (or DevAddr) and bytes.

    None where the frame cannot be known again: without a session, or with a counter or bytes that could not be read.
    """
    if not session or counter is None or payload is None:
        return None
    return f"{counter}-{blake2b(f'{session} {payload}'.encode(), digest_size=8).hexdigest()}"
