"""The session of a dialect with a memory, and what it returns: reports, messages settled, requests to devices.

A message of such a dialect may have to wait for others before it is clear what becomes of it. Until then its ticket is not
settled and the gateway does not acknowledge it, so that the broker still has it if we die.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Literal, NamedTuple, Protocol

from domain.devices import IdentityLookup
from domain.dialects import STATEFUL_ROOTS
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
    joined. `ignored` names what was understood and holds no report, a word for each.
    """

    items: list[tuple[Uplink | Refused, MqttMessage]] = field(default_factory=list)
    settled: list[Ticket] = field(default_factory=list)
    requests: list[DeviceRequest] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def settle(self, tickets: Sequence[Ticket]) -> None:
        """Take one wait from each; a ticket without waits is settled, and never twice."""
        for ticket in tickets:
            ticket.waits -= 1
            if ticket.waits <= 0 and not ticket.settled:
                ticket.settled = True
                self.settled.append(ticket)


class SessionNeeds(NamedTuple):
    """What a session is opened with: `zone` is that of times without an offset, `most_reports` those of one message."""

    lookup: IdentityLookup
    zone: tzinfo
    most_reports: int


class SessionCount(NamedTuple):
    """One number of a session, or several by the values of a label, for whoever measures the gateway."""

    name: str
    help: str
    kind: Literal["counter", "gauge"]
    values: Mapping[str, int]
    """By the label's value; under the empty text where there is no label."""
    label: str = ""


class DialectSession(Protocol):
    """The memory of a stateful dialect, within bounds. Use from one task only."""

    def receive(self, message: MqttMessage, ticket: Ticket) -> Received:
        """What the message holds; its ticket is settled now, or by a later call behind all that it waits for."""

    def sweep(self, *, everything: bool = False) -> Received:
        """A second has passed: conclude what has waited long enough, or `everything` that waits."""

    def counts(self) -> Iterable[SessionCount]:
        """Since the session began."""


def is_stateful(topic: str) -> bool:
    """Whether messages on this topic are read with those before them."""
    return topic.startswith(STATEFUL_ROOTS)
