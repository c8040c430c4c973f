"""What rules name of other rules and of calendars: `suppressed_by`, `group.of`, `active`; and whether that can be."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import LocatedValue
from rules.language.rule import Rule


class Target(StrEnum):
    RULE = "rule"
    CALENDAR = "calendar"


class Reference(NamedTuple):
    """One name of another rule or of a calendar, where it stands in a document. Line and column count from 1."""

    rule: str
    clause: str
    target: Target
    name: str
    line: int
    column: int

    def problem(self, file: str, message: str) -> LocatedProblem:
        return LocatedProblem(file, self.line, self.column, f"`{self.clause}`: {message}")


def read_references(rule: str, document: LocatedValue) -> list[Reference]:
    """Every name of another rule or of a calendar in the document of a rule, in order."""
    entries = document.value if isinstance(document.value, dict) else {}
    group, active = _entries(entries.get("group")), _entries(entries.get("active"))
    named = [
        *(("suppressed_by", Target.RULE, item) for item in _items(entries.get("suppressed_by"))),
        *(("group.of", Target.RULE, item) for item in _items(group.get("of"))),
        *((f"active.{name}", Target.CALENDAR, active[name]) for name in ("calendar", "outside") if name in active),
    ]
    return [Reference(rule, clause, target, str(item.value), item.line, item.column) for clause, target, item in named]


def unknown_references(
    references: Iterable[Reference], file: str, rules: Collection[str], calendars: Collection[str]
) -> list[LocatedProblem]:
    """A problem for every name that nothing has."""
    known: Mapping[Target, Collection[str]] = {Target.RULE: rules, Target.CALENDAR: calendars}
    return [
        reference.problem(file, f"there is no {reference.target} {reference.name!r}")
        for reference in references
        if reference.name not in known[reference.target]
    ]


def circular_references(references: Iterable[Reference], file: str, rules: Mapping[str, Rule]) -> list[LocatedProblem]:
    """A problem for every reference to a rule that, through `rules`, comes back to where it started."""
    problems = []
    for reference in references:
        if reference.target is Target.RULE and (way := _way(reference.name, reference.rule, rules)):
            circle = " → ".join([reference.rule, *way])
            problems.append(reference.problem(file, f"this goes round in a circle: {circle}"))
    return problems


def named_rules(rule: Rule) -> tuple[str, ...]:
    """The rules that a rule waits for."""
    return (*rule.suppressed_by, *(rule.group.of if rule.group else ()))


def _way(start: str, goal: str, rules: Mapping[str, Rule]) -> list[str] | None:
    """The names from `start` to `goal`, both included; None where there is no way."""
    ways: dict[str, list[str]] = {start: [start]}
    open_ends = [start]
    while open_ends:
        name = open_ends.pop()
        if name == goal:
            return ways[name]
        for further in named_rules(rules[name]) if name in rules else ():
            if further not in ways:
                ways[further] = [*ways[name], further]
                open_ends.append(further)
    return None


def _entries(clause: LocatedValue | None) -> dict[str, LocatedValue]:
    return clause.value if clause is not None and isinstance(clause.value, dict) else {}


def _items(clause: LocatedValue | None) -> list[LocatedValue]:
    if clause is None:
        return []
    return clause.value if isinstance(clause.value, list) else [clause]
