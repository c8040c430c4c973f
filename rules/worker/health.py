"""How every rule does, read from what all workers committed on `rules.state`."""

from collections import Counter
from dataclasses import dataclass, field

from domain.topics import Topics
from rules.worker.partition_states import read_partition_states
from streams.ports import Log


@dataclass(slots=True)
class RuleTally:
    """What went on with one rule at one version. `error` is the newest of `errors` failures, or that of its `where`."""

    version: int
    errors: int = 0
    error: str | None = None
    opened: int = 0
    lacking: Counter[str] = field(default_factory=Counter)


async def read_health(log: Log, topics: Topics) -> dict[str, RuleTally]:
    """How every rule does at its newest version, by name, as all workers committed it last, whichever process they are."""
    tallies: dict[str, RuleTally] = {}
    for state in (await read_partition_states(log, topics)).values():
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
