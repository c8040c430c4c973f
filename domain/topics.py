"""The names on the log, and the headers that mark what a record is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.time.units import DAY_MS

Headers = tuple[tuple[str, bytes], ...]

KINDS: Final = ("streetlight", "manhole_cover", "water_monitor", "cabinet", "gateway")
"""The built-in kinds. Kinds are data: settings may name more."""

TELEMETRY_HEADERS: Final[Headers] = (("schema", b"telemetry/1"),)
TICK_HEADERS: Final[Headers] = (("schema", b"tick/1"), ("type", b"tick"))
REJECTION_HEADERS: Final[Headers] = (("schema", b"rejection/1"),)


class Cleanup(StrEnum):
    """What the log does with old records: drop them by age, or keep the newest of each key."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it is created. `retention_ms` is None for ever; it means nothing under COMPACT.

    `retention_bytes` bounds what all partitions keep, the same for each; the oldest goes first. None is without a bound.
    """

    name: str
    partitions: int
    cleanup: Cleanup = Cleanup.DELETE
    retention_ms: int | None = None
    retention_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic of one urbansense, all under one prefix (empty by default).

    `simulated_clock`: the ticks on them follow a simulator, and have nothing to do with when the log took them.
    Units: `rejected_bytes` is what the rejections of all partitions may take.
    """

    prefix: str = ""
    partitions: int = 12
    kinds: tuple[str, ...] = KINDS
    simulated_clock: bool = False
    rejected_bytes: int = 1024 * 1024 * 1024

    def telemetry(self, kind: str) -> str:
        return f"{self.prefix}telemetry.{kind}"

    @property
    def all_telemetry(self) -> tuple[str, ...]:
        return tuple(self.telemetry(kind) for kind in self.kinds)

    @property
    def rejected(self) -> str:
        return f"{self.prefix}telemetry.rejected"

    @property
    def registry(self) -> str:
        return f"{self.prefix}registry.devices"

    @property
    def rule_definitions(self) -> str:
        return f"{self.prefix}rules.definitions"

    @property
    def rule_state(self) -> str:
        return f"{self.prefix}rules.state"

    @property
    def rules_raised(self) -> str:
        return f"{self.prefix}rules.raised"

    @property
    def rules_shadow(self) -> str:
        return f"{self.prefix}rules.shadow"

    @property
    def events(self) -> str:
        return f"{self.prefix}city.events"

    @property
    def cases(self) -> str:
        return f"{self.prefix}city.cases"

    def specs(self) -> tuple[TopicSpec, ...]:
        """All topics as they are created: equal partition numbers for telemetry, state and registry."""
        n = self.partitions
        return (
            *(TopicSpec(topic, n, retention_ms=7 * DAY_MS) for topic in self.all_telemetry),
            TopicSpec(self.rejected, n, retention_ms=30 * DAY_MS, retention_bytes=self.rejected_bytes),
            TopicSpec(self.registry, n, Cleanup.COMPACT),
            TopicSpec(self.rule_definitions, 1, Cleanup.COMPACT),
            TopicSpec(self.rule_state, n, Cleanup.COMPACT),
            TopicSpec(self.rules_raised, 1, retention_ms=30 * DAY_MS),
            TopicSpec(self.rules_shadow, 1, retention_ms=30 * DAY_MS),
            TopicSpec(self.events, n),
            TopicSpec(self.cases, n),
        )


def header(headers: Sequence[tuple[str, bytes]], name: str) -> bytes | None:
    """The value of the first header of that name, or None."""
    for key, value in headers:
        if key == name:
            return value
    return None


def is_tick(headers: Sequence[tuple[str, bytes]]) -> bool:
    """Whether a telemetry record is a tick of the clock and no report."""
    return len(headers) > 1 and header(headers, "type") == b"tick"
