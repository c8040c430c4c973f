"""What `rules.definitions` holds: every version of every rule for ever, which one is in force, and the calendars.

rule/<name>/<version>   {"rule", "version", "text", "author", "note", "applied_at_ms"}, never written again
rule/<name>             {"version", "author", "note", "at_ms"}, what is in force; a tombstone takes the rule out of force
calendar/<name>         {"calendar", "version", "text", "author", "note", "applied_at_ms"}; a tombstone takes it away
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
import structlog

from domain.topics import Headers, Topics
from rules.language.document.problems import BadRules
from rules.language.document.reading import parse_documents
from rules.language.rule import Rule
from rules.schedule.calendars import Calendar
from streams.ports import Log, Outgoing, Record
from streams.reading.tables import latest_by_key

_HEADERS: Final[Headers] = (("schema", b"rule/1"),)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a rule as it was applied. `rule` carries the version too."""

    rule: Rule
    author: str = ""
    note: str = ""
    applied_at_ms: int = 0

    @property
    def name(self) -> str:
        return self.rule.name

    @property
    def version(self) -> int:
        return self.rule.version

    @property
    def needed_history_ms(self) -> int:
        """How far back the telemetry log must reach to rebuild this rule's state: its longest time, and the lateness."""
        rule = self.rule
        longest_ms = max(
            rule.for_ms, rule.clear_for_ms, rule.gap_ms or 0, rule.no_data_ms or 0, rule.longest_window_ms,
            rule.repeat.within_ms if rule.repeat else 0,
        )  # fmt: skip
        return longest_ms + rule.lateness_ms


@dataclass(frozen=True, slots=True)
class VersionInForce:
    """Which version is in force, and who put it in force, why and when: at a rollback not those of the version itself."""

    version: int
    author: str = ""
    note: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class CalendarDefinition:
    """A calendar as it was applied last; `version` counts how often it was."""

    calendar: Calendar
    version: int = 1
    author: str = ""
    note: str = ""
    applied_at_ms: int = 0


class RuleTable:
    """The topic, record after record."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, Definition]] = {}
        self._in_force: dict[str, VersionInForce] = {}
        self._calendars: dict[str, CalendarDefinition] = {}
        self.revision = 0

    def apply(self, records: Iterable[Record]) -> None:
        """Take records in the order of the log; `revision` grows with every change.

        One that cannot be read is left out with a line in the log: what stood under its key before stays.
        """
        for record in records:
            try:
                self._take(record)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                _log.error(
                    "unreadable record of rules.definitions",
                    key=repr(record.key),
                    offset=record.offset,
                    error=repr(error),
                )

    def _take(self, record: Record) -> None:
        kind, _, rest = (record.key or b"").decode().partition("/")
        name, _, version = rest.partition("/")
        if kind not in ("rule", "calendar"):
            return
        content: dict[str, Any] | None = None if record.value is None else orjson.loads(record.value)
        if kind == "calendar":
            self._keep_calendar(name, content)
        elif version:
            self._keep(name, int(version), content)
        elif content is None:
            self._in_force.pop(name, None)
        else:
            self._in_force[name] = VersionInForce(
                int(content["version"]), str(content.get("author", "")), str(content.get("note", "")),
                int(content.get("at_ms", 0)),
            )  # fmt: skip
        self.revision += 1

    def _keep(self, name: str, version: int, content: dict[str, Any] | None) -> None:
        if content is None:
            return
        try:
            (rule,) = parse_documents(content["text"], f"{name}/{version}").rules
        except (BadRules, ValueError) as error:
            _log.error("a rule of another release cannot be read", rule=name, version=version, error=str(error))
            return
        self._versions.setdefault(name, {})[version] = Definition(replace(rule, version=version), **_signature(content))

    def _keep_calendar(self, name: str, content: dict[str, Any] | None) -> None:
        if content is None:
            self._calendars.pop(name, None)
            return
        try:
            (calendar,) = parse_documents(content["text"], name).calendars
        except (BadRules, ValueError) as error:
            _log.error("a calendar of another release cannot be read", calendar=name, error=str(error))
            return
        self._calendars[name] = CalendarDefinition(calendar, int(content.get("version", 1)), **_signature(content))

    def in_force(self) -> list[Definition]:
        """The definitions in force, by name."""
        found = (self.version(name, in_force.version) for name, in_force in sorted(self._in_force.items()))
        return [definition for definition in found if definition is not None]

    def version_in_force(self, name: str) -> VersionInForce | None:
        """Which version of a rule is in force; None where none is."""
        return self._in_force.get(name)

    def version(self, name: str, version: int) -> Definition | None:
        return self._versions.get(name, {}).get(version)

    def versions(self, name: str) -> list[Definition]:
        """Every version of a rule, oldest first."""
        return [definition for _, definition in sorted(self._versions.get(name, {}).items())]

    def calendars(self) -> list[Calendar]:
        """The calendars, by name."""
        return [definition.calendar for definition in self.calendar_definitions()]

    def calendar_definitions(self) -> list[CalendarDefinition]:
        """The calendars with who applied them, by name."""
        return [definition for _, definition in sorted(self._calendars.items())]


async def read_table(log: Log, topics: Topics) -> RuleTable:
    """All rules of the log as it stands now. Raises: TransientFault where the log does not answer."""
    table = RuleTable()
    table.apply((await latest_by_key(log, topics.rule_definitions)).values())
    return table


async def read_definitions(log: Log, topics: Topics) -> list[Definition]:
    """The rules in force, by name."""
    return (await read_table(log, topics)).in_force()


# Records


def version_record(topics: Topics, definition: Definition) -> Outgoing:
    """One version, for ever."""
    named = {"rule": definition.name, "version": definition.version}
    value = {**named, "text": definition.rule.text, **_signed(definition)}
    return _record(topics, f"rule/{definition.name}/{definition.version}", value)


def in_force_record(topics: Topics, name: str, in_force: VersionInForce | None) -> Outgoing:
    """What puts a version in force, or with None the rule out of force."""
    if in_force is None:
        return _record(topics, f"rule/{name}", None)
    value = {
        "version": in_force.version, "author": in_force.author, "note": in_force.note, "at_ms": in_force.at_ms,
    }  # fmt: skip
    return _record(topics, f"rule/{name}", value)


def calendar_record(topics: Topics, name: str, definition: CalendarDefinition | None) -> Outgoing:
    """What puts a calendar in the place of the one before, or with None takes it away."""
    if definition is None:
        return _record(topics, f"calendar/{name}", None)
    value = {
        "calendar": name, "version": definition.version, "text": definition.calendar.text, **_signed(definition),
    }  # fmt: skip
    return _record(topics, f"calendar/{name}", value)


def _record(topics: Topics, key: str, value: dict[str, Any] | None) -> Outgoing:
    return Outgoing(topics.rule_definitions, key.encode(), None if value is None else orjson.dumps(value), _HEADERS)


def _signed(definition: Definition | CalendarDefinition) -> dict[str, Any]:
    return {"author": definition.author, "note": definition.note, "applied_at_ms": definition.applied_at_ms}


def _signature(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "author": str(content.get("author", "")),
        "note": str(content.get("note", "")),
        "applied_at_ms": int(content.get("applied_at_ms", 0)),
    }
