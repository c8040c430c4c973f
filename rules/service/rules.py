"""The rules in force and their life, over `rules.definitions` and what the workers write on `rules.state`."""

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import structlog

from documents.located_yaml.problems import LocatedProblem
from domain.topics import Topics
from rules.definitions.lifecycle import (
    Signature,
    UnknownRule,
    apply_documents,
    remove_calendar,
    remove_rule,
    roll_back,
    set_mode,
)
from rules.definitions.table import CalendarDefinition, Definition, RuleTable, read_table
from rules.language.document.problems import BadRules
from rules.language.document.reading import parse_documents
from rules.language.rule import Mode, Rule
from rules.service.statuses import CalendarStatus, PutInForce, RuleChange, RuleProblem, RuleStatus, RuleVersion
from rules.worker.health import RuleTally, read_health
from streams.ports import Log

_log = structlog.get_logger()
_NO_TALLY: Final = RuleTally(0)


class RuleService:
    """The rules and calendars on one log. Changes through it are made one after the other.

    Safe to use from many tasks of one event loop. What asks for a rule, version or calendar that is not there raises
    LookupError.
    """

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topics = topics
        self._changing = asyncio.Lock()

    # The rules in force

    async def list_rules(self) -> Sequence[RuleStatus]:
        """All rules in force, by name."""
        health = await read_health(self._log, self._topics)
        return [
            _status(definition, health.by_rule.get(definition.name, _NO_TALLY), health.late)
            for definition in (await self._table()).in_force()
        ]

    async def apply(self, text: str, author: str, note: str = "") -> RuleChange:
        """Put a document (YAML) of rules and calendars in force. Idempotent: the same again changes nothing."""
        try:
            problems = unknown_kinds(parse_documents(text).rules, self._topics.kinds)
            if problems:
                return RuleChange(problems=tuple(RuleProblem(problem) for problem in problems))
            async with self._changing:
                applied = await apply_documents(self._log, self._topics, text, _signature(author, note))
        except BadRules as bad:
            return _refusal(bad.found)
        return RuleChange(
            applied=tuple(_status(one.definition) for one in applied.rules),
            calendars=tuple(map(_calendar_status, applied.calendars)),
        )

    # Their life

    async def versions(self, rule: str) -> Sequence[RuleVersion]:
        """Every version, oldest first."""
        table = await self._table()
        versions = [_version(definition, table) for definition in table.versions(rule)]
        if not versions:
            raise UnknownRule(f"rule {rule}")
        return versions

    async def roll_back(self, rule: str, version: int, author: str, note: str) -> RuleChange:
        """Put a version in force again, under its own number. Idempotent."""
        return await self._change(roll_back(self._log, self._topics, rule, version, _signature(author, note)))

    async def set_mode(self, rule: str, mode: Mode, author: str, note: str) -> RuleChange:
        """A new version with only the mode changed. Idempotent."""

        async def changed() -> Definition:
            return (await set_mode(self._log, self._topics, rule, mode, _signature(author, note))).definition

        return await self._change(changed())

    async def remove(self, rule: str, author: str) -> None:
        """Take it out of force; its open events clear. Raises: ValueError where other rules in force name it."""
        async with self._changing:
            if not await remove_rule(self._log, self._topics, rule):
                raise UnknownRule(f"rule {rule}")
        _log.info("rule removed", rule=rule, author=author)

    async def _change(self, change: Awaitable[Definition]) -> RuleChange:
        async with self._changing:
            try:
                return RuleChange(applied=(_status(await change),))
            except BadRules as bad:
                return _refusal(bad.found)

    # Calendars

    async def list_calendars(self) -> Sequence[CalendarStatus]:
        """By name."""
        return list(map(_calendar_status, (await self._table()).calendar_definitions()))

    async def remove_calendar(self, name: str, author: str) -> None:
        """Raises: ValueError where rules in force name it."""
        async with self._changing:
            await remove_calendar(self._log, self._topics, name)
        _log.info("calendar removed", calendar=name, author=author)

    async def _table(self) -> RuleTable:
        return await read_table(self._log, self._topics)


def unknown_kinds(rules: Sequence[Rule], kinds: Sequence[str]) -> list[str]:
    """A sentence for each rule of a kind that no device here can be of; such a rule would never fire."""
    return [
        f"rule {rule.name}: kind {rule.kind!r} is not one of {', '.join(kinds)}"
        for rule in rules
        if rule.group is None and rule.kind not in kinds
    ]


def _signature(author: str, note: str) -> Signature:
    return Signature(author, note, int(time.time() * 1000))


def _refusal(problems: Sequence[LocatedProblem]) -> RuleChange:
    return RuleChange(problems=tuple(RuleProblem(p.message, p.line, p.column) for p in problems))


def _status(
    definition: Definition, tally: RuleTally = _NO_TALLY, late: Mapping[str, str] = MappingProxyType({})
) -> RuleStatus:
    """`tally` counts only where it is of the version in force; `late` is what is wrong with the reports of a kind."""
    rule = definition.rule
    if tally.version != rule.version:
        tally = _NO_TALLY
    return RuleStatus(
        rule=rule.name,
        version=rule.version,
        kind=rule.kind,
        severity=rule.severity,
        mode=rule.mode.value,
        title=rule.title,
        applied_at_ms=definition.applied_at_ms,
        author=definition.author or None,
        problems=tuple(filter(None, (tally.error, late.get(rule.kind)))),
        note=definition.note or None,
        errors=tally.errors,
        opened=tally.opened,
        lacking=dict(tally.lacking),
    )


def _version(definition: Definition, table: RuleTable) -> RuleVersion:
    in_force = table.version_in_force(definition.name)
    is_in_force = in_force is not None and in_force.version == definition.version
    return RuleVersion(
        definition.name,
        definition.version,
        definition.rule.mode,
        definition.author,
        definition.note,
        definition.applied_at_ms,
        definition.rule.text,
        PutInForce(in_force.author, in_force.note, in_force.at_ms) if in_force and is_in_force else None,
    )


def _calendar_status(definition: CalendarDefinition) -> CalendarStatus:
    calendar = definition.calendar
    return CalendarStatus(
        calendar.name, definition.version, calendar.title, definition.author, definition.note,
        definition.applied_at_ms, calendar.text,
    )  # fmt: skip
