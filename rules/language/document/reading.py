"""Rule documents: what an operator writes, read with every problem found at once and named by line and column.

A clause that the language does not know is refused by name, never ignored.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Final

import yaml

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import BadYaml, LocatedValue, load_yaml
from domain.events import Severity
from domain.time.weekly_hours import parse_weekly_hours
from rules.language.clauses.mapping import Clauses
from rules.language.clauses.signals import read_signals
from rules.language.conditions.types import AREA
from rules.language.document.calendars import is_calendar, read_calendar
from rules.language.document.problems import BadRules
from rules.language.document.references import Reference, read_references
from rules.language.rule import DEFAULT_LATENESS_MS, Escalation, Flapping, Grouping, Mode, Repeat, Rule
from rules.language.signals.signal import Signal
from rules.schedule.activity import Active
from rules.schedule.calendars import Calendar

RULE_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,63}$")
_RULE_CHARACTERS: Final = "lower-case letters, digits and hyphens"
_KIND: Final = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_WHERE_ROOTS: Final = ("device", "area")
_CLAUSES: Final = (
    "rule", "title", "kind", "where", "signals", "quality", "when", "for", "repeat", "clear_when", "clear_for", "gap",
    "no_data", "lateness", "active", "severity", "escalate", "event", "flapping", "group", "suppressed_by", "mode",
)  # fmt: skip
_SEPARATOR: Final = re.compile(r"^---.*$", re.MULTILINE)
_OF_READINGS: Final = ("when", "for", "clear_when", "clear_for", "gap", "repeat", "signals", "quality")
_OF_DEVICES: Final = (*_OF_READINGS, "kind", "where", "no_data", "lateness", "active", "flapping")


class Quality(StrEnum):
    """The worst quality of readings that a rule takes as evidence."""

    GOOD = "good"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Documents:
    """What a text holds: rules and calendars, each in order, no name twice, and what the rules name of others."""

    rules: list[Rule]
    calendars: list[Calendar]
    references: list[Reference]


def load_documents(path: Path) -> Documents:
    """The rules and calendars of one file. Raises: BadRules; OSError where the file cannot be read."""
    return parse_documents(read_document(path), str(path))


def read_document(path: Path) -> str:
    """The text of a file. Raises: BadRules where it is not UTF-8; OSError where it cannot be read."""
    data = path.read_bytes()
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadRules([LocatedProblem(str(path), line, 1, "the file is not UTF-8")]) from error


def parse_documents(text: str, file: str = "<rules>") -> Documents:
    """The rules and calendars of a YAML text: one document or several, or a list of them.

    Raises: BadRules with every problem.
    """
    try:
        documents = load_yaml(text, file)
    except BadYaml as error:
        raise BadRules(error.problems) from error
    found = [
        one for document in documents for one in (document.value if isinstance(document.value, list) else [document])
    ]
    problems = [] if found else [LocatedProblem(file, 1, 1, "there is no rule in it")]
    read = read_documents(found, file, problems, text)
    if problems:
        raise BadRules(problems)
    return read


def read_documents(
    documents: list[LocatedValue], file: str, problems: list[LocatedProblem], text: str | None = None
) -> Documents:
    """What documents already read from `text` hold. What is wrong is added to `problems`, and then none may be run."""
    rules: dict[str, Rule] = {}
    calendars: dict[str, Calendar] = {}
    references: list[Reference] = []
    after = 0
    for document in documents:
        own_text, after = _own_text(document, text, after), document.end
        if is_calendar(document):
            calendar = read_calendar(document, file, problems, own_text)
            if calendar.name in calendars:
                problems.append(document.problem(file, f"calendar {calendar.name!r} is defined twice"))
            calendars.setdefault(calendar.name, calendar)
            continue
        rule = _Document(document, file, problems).rule(own_text)
        if rule.name in rules:
            problems.append(document.problem(file, f"rule {rule.name!r} is defined twice"))
        rules.setdefault(rule.name, rule)
        references += read_references(rule.name, document)
    return Documents(list(rules.values()), list(calendars.values()), references)


def _own_text(document: LocatedValue, text: str | None, after: int) -> str:
    """A document as it was written from `after` on, with its comments, where that stands alone; else written anew."""
    if text is None or not (document.column == 1 or text[document.start : document.start + 1] == "{"):
        return yaml.safe_dump(document.plain(), allow_unicode=True, sort_keys=False)
    before = _SEPARATOR.split(text[after : document.start])[-1] if document.column == 1 else ""
    return (before + text[document.start : document.end]).lstrip("\n")


def load_rules(path: Path) -> list[Rule]:
    """The rules of one file, in order, its calendars left out. Raises: as `load_documents`."""
    return load_documents(path).rules


def parse_rules(text: str, file: str = "<rules>") -> list[Rule]:
    """The rules of a YAML text, in order, its calendars left out. Raises: BadRules with every problem."""
    return parse_documents(text, file).rules


def read_rules(
    documents: list[LocatedValue], file: str, problems: list[LocatedProblem], text: str | None = None
) -> list[Rule]:
    """The rules among documents already read from YAML; see `read_documents`."""
    return read_documents(documents, file, problems, text).rules


class _Document(Clauses):
    """One rule being read."""

    def __init__(self, document: LocatedValue, file: str, problems: list[LocatedProblem]) -> None:
        super().__init__(document, file, problems)
        if not isinstance(document.value, dict):
            self.refuse(document, "a rule is a mapping that begins with `rule: <name>`")

    def rule(self, text: str) -> Rule:
        self._check_names()
        self._check_trigger()
        name = self.word("rule", RULE_NAME, _RULE_CHARACTERS, required=True) or "?"
        is_group = "group" in self.entries
        accepts_suspect = self.choice("quality", Quality, Quality.GOOD) is Quality.SUSPECT
        signals = read_signals(self.mapping_of("signals"), accepts_suspect=accepts_suspect)
        problem, department = self._event()
        lateness_ms = self.duration("lateness")
        when = self.condition("when", signals=signals)
        self._check_used(signals)
        return Rule(
            name=name,
            kind=self.word("kind", _KIND, "lower-case letters, digits and _", required=not is_group) or "",
            title=self.title(name),
            problem=problem or name,
            severity=self.choice("severity", Severity, Severity.MINOR),
            when=when,
            clear_when=self.condition("clear_when", signals=signals),
            where=self.condition("where", roots=_WHERE_ROOTS),
            signals=signals,
            accepts_suspect=accepts_suspect,
            for_ms=self.duration("for") or 0,
            repeat=self._repeat(),
            clear_for_ms=self.duration("clear_for") or 0,
            gap_ms=self.duration("gap", at_least_ms=1),
            no_data_ms=self.duration("no_data", at_least_ms=1),
            lateness_ms=DEFAULT_LATENESS_MS if lateness_ms is None else lateness_ms,
            active=self._active(),
            escalate=self._escalate(),
            flapping=self._flapping(),
            group=self._group(),
            suppressed_by=self.words("suppressed_by", RULE_NAME, "names of rules"),
            department=department,
            mode=self.choice("mode", Mode, Mode.LIVE),
            text=text,
        )

    def _check_names(self) -> None:
        for name, clause in self.entries.items():
            if name not in _CLAUSES:
                close = get_close_matches(name, _CLAUSES, n=1)
                meant = f"; did you mean `{close[0]}`?" if close else ""
                self.refuse(clause.key or clause, f"unknown clause `{name}`{meant}")

    def _check_trigger(self) -> None:
        entries = self.entries
        if entries and not entries.keys() & {"when", "no_data", "group"}:
            self.refuse(
                self.mapping, "a rule needs `when` (a condition), `no_data` (a duration) or `group` (of other rules)"
            )
        for trigger, meaningless in (("group", _OF_DEVICES), ("no_data", _OF_READINGS), ("repeat", ("for",))):
            for name in meaningless if trigger in entries else ():
                if clause := entries.get(name):
                    self.refuse(clause.key or clause, f"`{name}` has no meaning beside `{trigger}`; write two rules")
        for name in ("clear_when", "repeat", "signals"):
            if name in entries and "when" not in entries:
                self.refuse(entries[name], f"`{name}` needs `when`")

    def _check_used(self, signals: Mapping[str, Signal]) -> None:
        for name in signals:
            written = [str(entry.value) for clause in ("when", "clear_when") if (entry := self.entries.get(clause))]
            if not any(re.search(rf"\b{name}\b", text) for text in written):
                entry = self.entries["signals"].value[name]
                self.refuse(entry.key or entry, f"no condition reads the signal `{name}`")

    def _repeat(self) -> Repeat | None:
        clause = self.mapping_of("repeat")
        if clause is None:
            return None
        clause.check_known(("times", "within"), required=("times", "within"))
        times, within_ms = clause.count("times", at_least=2), clause.duration("within", at_least_ms=1)
        return Repeat(times, within_ms) if times and within_ms else None

    def _escalate(self) -> tuple[Escalation, ...]:
        steps: list[Escalation] = []
        for item in self.list_of("escalate"):
            step = Clauses(item, self._file, self._problems, "escalate")
            if not isinstance(item.value, dict):
                self.refuse(item, "`escalate` is a list of steps such as {after: 24h, severity: critical}")
                continue
            step.check_known(("after", "severity"), required=("after", "severity"))
            after_ms = step.duration("after", at_least_ms=1)
            if after_ms is None:
                continue
            if steps and after_ms <= steps[-1].after_ms:
                self.refuse(item, "the steps of `escalate` must follow each other in time")
            steps.append(Escalation(after_ms, step.choice("severity", Severity, Severity.CRITICAL)))
        return tuple(steps)

    def _flapping(self) -> Flapping | None:
        clause = self.mapping_of("flapping")
        if clause is None:
            return None
        clause.check_known(("more_than", "within"), required=("more_than", "within"))
        more_than, within_ms = clause.count("more_than", at_least=1), clause.duration("within", at_least_ms=1)
        return Flapping(more_than, within_ms) if more_than and within_ms else None

    def _group(self) -> Grouping | None:
        clause = self.mapping_of("group")
        if clause is None:
            return None
        clause.check_known(
            ("of", "by", "at_least", "within", "absorbs", "hold"), required=("of", "by", "at_least", "within")
        )
        of = clause.words("of", RULE_NAME, "names of rules")
        by = self._by(clause)
        at_least, within_ms = clause.count("at_least", at_least=2), clause.duration("within", at_least_ms=1)
        hold_ms = clause.duration("hold")
        if not (of and by and at_least and within_ms):
            return None
        group = Grouping(of, by, at_least, within_ms, clause.truth("absorbs"))
        return group if hold_ms is None else replace(group, hold_ms=hold_ms)

    def _by(self, group: Clauses) -> str | None:
        found = group.text("by")
        if found is None:
            return None
        where, by = found
        root, dot, level = by.partition(".")
        if root == "area" and dot and level not in AREA:
            self.refuse(where, f"`group.by`: an area has no level {level!r}; they are {', '.join(AREA)}")
        elif root != "area" and dot:
            self.refuse(
                where, f"`group.by` is parent, area, area.<level>, grid or the name of a device attribute: {by!r}"
            )
        return by

    def _active(self) -> Active | None:
        clause = self.entries.get("active")
        if clause is None or clause.value == "always":
            return None
        if clause.value in ("day", "night"):
            return Active(sun=clause.value)
        written = self.mapping_of("active") if isinstance(clause.value, dict) else None
        if written is None or len(written.entries) != 1:
            self.refuse(
                clause,
                "`active` is always, day, night, {hours: 'Mon-Fri 08:00-18:00'}, {calendar: <name>} or {outside: <name>}",
            )
            return None
        written.check_known(("hours", "calendar", "outside"))
        if "hours" in written.entries:
            return Active(hours=self._hours(written))
        name = written.text("calendar") or written.text("outside")
        return Active(calendar=name[1], inside="calendar" in written.entries) if name else None

    def _hours(self, active: Clauses) -> tuple[str, ...]:
        hours = []
        for item in active.list_of("hours"):
            try:
                parse_weekly_hours([str(item.value)])
                hours.append(str(item.value))
            except ValueError as error:
                self.refuse(item, f"`active.hours`: {error}")
        return tuple(hours)

    def _event(self) -> tuple[str | None, str | None]:
        event = self.mapping_of("event")
        if event is None:
            return None, None
        event.check_known(("problem", "department"))
        problem, department = event.text("problem"), event.text("department")
        return problem[1] if problem else None, department[1] if department else None
