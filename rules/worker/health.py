"""How every rule does, read from what all workers committed on `rules.state`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from domain.topics import Topics
from rules.worker.partition_states import read_partition_states
from rules.worker.too_late import ReportFates, describe_ill
from streams.ports import Log


@dataclass(slots=True)
class RuleTally:
    """What went on with one rule at one version. `error` is the newest of `errors` failures, or that of its `where`."""

    version: int
    errors: int = 0
    error: str | None = None
    opened: int = 0
    lacking: Counter[str] = field(default_factory=Counter)


class RulesHealth(NamedTuple):
    """How every rule does at its newest version, by name; and by kind what is wrong with how late its reports come."""

    by_rule: dict[str, RuleTally]
    late: dict[str, str]


async def read_health(log: Log, topics: Topics) -> RulesHealth:
    """As all workers committed it last, whichever process they are."""
    states = (await read_partition_states(log, topics)).values()
    return RulesHealth(_tallies(states), _late(states, topics))


def _late(states: Iterable[Mapping[str, Any]], topics: Topics) -> dict[str, str]:
    recent: dict[str, ReportFates] = {}
    ever: dict[str, ReportFates] = {}
    for state in states:
        for topic, fates in state.get("recent", {}).items():
            recent[topic] = recent.get(topic, ReportFates()).plus(ReportFates(*fates))
        for topic, engine_state in state["lanes"].items():
            judged, duplicate, too_late, _ = engine_state["sums"]
            ever[topic] = ever.get(topic, ReportFates()).plus(ReportFates(judged + duplicate + too_late, too_late))
    kinds = {topics.telemetry(kind): kind for kind in topics.kinds}
    found = {
        kinds[topic]: describe_ill(fates, ever.get(topic, fates)) for topic, fates in recent.items() if topic in kinds
    }
    return {kind: ill for kind, ill in found.items() if ill is not None}


def _tallies(states: Iterable[Mapping[str, Any]]) -> dict[str, RuleTally]:
    tallies: dict[str, RuleTally] = {}
    for state in states:
        for rule, version in state["rules"].items():
            tally = tallies.setdefault(rule, RuleTally(version))
            if tally.version > version:
                continue
            if tally.version < version:
                tally = tallies[rule] = RuleTally(version)
            errors, error, opened, *lacking = state.get("health", {}).get(rule, (0, None, 0))
            tally.lacking.update(lacking[0] if lacking else {})
            tally.errors, tally.opened, tally.error = tally.errors + errors, tally.opened + opened, tally.error or error
    return tallies
