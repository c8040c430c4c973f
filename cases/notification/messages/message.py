"""What somebody is sent: one message of one case to one recipient by one channel."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict

from cases.workflow.case import Case
from cases.workflow.states import State
from domain.events import Severity, Text

Language = Literal["en", "zh", "both"]

_NAMESPACE: Final = uuid5(NAMESPACE_URL, "urn:urbansense:notification")


class Occasion(StrEnum):
    """Why somebody is notified."""

    REPORTED = "reported"
    FILED = "filed"
    DISPATCHED = "dispatched"
    RETURNED = "returned"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_DECIDED = "extension_decided"
    URGED = "urged"
    HANDLED = "handled"
    RECOVERED = "recovered"
    CHECK_FAILED = "check_failed"
    CLOSED = "closed"
    REOPENED = "reopened"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    REPEATEDLY_OVERDUE = "repeatedly_overdue"
    ESCALATED = "escalated"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing to notify of, with its case as it stood then. `key` names it for ever: what occurs twice has the same one.

    `audience` is whom the policy's escalation chain names; None where the rules of the notification decide.
    """

    key: str
    occasion: Occasion
    case: Case
    at_ms: int
    actor: str = ""
    note: str = ""
    audience: tuple[str, ...] | None = None


class Content(BaseModel):
    """The content of a message, in both languages; this is what another system gets as JSON.

    Time: epoch ms. `lines` are what stands below the title, one fact each. `mobiles` are the numbers to mention in a room.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    occasion: Occasion
    at_ms: int
    case_id: UUID
    number: str
    revision: int
    state: State
    severity: Severity
    problem: str
    department: str | None
    area: str | None
    due_at_ms: int | None
    actor: str
    note: str
    title: Text
    lines: tuple[Text, ...]
    url: str
    language: Language
    mobiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Notification:
    """One message before it is sent. `address` is an e-mail address; empty for a channel that is a room of its own.

    `message_id` follows from what is sent to whom, so that the same one is never queued twice. Nothing is sent before
    `not_before_ms`.
    """

    message_id: UUID
    channel: str
    address: str
    person: str | None
    content: Content
    not_before_ms: int

    @property
    def critical(self) -> bool:
        return self.content.severity is Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class Delivery:
    """What goes out at once: one message, or several as a digest, in order. Its id stays the same over every try."""

    delivery_id: UUID
    channel: str
    address: str
    messages: tuple[tuple[UUID, Content], ...]


def message_id(occurrence_key: str, channel: str, address: str) -> UUID:
    """The identity of a message: the same occurrence to the same recipient by the same channel."""
    return uuid5(_NAMESPACE, f"{occurrence_key}\n{channel}\n{address}")
