"""Reading the clauses of one document: typed values out, problems with their places collected on the way."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import LocatedValue
from domain.events import Text
from domain.time.durations import parse_duration_ms
from domain.time.units import DAY_MS
from rules.language.conditions.condition import Condition
from rules.language.conditions.errors import BadExpression
from rules.language.conditions.types import ALL_ROOTS
from rules.language.signals.signal import Signal

MAX_DURATION_MS: Final = 366 * DAY_MS
_Option = TypeVar("_Option", bound=StrEnum)


class Clauses:
    """A mapping of the document being read. A clause that is bad is added to `problems` and reads as absent.

    `called` is how messages name it, empty for the document itself.
    """

    def __init__(self, mapping: LocatedValue, file: str, problems: list[LocatedProblem], called: str = "") -> None:
        self.mapping = mapping
        self.entries: dict[str, LocatedValue] = mapping.value if isinstance(mapping.value, dict) else {}
        self.called = called
        self._file = file
        self._problems = problems

    def refuse(self, where: LocatedValue, message: str) -> None:
        self._problems.append(where.problem(self._file, message))

    def check_known(self, known: tuple[str, ...], required: tuple[str, ...] = ()) -> None:
        """Refuse entries of other names, and the lack of required ones."""
        for name, entry in self.entries.items():
            if name not in known:
                self.refuse(
                    entry.key or entry, f"unknown entry `{name}` in `{self.called}`; known are {', '.join(known)}"
                )
        for name in required:
            if name not in self.entries:
                self.refuse(self.mapping, f"`{self.called}` lacks `{name}`")

    def name(self, entry: str) -> str:
        """How messages call an entry."""
        return f"{self.called}.{entry}" if self.called else entry

    def mapping_of(self, name: str) -> "Clauses | None":
        """The entry as clauses of its own."""
        clause = self.entries.get(name)
        if clause is None:
            return None
        if not isinstance(clause.value, dict):
            self.refuse(clause, f"`{self.name(name)}` must be a mapping of entries")
            return None
        return Clauses(clause, self._file, self._problems, self.name(name))

    def list_of(self, name: str) -> list[LocatedValue]:
        """The items of an entry; a single value counts as a list of one."""
        clause = self.entries.get(name)
        if clause is None:
            return []
        return clause.value if isinstance(clause.value, list) else [clause]

    def text(self, name: str, *, required: bool = False) -> tuple[LocatedValue, str] | None:
        clause = self.entries.get(name)
        if clause is None:
            if required and isinstance(self.mapping.value, dict):
                self.refuse(self.mapping, f"`{self.name(name)}` is missing")
            return None
        if not isinstance(clause.value, str) or not clause.value.strip():
            self.refuse(clause, f"`{self.name(name)}` must be text")
            return None
        return clause, clause.value

    def word(self, name: str, pattern: re.Pattern[str], allowed: str, *, required: bool) -> str | None:
        found = self.text(name, required=required)
        if found and not pattern.match(found[1]):
            self.refuse(found[0], f"`{self.name(name)}` may hold {allowed}, at most 64: {found[1]!r}")
        return found[1] if found else None

    def words(self, name: str, pattern: re.Pattern[str], allowed: str) -> tuple[str, ...]:
        """One word or a list of them."""
        found = []
        for item in self.list_of(name):
            if isinstance(item.value, str) and pattern.match(item.value):
                found.append(item.value)
            else:
                self.refuse(item, f"`{self.name(name)}` may hold {allowed}: {item.value!r}")
        return tuple(found)

    def duration(self, name: str, at_least_ms: int = 0) -> int | None:
        clause = self.entries.get(name)
        if clause is None:
            return None
        try:
            duration_ms = parse_duration_ms(str(clause.value))
        except ValueError as error:
            self.refuse(clause, f"`{self.name(name)}`: {error}")
            return None
        if not at_least_ms <= duration_ms <= MAX_DURATION_MS:
            more = "more than nothing and " if at_least_ms else ""
            self.refuse(clause, f"`{self.name(name)}` must be {more}at most 366d")
        return duration_ms

    def count(self, name: str, at_least: int, at_most: int = 1_000) -> int | None:
        clause = self.entries.get(name)
        if clause is None:
            return None
        if isinstance(clause.value, bool) or not isinstance(clause.value, int):
            self.refuse(clause, f"`{self.name(name)}` must be a whole number")
            return None
        if not at_least <= clause.value <= at_most:
            self.refuse(clause, f"`{self.name(name)}` must be between {at_least} and {at_most}")
        return clause.value

    def truth(self, name: str, *, default: bool = False) -> bool:
        clause = self.entries.get(name)
        if clause is not None and not isinstance(clause.value, bool):
            self.refuse(clause, f"`{self.name(name)}` must be true or false")
        return default if clause is None else clause.value is True

    def choice(self, name: str, options: type[_Option], default: _Option) -> _Option:
        clause = self.entries.get(name)
        if clause is None:
            return default
        if clause.value not in [option.value for option in options]:
            self.refuse(clause, f"`{self.name(name)}` must be one of {', '.join(options)}, not {clause.value!r}")
            return default
        return options(clause.value)

    def title(self, default: str) -> Text:
        title = self.mapping_of("title")
        if title is None:
            return Text(en=default, zh=default)
        title.check_known(("en", "zh"), required=("en", "zh"))
        given = {name: found[1] for name in ("en", "zh") if (found := title.text(name))}
        return Text(en=given.get("en", default), zh=given.get("zh", default))

    def condition(
        self, name: str, roots: tuple[str, ...] = ALL_ROOTS, signals: Mapping[str, Signal] | None = None
    ) -> Condition | None:
        clause = self.entries.get(name)
        if isinstance(clause, LocatedValue) and isinstance(clause.value, bool):
            clause = LocatedValue(str(clause.value).lower(), clause.line, clause.column, clause.key)
        if clause is None:
            return None
        if not isinstance(clause.value, str) or not clause.value.strip():
            self.refuse(clause, f"`{self.name(name)}` must be a condition in CEL, in quotes")
            return None
        try:
            return Condition(clause.value, roots, signals or {})
        except BadExpression as error:
            self._problems.append(condition_problem(clause, self._file, self.name(name), error.at, str(error)))
            return None


def condition_problem(clause: LocatedValue, file: str, name: str, at: int, message: str) -> LocatedProblem:
    """A problem at a character of a condition: at its own place where the text stands as it is, else at the clause."""
    column = clause.column if clause.indent is None else clause.column + clause.indent + at
    return LocatedProblem(file, clause.line, column, f"`{name}`: {message}")
