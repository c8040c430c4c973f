"""Reading the policy: the shipped document, and the city's own laid over it, with every problem named by its place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from cases.deadlines import OFFICE_WEEK, WorkingCalendar
from cases.policy.conditions import Condition, Grade
from cases.policy.document import CalendarPart, PolicyDocument
from cases.policy.policy import CasePolicy
from cases.policy.problems import BadPolicy, load_policy_yaml
from documents.located_yaml.document import LocatedDocument
from documents.located_yaml.problems import LocatedProblem
from domain.errors import ConfigurationError
from domain.events import Severity
from domain.time.weekly_hours import MinuteSpan, Week

SHIPPED: Final = Path(__file__).with_name("policy.yaml")


def load_policy(path: Path | None = None, timezone: str = "Asia/Shanghai") -> CasePolicy:
    """The shipped policy, with the city's document laid over it part by part: of lists of rules the city's come first.

    A document with `standalone: true` stands alone. `timezone` holds where the policy names none.
    Raises: BadPolicy with every problem at file:line:column; ConfigurationError where the file cannot be read.
    """
    layers = [_read(SHIPPED)]
    if path is not None:
        own = _read(path)
        layers = [own] if own.standalone else [own, *layers]
    terms = tuple(rule for layer in layers for rule in layer.terms)
    if not terms or not terms[-1].is_for_all:
        problem = "the last of `terms` must have no condition, so that every case has a term"
        raise BadPolicy([LocatedProblem(str(path or SHIPPED), 1, 1, problem)])
    graded = next((layer.grades for layer in layers if layer.grades is not None), {})
    return CasePolicy(
        calendar=_calendar([layer.calendar for layer in layers], timezone),
        terms=terms,
        dispatch=tuple(rule for layer in layers for rule in layer.dispatch),
        cleared=tuple(rule for layer in layers for rule in layer.cleared),
        trusted=tuple(rule for layer in layers for rule in layer.trusted),
        escalation=tuple(rule for layer in layers for rule in layer.escalation),
        opens_from=next((least for layer in layers if (least := layer.opens.at_least)), Severity.MINOR),
        exceptions=_laid_over(layer.opens.exceptions for layer in layers),
        event_classes=_laid_over(layer.event_classes for layer in layers),
        graded={area: grade for grade, areas in graded.items() for area in areas},
    )


def read_document(text: str, file: str) -> PolicyDocument:
    """One document. Raises: BadPolicy with every problem."""
    located = load_policy_yaml(text, file)
    try:
        document = PolicyDocument.model_validate(located.value)
    except ValidationError as error:
        raise BadPolicy([_problem(detail, located) for detail in error.errors()]) from error
    problems = list(_never_reached(document, located))
    problems += _graded_twice(document.grades or {}, located)
    if problems:
        raise BadPolicy(problems)
    return document


def _read(path: Path) -> PolicyDocument:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"URBANSENSE_CASE_POLICY: {path} cannot be read: {error}") from error
    return read_document(text, str(path))


def _laid_over(layers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All entries, those of earlier layers winning."""
    return {name: value for layer in reversed(list(layers)) for name, value in layer.items()}


def _calendar(layers: list[CalendarPart], timezone: str) -> WorkingCalendar:
    week = next((layer.hours for layer in layers if layer.hours is not None), OFFICE_WEEK)
    holidays: set[date] = set()
    opened: dict[date, tuple[MinuteSpan, ...]] = {}
    for layer in reversed(layers):
        closed = {day for days in layer.holidays for day in days}
        holidays |= closed
        opened = {day: hours for day, hours in opened.items() if day not in closed}
        opened |= {day: hours or _usual_hours(week) for day, hours in layer.workdays}
    return WorkingCalendar(
        zone=next((layer.timezone for layer in layers if layer.timezone is not None), ZoneInfo(timezone)),
        week=week,
        holidays=frozenset(holidays - opened.keys()),
        opened=opened,
        day_ms=next((layer.working_day for layer in layers if layer.working_day is not None), None),
    )


def _usual_hours(week: Week) -> tuple[MinuteSpan, ...]:
    """The hours that most days of the week have."""
    return Counter(hours for hours in week if hours).most_common(1)[0][0]


def _problem(detail: Any, located: LocatedDocument) -> LocatedProblem:
    path = tuple(detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    match detail["type"]:
        case "extra_forbidden":
            message = f"unknown entry `{path[-1]}`{_meant(str(path[-1]), path)}"
        case "missing":
            message = f"`{path[-1]}` is missing"
        case "value_error":
            pass
        case "string_pattern_mismatch" if path[0] == "event_classes":
            message = f"{detail['input']!r} is no class of events; write E and its four digits, such as E0406"
        case "string_pattern_mismatch":
            message = f"{detail['input']!r} is no department; write a name, or the braces as in the shipped policy"
        case _:
            message = message.replace("Input should be", "it should be", 1)
            message = f"{detail['input']!r}: {message}" if isinstance(detail["input"], str) else message
    return located.problem(path, message)


def _meant(name: str, path: tuple[str | int, ...]) -> str:
    known = _entries_at(path[:-1])
    close = get_close_matches(name, known, n=1)
    return f"; did you mean `{close[0]}`?" if close else f"; known are {', '.join(known)}"


def _entries_at(path: tuple[str | int, ...]) -> list[str]:
    """The names that may stand there."""
    model: Any = PolicyDocument
    for step in path:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation) if step in model.model_fields else model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(found for one in annotation.__args__ if (found := _model_in(one)) is not None)


def _never_reached(document: PolicyDocument, located: LocatedDocument) -> Iterable[LocatedProblem]:
    """Rules behind one that holds for all."""
    for name in ("terms", "cleared"):
        rules: tuple[Condition, ...] = getattr(document, name)
        for index, rule in enumerate(rules[:-1]):
            if rule.is_for_all:
                line = located.place_of((name, index)).line
                message = f"never reached: what line {line} says holds for every case"
                yield located.problem((name, index + 1), message)
                break


def _graded_twice(grades: Mapping[Grade, tuple[str, ...]], located: LocatedDocument) -> Iterable[LocatedProblem]:
    counted = Counter(area for areas in grades.values() for area in areas)
    for grade, areas in grades.items():
        for index, area in enumerate(areas):
            if counted[area] > 1:
                yield located.problem(("grades", grade.value, index), f"{area} has several grades")
