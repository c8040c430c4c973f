"""What a stage needs from the log. Two adapters offer it: `streams.kafka` and `streams.sqlite`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from domain.topics import Headers, TopicSpec


class TopicPartition(NamedTuple):
    topic: str
    partition: int


class Outgoing(NamedTuple):
    """A record to append. A `value` of None is a tombstone. Without `partition` the key decides by murmur2."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class Record(Protocol):
    """A record as read. `timestamp` is the log's append or create time in epoch ms. (aiokafka's own record fits.)"""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Committed(NamedTuple):
    """A group's place in a partition: the next offset to read, and what the group noted with it (at most 3 KiB)."""

    offset: int
    metadata: str = ""


Batch = Mapping[TopicPartition, Sequence[Record]]
AssignmentListener = Callable[[frozenset[TopicPartition]], Awaitable[None]]


class Start:
    """Where a reader without a committed offset begins."""

    EARLIEST = "earliest"
    LATEST = "latest"


class LogReader(Protocol):
    """One consumer. Use from one task only; sees committed transactions only.

    Order: by offset within a partition. Delivery: what was read and not committed is read again by the next reader of
    the group.
    """

    async def read(self, timeout_s: float, max_records: int = 5000) -> Batch:
        """The next records, empty after `timeout_s` without any. Waits out a broker that is away."""

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Read on from these offsets; each partition must be assigned."""

    def position(self, partition: TopicPartition) -> int:
        """The offset of the next record `read` can return there, past control records of transactions."""

    async def commit(self, positions: Mapping[TopicPartition, Committed]) -> None:
        """Keep the group's place. Raises: domain.errors.Fenced when the partition now belongs to another member."""

    async def close(self) -> None: ...


class TransactionalWriter(Protocol):
    """The one writer under a transactional id. Opening it fences every earlier holder of the same id."""

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        """Append the records and move the group's offsets: all or nothing.

        Raises: domain.errors.Fenced when a later holder of the id exists (nothing was written; stop at once);
        domain.errors.TransientFault when it is not known to have happened (reopen and resume from the group's offsets).
        """

    async def close(self) -> None: ...


class Log(Protocol):
    """The log itself; safe to use from many tasks of one event loop."""

    async def ensure_topics(self, specs: Sequence[TopicSpec]) -> None:
        """Create what is missing. Raises: ConfigurationError where a topic exists with other partition numbers."""

    def append(self, records: Sequence[Outgoing]) -> Awaitable[None]:
        """Take the records now, in this order; the awaitable ends when all are durable.

        Order: per partition as given, over all calls. Calls need not await one another: many may be in flight, and
        what waits for the same partition is joined into one batch. Delivery: at least once; a broker that is away is
        waited for, without bound, so the caller must bound what it has in flight.
        """

    async def reader(
        self,
        topics: Sequence[str],
        *,
        group: str | None = None,
        start: str = Start.EARLIEST,
        partitions: Sequence[TopicPartition] | None = None,
        on_assigned: AssignmentListener | None = None,
        on_revoked: AssignmentListener | None = None,
    ) -> LogReader:
        """A reader of `topics`, at the group's committed offsets or else at `start`.

        With `partitions` it reads exactly those (and `group` only keeps offsets); with a group alone, members share the
        partitions, equal partition numbers of all topics at the same member, and the listeners are awaited before the
        first read after a change (`on_revoked` while the old assignment still holds, so it may commit); with neither,
        it reads everything.
        """

    async def writer(self, transactional_id: str) -> TransactionalWriter:
        """The transactional writer of that id, all earlier ones fenced."""

    async def committed(self, group: str, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, Committed]:
        """The group's places; partitions without one are left out."""

    async def bounds(self, topics: Sequence[str]) -> Mapping[TopicPartition, tuple[int, int]]:
        """(first offset kept, offset after the last committed record) of every partition of the topics."""

    async def close(self) -> None:
        """Wait for what is in flight, then let go. Raises nothing when called twice."""
