"""The rules in force on `rules.definitions`: every version for ever, and which one counts.

rule/<name>/<version>   {"rule", "version", "text", "author", "note", "applied_at_ms"}, never written again
rule/<name>             {"version"}, the version in force; a tombstone takes the rule out of force
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
import structlog

from domain.topics import Headers, Topics
from rules.documents import parse_rules
from rules.problems import BadRules
from rules.rule import Rule
from streams.ports import Log, Outgoing, Record
from streams.tables import latest_by_key

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
        return max(rule.for_ms, rule.clear_for_ms, rule.gap_ms or 0, rule.no_data_ms or 0) + rule.lateness_ms


class RuleTable:
    """What `rules.definitions` says, record after record."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[int, Definition]] = {}
        self._in_force: dict[str, int] = {}
        self.revision = 0

    def apply(self, records: Iterable[Record]) -> None:
        """Take records in the order of the log; `revision` grows with every change."""
        for record in records:
            kind, _, rest = (record.key or b"").decode().partition("/")
            name, _, version = rest.partition("/")
            if kind != "rule":
                continue
            if version:
                self._keep(name, int(version), record.value)
            elif record.value is None:
                self._in_force.pop(name, None)
            else:
                self._in_force[name] = orjson.loads(record.value)["version"]
            self.revision += 1

    def _keep(self, name: str, version: int, value: bytes | None) -> None:
        if value is None:
            return
        told: dict[str, Any] = orjson.loads(value)
        try:
            (rule,) = parse_rules(told["text"], f"{name}/{version}")
        except (BadRules, ValueError) as error:
            _log.error("a rule of another release cannot be read", rule=name, version=version, error=str(error))
            return
        self._versions.setdefault(name, {})[version] = Definition(
            replace(rule, version=version), told.get("author", ""), told.get("note", ""), told.get("applied_at_ms", 0)
        )

    def in_force(self) -> list[Definition]:
        """The definitions in force, by name."""
        found = (self.version(name, version) for name, version in sorted(self._in_force.items()))
        return [definition for definition in found if definition is not None]

    def version(self, name: str, version: int) -> Definition | None:
        return self._versions.get(name, {}).get(version)

    def versions(self, name: str) -> list[Definition]:
        """Every version of a rule, oldest first."""
        return [definition for _, definition in sorted(self._versions.get(name, {}).items())]


async def read_table(log: Log, topics: Topics) -> RuleTable:
    """All rules of the log as it stands now. Raises: TransientFault where the log does not answer."""
    table = RuleTable()
    table.apply((await latest_by_key(log, topics.rule_definitions)).values())
    return table


async def read_definitions(log: Log, topics: Topics) -> list[Definition]:
    """The rules in force, by name."""
    return (await read_table(log, topics)).in_force()


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying did to one rule; `changed` is False where the text in force was the same already."""

    definition: Definition
    changed: bool


async def apply_rules(
    log: Log, topics: Topics, text: str, *, now_ms: int, author: str = "", note: str = "", file: str = "<rules>"
) -> list[Applied]:
    """Put every rule of a document in force, or none. Idempotent: an unchanged text makes no new version.

    Delivery: the versions and what is in force are appended in this order; appliers at the same time must be kept apart
    by the caller. Raises: BadRules.
    """
    rules = parse_rules(text, file)
    table = await read_table(log, topics)
    in_force = {definition.name: definition for definition in table.in_force()}
    applied: list[Applied] = []
    records: list[Outgoing] = []
    for rule in rules:
        before = in_force.get(rule.name)
        if before is not None and before.rule.text == rule.text:
            applied.append(Applied(before, changed=False))
            continue
        version = max((known.version for known in table.versions(rule.name)), default=0) + 1
        definition = Definition(replace(rule, version=version), author, note, now_ms)
        applied.append(Applied(definition, changed=True))
        records += _records(topics.rule_definitions, definition)
    await log.append(records)
    return applied


async def remove_rule(log: Log, topics: Topics, name: str) -> bool:
    """Take a rule out of force, keeping its versions; whether it was in force. Its open events clear."""
    table = await read_table(log, topics)
    if all(definition.name != name for definition in table.in_force()):
        return False
    await log.append([Outgoing(topics.rule_definitions, f"rule/{name}".encode(), None, _HEADERS)])
    return True


def _records(topic: str, definition: Definition) -> list[Outgoing]:
    key = f"rule/{definition.name}"
    version = {
        "rule": definition.name, "version": definition.version, "text": definition.rule.text,
        "author": definition.author, "note": definition.note, "applied_at_ms": definition.applied_at_ms,
    }  # fmt: skip
    return [
        Outgoing(topic, f"{key}/{definition.version}".encode(), orjson.dumps(version), _HEADERS),
        Outgoing(topic, key.encode(), orjson.dumps({"version": definition.version}), _HEADERS),
    ]
