"""Rule documents: what an operator writes, read with every problem found at once and named by line and column.

Clauses so far: `rule title kind where when for clear_when clear_for gap no_data lateness severity event mode`. The others
of the language are refused by name, never ignored.
"""

import re
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from domain.durations import parse_duration_ms
from domain.events import Severity, Text
from rules.conditions.condition import Condition
from rules.marked_yaml import BadYaml, Marked, load_marked
from rules.problems import BadExpression, BadRules, Problem
from rules.rule import DEFAULT_LATENESS_MS, Mode, Rule

MAX_DURATION_MS: Final = 366 * 86_400_000
RULE_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,63}$")
_KIND: Final = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_NOT_YET: Final = ("signals", "repeat", "active", "escalate", "flapping", "group", "suppressed_by")
_CLAUSES: Final = (
    "rule", "title", "kind", "where", "when", "for", "clear_when", "clear_for", "gap", "no_data", "lateness", "severity",
    "event", "mode",
)  # fmt: skip
_Option = TypeVar("_Option", bound=StrEnum)


def load_rules(path: Path) -> list[Rule]:
    """The rules of one file, in order. Raises: BadRules; OSError where the file cannot be read."""
    data = path.read_bytes()
    try:
        return parse_rules(data.decode(), str(path))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadRules([Problem(str(path), line, 1, "the file is not UTF-8")]) from error


def parse_rules(text: str, file: str = "<rules>") -> list[Rule]:
    """The rules of a YAML text: one document or several, or a list of them. Raises: BadRules with every problem."""
    try:
        documents = load_marked(text, file)
    except BadYaml as error:
        raise BadRules(error.problems) from error
    found = [
        rule for document in documents for rule in (document.value if isinstance(document.value, list) else [document])
    ]
    problems = [] if found else [Problem(file, 1, 1, "there is no rule in it")]
    rules = read_rules(found, file, problems, text if len(found) == 1 else None)
    if problems:
        raise BadRules(problems)
    return rules


def read_rules(documents: list[Marked], file: str, problems: list[Problem], text: str | None = None) -> list[Rule]:
    """The rules of documents already read from YAML. What is wrong is added to `problems`, and then none may be run."""
    rules: dict[str, Rule] = {}
    for document in documents:
        rule = _Document(document, file, problems).rule(text)
        if rule.name in rules:
            problems.append(document.problem(file, f"rule {rule.name!r} is defined twice"))
        rules.setdefault(rule.name, rule)
    return list(rules.values())


