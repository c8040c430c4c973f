"""The shape of a notification document: channels, whom to notify of what, and when to leave them alone."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainValidator, field_validator

from cases.notification.channels.fields import NO_QUIET, Duration, Quiet, Url, listed
from cases.notification.channels.part import DocumentPart
from cases.notification.channels.register import AnyChannel
from cases.notification.messages.message import Language, Occasion
from cases.notification.messages.wording import unknown_fields
from cases.policy.conditions import Words, is_named, lies_in
from cases.workflow.case import Case
from domain.actors import Role
from domain.events import Severity, Text
from domain.time.units import HOUR_MS, MINUTE_MS

AUDIENCES: Final = {
    "viewers": Role.VIEWER,
    "operators": Role.OPERATOR,
    "dispatchers": Role.DISPATCHER,
    "administrators": Role.ADMINISTRATOR,
}


def _read_audience(value: Any) -> str:
    text = str(value)
    kind, colon, name = text.partition(":")
    if text == "department" or text in AUDIENCES or (colon and name and kind in ("department", "user")):
        return f"role:{AUDIENCES[text].value}" if text in AUDIENCES else text
    raise ValueError(f"{text!r} is nobody; write department, {', '.join(AUDIENCES)}, department:lighting or user:olga")


Names = Annotated[tuple[str, ...], BeforeValidator(listed)]


class DepartmentPart(DocumentPart):
    """What is particular to a department: its rooms, and when its people are left alone."""

    channels: Names = ()
    quiet_hours: Quiet | None = None
    language: Language | None = None


class RulePart(DocumentPart):
    """On which occasion whom to notify by which channels. Every rule that holds counts; nobody is notified twice.

    Without `by` it is the department's channels and those for everybody.
    """

    on: Annotated[tuple[Occasion, ...], BeforeValidator(listed)]
    to: Annotated[tuple[Annotated[str, PlainValidator(_read_audience)], ...], BeforeValidator(listed)] = ()
    by: Names = ()
    severity: Annotated[tuple[Severity, ...], BeforeValidator(listed)] = ()
    problem: Words = ()
    area: Words = ()

    def holds(self, occasion: Occasion, case: Case) -> bool:
        """Whether it is about that occasion of that case."""
        return (
            occasion in self.on
            and (not self.severity or case.severity in self.severity)
            and (not self.problem or is_named(case.problem, self.problem))
            and (not self.area or any(lies_in(case.area, area) for area in self.area))
        )


class GiveUpPart(DocumentPart):
    """When a message becomes a dead letter: after that many tries, or that long after the first."""

    tries: Annotated[int, Field(ge=1, le=10_000)] = 100
    after: Duration = 24 * HOUR_MS


class NotifyDocument(DocumentPart):
    """One city's notification. `console` is the address that links begin with; empty gives none."""

    channels: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")], AnyChannel]
    by: Names = ()
    console: Url | Literal[""] = ""
    language: Language = "both"
    group_for: Duration = MINUTE_MS
    quiet_hours: Quiet = NO_QUIET
    departments: dict[str, DepartmentPart] = Field(default_factory=dict)
    rules: tuple[RulePart, ...] | None = None
    templates: dict[Occasion, Text] = Field(default_factory=dict)
    give_up: GiveUpPart = GiveUpPart()

    @field_validator("templates")
    @classmethod
    def _can_be_filled(cls, templates: dict[Occasion, Text]) -> dict[Occasion, Text]:
        unknown = [name for text in templates.values() for one in (text.en, text.zh) for name in unknown_fields(one)]
        if unknown:
            raise ValueError(f"no message knows {', '.join(sorted({f'{{{name}}}' for name in unknown}))}")
        return templates

    def rules_in_force(self) -> tuple[RulePart, ...]:
        """The city's rules, or those that urbansense ships."""
        return DEFAULT_RULES if self.rules is None else self.rules


def _rule(on: str, to: str) -> RulePart:
    return RulePart.model_validate({"on": on.split(), "to": to.split()})


DEFAULT_RULES: Final = (
    _rule("dispatched urged check_failed extension_decided due_soon overdue repeatedly_overdue", "department"),
    _rule("filed returned extension_asked reopened repeatedly_overdue", "dispatchers"),
    _rule("reported", "operators"),
    RulePart(on=(Occasion.ESCALATED,)),
)
