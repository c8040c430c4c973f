"""The life of rules on `rules.definitions`: applied, rolled back, put into another mode, removed.

Every change names its author, may carry a note, and is refused as a whole where anything is wrong with it. Appliers at
the same time must be kept apart by the caller. `rules.definitions.table` knows the records.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from documents.located_yaml.problems import LocatedProblem
from domain.topics import Topics
from rules.definitions.table import (
    CalendarDefinition,
    Definition,
    RuleTable,
    VersionInForce,
    calendar_record,
    in_force_record,
    read_table,
    version_record,
)
from rules.language.document.mode_change import with_mode
from rules.language.document.problems import BadRules
from rules.language.document.reading import Documents, parse_documents
from rules.language.document.references import circular_references, named_rules, unknown_references
from rules.language.rule import Mode, Rule
from rules.schedule.calendars import Calendar
from streams.ports import Log, Outgoing


class UnknownRule(LookupError):
    """There is no such rule, version or calendar; the message names it."""


class RuleInUse(ValueError):
    """Rules in force name this rule or calendar, so it cannot go; the message names them."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who changes something, why, and when."""

    author: str = ""
    note: str = ""
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did to one rule; `changed` is False where the text in force was the same already."""

    definition: Definition
    changed: bool


@dataclass(frozen=True, slots=True)
class AppliedDocuments:
    """What applying did to everything in a document, in its order."""

    rules: list[Applied]
    calendars: list[CalendarDefinition]


def check_documents(documents: Documents, table: RuleTable, file: str) -> list[LocatedProblem]:
    """What is wrong with applying these beside what the log has: unknown names and circles."""
    rules = {definition.name: definition.rule for definition in table.in_force()}
    rules |= {rule.name: rule for rule in documents.rules}
    calendars = {calendar.name for calendar in [*table.calendars(), *documents.calendars]}
    references = documents.references
    return [
        *unknown_references(references, file, rules, calendars),
        *circular_references(references, file, rules),
    ]


async def apply_documents(
    log: Log, topics: Topics, text: str, signature: Signature, file: str = "<rules>"
) -> AppliedDocuments:
    """Put every rule and calendar of a document in force, or none. Idempotent: an unchanged text makes no new version.

    Delivery: calendars, then the versions and what is in force, are appended in this order. Raises: BadRules.
    """
    documents = parse_documents(text, file)
    table = await read_table(log, topics)
    if problems := check_documents(documents, table, file):
        raise BadRules(problems)
    records: list[Outgoing] = []
    calendars = [_apply_calendar(table, topics, calendar, signature, records) for calendar in documents.calendars]
    rules = [_apply_rule(table, topics, rule, signature, records) for rule in documents.rules]
    await log.append(records)
    return AppliedDocuments(rules, calendars)


async def apply_rules(
    log: Log, topics: Topics, text: str, *, now_ms: int, author: str = "", note: str = "", file: str = "<rules>"
) -> list[Applied]:
    """What `apply_documents` did to the rules. Raises: BadRules."""
    return (await apply_documents(log, topics, text, Signature(author, note, now_ms), file)).rules


async def roll_back(log: Log, topics: Topics, name: str, version: int, signature: Signature) -> Definition:
    """Put a version in force again, under its own number. Idempotent.

    Raises: UnknownRule; BadRules where it names rules or calendars that are no more.
    """
    table = await read_table(log, topics)
    definition = table.version(name, version)
    if definition is None:
        raise UnknownRule(f"rule {name} version {version}")
    file = f"{name}/{version}"
    if problems := check_documents(parse_documents(definition.rule.text, file), table, file):
        raise BadRules(problems)
    in_force = table.version_in_force(name)
    if in_force is None or in_force.version != version:
        in_force = VersionInForce(version, signature.author, signature.note, signature.at_ms)
        await log.append([in_force_record(topics, name, in_force)])
    return definition


async def set_mode(log: Log, topics: Topics, name: str, mode: Mode, signature: Signature) -> Applied:
    """Put a version in force whose text differs from the one in force in `mode` only. Idempotent. Raises: UnknownRule."""
    table = await read_table(log, topics)
    before = _in_force(table, name)
    if before.rule.mode is mode:
        return Applied(before, changed=False)
    rule = with_mode(before.rule, mode)
    records: list[Outgoing] = []
    applied = _apply_rule(table, topics, rule, signature, records)
    await log.append(records)
    return applied


async def remove_rule(log: Log, topics: Topics, name: str) -> bool:
    """Take a rule out of force, keeping its versions; whether it was in force. Its open events clear.

    Raises: RuleInUse where other rules in force name it.
    """
    table = await read_table(log, topics)
    if table.version_in_force(name) is None:
        return False
    rules = [definition.rule for definition in table.in_force()]
    _refuse_in_use(f"rule {name}", (rule.name for rule in rules if rule.name != name and name in named_rules(rule)))
    await log.append([in_force_record(topics, name, None)])
    return True


async def remove_calendar(log: Log, topics: Topics, name: str) -> None:
    """Take a calendar away. Raises: UnknownRule; RuleInUse where rules in force name it."""
    table = await read_table(log, topics)
    if all(calendar.name != name for calendar in table.calendars()):
        raise UnknownRule(f"calendar {name}")
    rules = [definition.rule for definition in table.in_force()]
    _refuse_in_use(f"calendar {name}", (r.name for r in rules if r.active is not None and r.active.calendar == name))
    await log.append([calendar_record(topics, name, None)])


def _in_force(table: RuleTable, name: str) -> Definition:
    in_force = table.version_in_force(name)
    definition = table.version(name, in_force.version) if in_force else None
    if definition is None:
        raise UnknownRule(f"rule {name}")
    return definition


def _refuse_in_use(what: str, users: Iterable[str]) -> None:
    if names := ", ".join(users):
        raise RuleInUse(f"{what} is named by {names}; change or remove that first")


def _apply_rule(table: RuleTable, topics: Topics, rule: Rule, signature: Signature, records: list[Outgoing]) -> Applied:
    in_force = table.version_in_force(rule.name)
    before = table.version(rule.name, in_force.version) if in_force else None
    if before is not None and before.rule.text == rule.text:
        return Applied(before, changed=False)
    version = max((known.version for known in table.versions(rule.name)), default=0) + 1
    definition = Definition(replace(rule, version=version), signature.author, signature.note, signature.at_ms)
    records.append(version_record(topics, definition))
    records.append(
        in_force_record(topics, rule.name, VersionInForce(version, signature.author, signature.note, signature.at_ms))
    )
    return Applied(definition, changed=True)


def _apply_calendar(
    table: RuleTable, topics: Topics, calendar: Calendar, signature: Signature, records: list[Outgoing]
) -> CalendarDefinition:
    before = {one.calendar.name: one for one in table.calendar_definitions()}.get(calendar.name)
    if before is not None and before.calendar.text == calendar.text:
        return before
    version = before.version + 1 if before else 1
    definition = CalendarDefinition(calendar, version, signature.author, signature.note, signature.at_ms)
    records.append(calendar_record(topics, calendar.name, definition))
    return definition
