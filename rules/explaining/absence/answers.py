"""What the answer to `why-not` is made of, and what it is made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from domain.devices import Device
from domain.events import Event, Status, Text
from domain.telemetry import Telemetry
from rules.definitions.silences import Silence
from rules.explaining.changes import ChangeLine
from rules.explaining.explanation import ReadingLine
from rules.explaining.formulas import FormulaPart
from rules.explaining.phrases import bilingual
from rules.language.rule import Rule
from rules.schedule.calendars import Calendars


class Code(StrEnum):
    """The closed set of answers."""

    OPEN = "open"
    UNKNOWN_DEVICE = "unknown_device"
    OTHER_KIND = "other_kind"
    NOT_ACTIVE_DEVICE = "device_not_active"
    RULE_OFF = "rule_off"
    SHADOW = "rule_in_shadow"
    NOT_IN_FORCE_YET = "not_in_force_yet"
    GROUP = "group"
    WHERE = "where_does_not_apply"
    NOT_ACTIVE = "not_active_now"
    NO_READINGS = "no_readings"
    TOO_LATE = "too_late"
    NO_EVIDENCE = "no_evidence"
    ERROR = "rule_failed"
    FALSE = "condition_false"
    PENDING = "pending"
    COUNTING = "counting"
    CLEARED = "cleared"
    NOT_SILENT = "not_silent_long_enough"
    ABSORBED = "absorbed"
    SUPPRESSED = "suppressed"
    UNSTABLE = "unstable"
    SILENCED = "silenced"
    NOT_YET = "not_told_yet"


class Reason(BaseModel):
    """One thing that stands in the way."""

    model_config = ConfigDict(frozen=True)

    code: Code
    text: Text


class WhyNot(BaseModel):
    """The answer. `reasons` is never empty, what decides first; `event` is the open one where there is one after all.

    `parts` are the condition at the last reading that is evidence, with the numbers put in; `readings` the last ones.
    """

    model_config = ConfigDict(frozen=True)

    rule: str
    version: int | None
    device: str
    at_ms: int
    reasons: list[Reason]
    parts: list[FormulaPart] = []
    readings: list[ReadingLine] = []
    changes: list[ChangeLine] = []
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known around the question.

    `reports` are those of the device received up to `at_ms`, as far back as the rule looks; `last_heard_ms` its newest
    before that, if any. `published` are the rule's events on the device that were open at the instant or opened near it,
    `suppressors` open events of the rules that suppress it on the parent chain.
    """

    rule: Rule
    device_id: str
    device: Device | None
    at_ms: int
    reports: Sequence[Telemetry]
    from_ms: int
    calendars: Calendars
    in_force_since_ms: int = 0
    last_report_ms: int | None = None
    published: Sequence[Event] = ()
    suppressors: Sequence[Event] = ()
    silences: Sequence[Silence] = ()


def reason(code: Code, english: str, chinese: str) -> Reason:
    """A reason in both languages."""
    return Reason(code=code, text=bilingual(english, chinese))


def is_open_at(event: Event, at_ms: int) -> bool:
    """Whether an event that stands was open at that instant."""
    if event.status is Status.WITHDRAWN or event.opened_at_ms > at_ms:
        return False
    return event.cleared_at_ms is None or event.cleared_at_ms > at_ms
