"""The rules in force as the web sees them: `web.ports.RuleBook` over `rules.definitions`."""

import asyncio
import time
from collections.abc import Callable, Sequence

from domain.topics import Topics
from rules.definitions import Definition, apply_rules, read_definitions
from rules.documents import parse_rules
from rules.health import RuleHealth
from rules.problems import BadRules
from rules.rule import Rule
from streams.ports import Log
from web.ports import RuleChange, RuleProblem, RuleStatus


class LogRuleBook:
    """Reads and writes the topic; `health` is that of the rules worker in this process, where there is one."""

    def __init__(self, log: Log, topics: Topics, health: Callable[[], Sequence[RuleHealth]] = tuple) -> None:
        self._log = log
        self._topics = topics
        self._health = health
        self._applying = asyncio.Lock()

    async def list_rules(self) -> Sequence[RuleStatus]:
        errors = {health.rule: health.error for health in self._health() if health.error is not None}
        return [
            _status(definition, errors.get(definition.name))
            for definition in await read_definitions(self._log, self._topics)
        ]

    async def apply(self, text: str, author: str) -> RuleChange:
        now_ms = int(time.time() * 1000)
        try:
            problems = unknown_kinds(parse_rules(text), self._topics.kinds)
            if problems:
                return RuleChange(problems=tuple(RuleProblem(problem) for problem in problems))
            async with self._applying:
                applied = await apply_rules(self._log, self._topics, text, now_ms=now_ms, author=author)
        except BadRules as bad:
            return RuleChange(problems=tuple(RuleProblem(p.message, p.line, p.column) for p in bad.found))
        return RuleChange(applied=tuple(_status(one.definition) for one in applied))


def unknown_kinds(rules: Sequence[Rule], kinds: Sequence[str]) -> list[str]:
    """A sentence for each rule of a kind that no device here can be of; such a rule would never fire."""
    return [
        f"rule {rule.name}: kind {rule.kind!r} is not one of {', '.join(kinds)}"
        for rule in rules
        if rule.kind not in kinds
    ]


def _status(definition: Definition, error: str | None = None) -> RuleStatus:
    rule = definition.rule
    return RuleStatus(
        rule=rule.name,
        version=rule.version,
        kind=rule.kind,
        severity=rule.severity,
        mode=rule.mode.value,
        title=rule.title,
        applied_at_ms=definition.applied_at_ms,
        author=definition.author or None,
        problems=(error,) if error else (),
    )