class _Document:
    """One document being read; problems are collected, and a bad clause reads as its default."""

    def __init__(self, document: Marked, file: str, problems: list[Problem]) -> None:
        self._document = document
        self._clauses: dict[str, Marked] = document.value if isinstance(document.value, dict) else {}
        self._file = file
        self._problems = problems
        if not isinstance(document.value, dict):
            self._refuse(document, "a rule is a mapping that begins with `rule: <name>`")

    def rule(self, text: str | None) -> Rule:
        self._check_names()
        name = self._word("rule", RULE_NAME, "lower-case letters, digits and hyphens", required=True) or "?"
        when, no_data_ms = self._condition("when"), self._duration("no_data", at_least_ms=1)
        self._check_trigger()
        problem, department = self._event()
        title = self._title(name)
        return Rule(
            name=name,
            kind=self._word("kind", _KIND, "lower-case letters, digits and _", required=True) or "?",
            title=title,
            problem=problem or name,
            severity=self._choice("severity", Severity, Severity.MINOR),
            when=when,
            clear_when=self._condition("clear_when"),
            where=self._condition("where", roots=("device",)),
            for_ms=self._duration("for") or 0,
            clear_for_ms=self._duration("clear_for") or 0,
            gap_ms=self._duration("gap", at_least_ms=1),
            no_data_ms=no_data_ms,
            lateness_ms=self._lateness(),
            department=department,
            mode=self._choice("mode", Mode, Mode.LIVE),
            text=text or yaml.safe_dump(self._document.plain(), allow_unicode=True, sort_keys=False),
        )

    def _refuse(self, where: Marked, message: str) -> None:
        self._problems.append(where.problem(self._file, message))

    def _check_names(self) -> None:
        for name, clause in self._clauses.items():
            if name in _NOT_YET:
                self._refuse(
                    clause.key or clause, f"`{name}` is not supported yet; remove it, or the rule would mean less"
                )
            elif name not in _CLAUSES:
                close = get_close_matches(name, (*_CLAUSES, *_NOT_YET), n=1)
                meant = f"; did you mean `{close[0]}`?" if close else ""
                self._refuse(clause.key or clause, f"unknown clause `{name}`{meant}")

    def _check_trigger(self) -> None:
        if self._clauses and "when" not in self._clauses and "no_data" not in self._clauses:
            self._refuse(self._document, "a rule needs `when` (a condition) or `no_data` (a duration)")
        if "no_data" in self._clauses:
            for name in ("when", "for", "clear_when", "clear_for", "gap"):
                if clause := self._clauses.get(name):
                    self._refuse(clause.key or clause, f"`{name}` has no meaning beside `no_data`; write two rules")
        if "clear_when" in self._clauses and "when" not in self._clauses:
            self._refuse(self._clauses["clear_when"], "`clear_when` needs `when`")

    def _text(self, name: str, *, required: bool = False) -> tuple[Marked, str] | None:
        clause = self._clauses.get(name)
        if clause is None:
            if required and self._clauses:
                self._refuse(self._document, f"`{name}` is missing")
            return None
        if not isinstance(clause.value, str) or not clause.value.strip():
            self._refuse(clause, f"`{name}` must be text")
            return None
        return clause, clause.value

    def _word(self, name: str, pattern: re.Pattern[str], allowed: str, *, required: bool) -> str | None:
        found = self._text(name, required=required)
        if found and not pattern.match(found[1]):
            self._refuse(found[0], f"`{name}` may hold {allowed}, at most 64: {found[1]!r}")
        return found[1] if found else None

    def _duration(self, name: str, at_least_ms: int = 0) -> int | None:
        clause = self._clauses.get(name)
        if clause is None:
            return None
        try:
            duration_ms = parse_duration_ms(str(clause.value))
        except ValueError as error:
            self._refuse(clause, f"`{name}`: {error}")
            return None
        if not at_least_ms <= duration_ms <= MAX_DURATION_MS:
            self._refuse(clause, f"`{name}` must be {'more than nothing and ' if at_least_ms else ''}at most 366d")
        return duration_ms

    def _lateness(self) -> int:
        lateness_ms = self._duration("lateness")
        return DEFAULT_LATENESS_MS if lateness_ms is None else lateness_ms

    def _choice(self, name: str, options: type[_Option], default: _Option) -> _Option:
        clause = self._clauses.get(name)
        if clause is None:
            return default
        if clause.value not in [option.value for option in options]:
            self._refuse(clause, f"`{name}` must be one of {', '.join(options)}, not {clause.value!r}")
            return default
        return options(clause.value)

    def _condition(self, name: str, roots: tuple[str, ...] = ("reading", "device")) -> Condition | None:
        clause = self._clauses.get(name)
        if isinstance(clause, Marked) and isinstance(clause.value, bool):
            clause = Marked(str(clause.value).lower(), clause.line, clause.column, clause.key)
        if clause is None:
            return None
        if not isinstance(clause.value, str) or not clause.value.strip():
            self._refuse(clause, f"`{name}` must be a condition in CEL, in quotes")
            return None
        try:
            return Condition(clause.value, roots)
        except BadExpression as error:
            self._problems.append(_place(clause, self._file, name, error))
            return None

    def _mapping(self, name: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        clause = self._clauses.get(name)
        if clause is None:
            return {}
        if not isinstance(clause.value, dict):
            self._refuse(clause, f"`{name}` must be a mapping with {' and '.join(allowed)}")
            return {}
        for key, entry in clause.value.items():
            if key not in allowed:
                self._refuse(entry.key or entry, f"unknown entry `{key}` in `{name}`; known are {', '.join(allowed)}")
            elif not isinstance(entry.value, str) or not entry.value.strip():
                self._refuse(entry, f"`{name}.{key}` must be text")
        return {key: entry.value for key, entry in clause.value.items() if isinstance(entry.value, str)}

    def _title(self, name: str) -> Text:
        title = self._mapping("title", ("en", "zh"))
        if "title" in self._clauses and isinstance(self._clauses["title"].value, dict):
            for language in ("en", "zh"):
                if language not in self._clauses["title"].value:
                    self._refuse(self._clauses["title"], f"`title` lacks `{language}`")
        return Text(en=title.get("en", name), zh=title.get("zh", name))

    def _event(self) -> tuple[str | None, str | None]:
        event = self._mapping("event", ("problem", "department"))
        return event.get("problem"), event.get("department")


def _place(clause: Marked, file: str, name: str, error: BadExpression) -> Problem:
    """A condition's problem at its own character where the text stands as it is, else at the clause."""
    column = clause.column if clause.indent is None else clause.column + clause.indent + error.at
    return Problem(file, clause.line, column, f"`{name}`: {error}")
