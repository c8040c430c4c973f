"""Silences and maintenance windows on `rules.definitions`: what is published meanwhile is marked and notifies nobody.

silence/<id>   {"id", "author", "reason", "starts_at_ms", "ends_at_ms", "matches": {...}}; a newer record replaces it,
               a tombstone ends it as if it had never been
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from domain.topics import Headers, Topics
from rules.definitions.table import RuleTable
from streams.ports import Log, Outgoing, Record
from streams.reading.tables import latest_by_key

_HEADERS: Final[Headers] = (("schema", b"silence/1"),)
_PREFIX: Final = "silence/"
_log = structlog.get_logger()


class Matches(BaseModel):
    """Which events a silence is about: all that agree in everything named here; at least one thing is named.

    `area` covers the areas below it, `parent` the device of that id and everything under it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: str | None = None
    kind: str | None = None
    area: str | None = None
    device_id: str | None = None
    parent: str | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "Matches":
        if all(value is None for value in (self.rule, self.kind, self.area, self.device_id, self.parent)):
            raise ValueError("a silence names at least one of rule, kind, area, device_id and parent")
        return self

    def fits(self, rule: str, kind: str, area: str | None, chain: Sequence[str]) -> bool:
        """Whether an event is one of them; `chain` is its subject and the subject's parents."""
        return (
            self.rule in (None, rule)
            and self.kind in (None, kind)
            and self.device_id in (None, chain[0])
            and (self.parent is None or self.parent in chain)
            and (self.area is None or (area is not None and f"{area}/".startswith(f"{self.area}/")))
        )


class Silence(BaseModel):
    """One silence or maintenance window. Time: in force in [starts_at_ms, ends_at_ms), by the clock of the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    author: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    starts_at_ms: int
    ends_at_ms: int
    matches: Matches

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Silence":
        if self.ends_at_ms <= self.starts_at_ms:
            raise ValueError("a silence ends after it starts")
        return self

    def is_in_force(self, at_ms: int) -> bool:
        return self.starts_at_ms <= at_ms < self.ends_at_ms


class SilenceTable:
    """The silences of `rules.definitions`, record after record."""

    def __init__(self) -> None:
        self._silences: dict[str, Silence] = {}
        self.revision = 0

    def apply(self, records: Iterable[Record]) -> None:
        """Take records in the order of the log; those about rules are passed over."""
        for record in records:
            key = (record.key or b"").decode(errors="replace")
            if not key.startswith(_PREFIX):
                continue
            self.revision += 1
            if record.value is None:
                self._silences.pop(key[len(_PREFIX) :], None)
                continue
            try:
                silence = Silence.model_validate_json(record.value)
            except ValidationError as error:
                _log.error("a silence cannot be read", key=key, error=str(error))
            else:
                self._silences[silence.id] = silence

    def silences(self) -> list[Silence]:
        """All that were not taken back, those too that are over, by id."""
        return [silence for _, silence in sorted(self._silences.items())]


async def read_rules_and_silences(log: Log, topics: Topics) -> tuple[RuleTable, SilenceTable]:
    """All that the log holds now, read once. Raises: TransientFault where the log does not answer."""
    records = (await latest_by_key(log, topics.rule_definitions)).values()
    table, silences = RuleTable(), SilenceTable()
    table.apply(records)
    silences.apply(records)
    return table, silences


async def publish_silence(log: Log, topics: Topics, silence: Silence) -> None:
    """Put a silence in force, or another end to one that is. Idempotent."""
    await log.append(
        [Outgoing(topics.rule_definitions, _key(silence.id), silence.model_dump_json().encode(), _HEADERS)]
    )


async def remove_silence(log: Log, topics: Topics, silence_id: str) -> None:
    """Take a silence back: what it silenced is published again without it. Idempotent."""
    await log.append([Outgoing(topics.rule_definitions, _key(silence_id), None, _HEADERS)])


def _key(silence_id: str) -> bytes:
    return f"{_PREFIX}{silence_id}".encode()
