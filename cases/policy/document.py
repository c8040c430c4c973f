"""The shape of a policy document: what may be written where."""

from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, field_validator

from cases.deadlines import parse_day_hours, parse_week
from cases.intake import OnCleared
from cases.policy.conditions import Condition, Grade, Sources, Words, is_named
from cases.policy.terms import parse_term
from cases.workflow.case import Source, Term
from cases.workflow.states import State
from domain.actors import Role
from domain.events import Severity
from domain.time.durations import parse_duration_ms
from domain.time.weekly_hours import MinuteSpan, Week

OF_THE_EVENT = "{event.department}"
OF_THE_CASE = "{case.department}"


class Workday(NamedTuple):
    """A day with hours of its own; None are those of most days of the week."""

    day: date
    hours: tuple[MinuteSpan, ...] | None


def _read_term(value: Any) -> Term:
    return parse_term(_text(value))


def _read_week(value: Any) -> Week:
    week = parse_week([_text(one) for one in (value if isinstance(value, list) else [value])])
    if not any(week):
        raise ValueError("a week without working hours; no term would ever end")
    return week


def _read_duration(value: Any) -> int:
    duration_ms = parse_duration_ms(_text(value))
    if duration_ms <= 0:
        raise ValueError("a working day is longer than nothing")
    return duration_ms


def _read_severity(value: Any) -> Severity | None:
    if value != "never" and value not in list(Severity):
        raise ValueError(f"{value!r} is no severity; write {', '.join(Severity)} or never")
    return None if value == "never" else Severity(value)


def _read_zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_text(value))
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{value!r} is no time zone name such as Asia/Shanghai") from error


def _read_days(value: Any) -> tuple[date, ...]:
    first, dots, last = _text(value).partition("..")
    begin = _read_day(first)
    end = _read_day(last) if dots else begin
    if end < begin or (end - begin).days > 366:
        raise ValueError(f"{value!r} are no days of a year; write 2026-10-01..2026-10-07")
    return tuple(begin + timedelta(days=n) for n in range((end - begin).days + 1))


def _read_workday(value: Any) -> Workday:
    day, *hours = _text(value).split()
    return Workday(_read_day(day), parse_day_hours(hours) if hours else None)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no day; write 2026-10-01") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write a text")
    return value


def _for_every_grade(value: Any) -> Any:
    return dict.fromkeys(Grade, value) if isinstance(value, str) else value


TermText = Annotated[Term, PlainValidator(_read_term)]
Department = Annotated[str, Field(pattern=r"^(\{event\.department\}|[^\s{}][^{}]{0,63})$")]
EscalationDepartment = Annotated[str, Field(pattern=r"^(\{case\.department\}|[^\s{}][^{}]{0,63})$")]


class Part(BaseModel):
    """A mapping in which nothing unknown may stand."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class CalendarPart(Part):
    """The working time. Holidays and workdays are added to the shipped ones; a day named here is as written here."""

    timezone: Annotated[ZoneInfo | None, PlainValidator(_read_zone)] = None
    hours: Annotated[Week | None, PlainValidator(_read_week)] = None
    working_day: Annotated[int | None, PlainValidator(_read_duration)] = None
    holidays: tuple[Annotated[tuple[date, ...], PlainValidator(_read_days)], ...] = ()
    workdays: tuple[Annotated[Workday, PlainValidator(_read_workday)], ...] = ()


class OpensPart(Part):
    """Which events open a case: from a severity on, some problems from another one on, or never."""

    at_least: Severity | None = None
    exceptions: Annotated[
        dict[str, Annotated[Severity | None, PlainValidator(_read_severity)]], Field(alias="except")
    ] = {}


class TrustRule(Part):
    """Whether a report of a source needs no verification."""

    source: Sources = ()
    problem: Words = ()
    trusted: bool

    def holds(self, source: Source, problem: str) -> bool:
        return (not self.source or source in self.source) and (not self.problem or is_named(problem, self.problem))


class TermByGrade(Part):
    """A term for each grade of area."""

    A: TermText
    B: TermText
    C: TermText

    def of(self, grade: Grade) -> Term:
        term: Term = getattr(self, grade.value)
        return term


class TermRule(Condition):
    """How long the department has: one term, or one for each grade."""

    term: Annotated[TermByGrade, BeforeValidator(_for_every_grade)]


class DispatchRule(Condition):
    """Which department; a rule for the event's own is passed over where the event names none."""

    department: Department
    automatic: bool = False


class ClearedRule(Condition):
    """What becomes of a case whose last event is over."""

    then: OnCleared


class EscalationStep(Part):
    """Whom to notify after so much waiting."""

    after: TermText
    roles: tuple[Role, ...] = ()
    departments: tuple[EscalationDepartment, ...] = ()

    @field_validator("roles")
    @classmethod
    def _are_people(cls, roles: tuple[Role, ...]) -> tuple[Role, ...]:
        if Role.SYSTEM in roles:
            raise ValueError("system is nobody who can be told")
        return roles


class EscalationRule(Condition):
    """Who is notified when a case waits too long in a state."""

    waits: Annotated[State, Field(alias="while")] = State.DISPATCHED
    steps: tuple[EscalationStep, ...]


class PolicyDocument(Part):
    """One document. A city's lies over the shipped one unless it is `standalone`; of rules the first that holds counts."""

    standalone: bool = False
    calendar: CalendarPart = CalendarPart()
    grades: dict[Grade, tuple[str, ...]] | None = None
    event_classes: dict[str, Annotated[str, Field(pattern=r"^E\d{4}$")]] = {}
    opens: OpensPart = OpensPart()
    trusted: tuple[TrustRule, ...] = ()
    terms: tuple[TermRule, ...] = ()
    dispatch: tuple[DispatchRule, ...] = ()
    cleared: tuple[ClearedRule, ...] = ()
    escalation: tuple[EscalationRule, ...] = ()
