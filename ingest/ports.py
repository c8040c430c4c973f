"""What ingest needs from outside: what the rules have counted, for the ledger."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from domain.topics import Topics
from streams.ports import Log, TopicPartition


class JudgedSums(Protocol):
    """The sums over all partitions, and the next offset to be judged of each: written together."""

    @property
    def judged(self) -> int: ...

    @property
    def duplicate(self) -> int: ...

    @property
    def too_late(self) -> int: ...

    @property
    def no_rule(self) -> int: ...

    @property
    def offsets(self) -> Mapping[TopicPartition, int]: ...


ReadJudgedSums = Callable[[Log, Topics], Awaitable[JudgedSums]]
