"""What the dialects with a memory hand over: reports, messages settled, and what is asked of devices in return.

A message of such a dialect may have to wait for others before it can be told what becomes of it. Until then its ticket is
not settled and the gateway does not acknowledge it, so that the broker still has it if we die.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from domain.mqtt import STATEFUL_ROOTS
from ingest.dialects.messages import MqttMessage, Refused, Uplink


@dataclass(slots=True, eq=False)
class Ticket:
    """The claim of one message to be acknowledged, once. `waits` counts what of it waits for other messages."""

    connection: int
    packet_id: bytes | None
    waits: int = 0
    settled: bool = False


class DeviceRequest(NamedTuple):
    """A message to a device: only ever `Node Control/Rebirth`, for urbansense does not command devices. `why` is for us."""

    topic: str
    payload: bytes
    why: str


@dataclass(slots=True)
class Received:
    """What came of a message, or of the passing of a second.

    Shape: each item stands with the message that its rejection would keep, which for a report in parts is all of them
    joined. `asides` counts by a word what was understood and holds no report.
    """

    items: list[tuple[Uplink | Refused, MqttMessage]] = field(default_factory=list)
    settled: list[Ticket] = field(default_factory=list)
    requests: list[DeviceRequest] = field(default_factory=list)
    asides: list[str] = field(default_factory=list)

    def settle(self, tickets: Sequence[Ticket]) -> None:
        """Take one wait from each; a ticket without waits is settled, and never twice."""
        for ticket in tickets:
            ticket.waits -= 1
            if ticket.waits <= 0 and not ticket.settled:
                ticket.settled = True
                self.settled.append(ticket)


def is_stateful(topic: str) -> bool:
    """Whether messages on this topic are to be read with what was said before."""
    return topic.startswith(STATEFUL_ROOTS)
