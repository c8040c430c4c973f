"""What a stage needs from the time-series store. Two adapters offer it: `timeseries.duckdb` and `timeseries.influxdb`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.events import Event
from domain.telemetry import Telemetry
from timeseries.queries.events import EventPage, EventQuery
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Bucket, Sample


@dataclass(frozen=True, slots=True)
class Sums:
    """What became of the reports of one telemetry partition since its beginning: reports = stored + duplicate + refused."""

    stored: int = 0
    duplicate: int = 0
    refused: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.stored + other.stored, self.duplicate + other.duplicate, self.refused + other.refused)


@dataclass(frozen=True, slots=True)
class PartitionProgress:
    """A recorder's place in one telemetry partition and its sums up to there."""

    next_offset: int
    sums: Sums = Sums()


@dataclass(frozen=True, slots=True)
class PartitionBatch:
    """Reports of one telemetry partition in log order, and where the recorder stands once they are stored."""

    topic: str
    partition: int
    next_offset: int
    reports: Sequence[Telemetry]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A report that the store will never take, and the server's message."""

    report: Telemetry
    detail: str


@dataclass(frozen=True, slots=True)
class WriteOutcome:
    """What one write did: the new progress by (topic, partition), and what was refused.

    `conflicts` counts, by device, readings reported a second time with another value for the same instant (the first on the
    log was kept).
    """

    progress: Mapping[tuple[str, int], PartitionProgress]
    refusals: Sequence[Refusal] = ()
    conflicts: Mapping[str, int] = field(default_factory=dict)


class TelemetryWriter(Protocol):
    """Writes reports. One writer at a time.

    Delivery: idempotent by the identity of `domain.telemetry.Telemetry`; the same readings again are counted as
    duplicates and change nothing; other quantities for a known instant are merged (and the report counts as stored).
    """

    async def load_progress(self) -> Mapping[tuple[str, int], PartitionProgress] | None:
        """Where the last write left off; None for a store that cannot keep it with its rows (then the log's group does)."""

    async def write_telemetry(
        self, batches: Sequence[PartitionBatch], progress: Mapping[tuple[str, int], PartitionProgress]
    ) -> WriteOutcome:
        """Store the reports; the outcome's progress adds their sums to `progress` (missing means none yet).

        Where the store keeps progress, it does so in the same transaction. Raises: domain.errors.TransientFault when
        the store is away or overloaded: write the same batches again.
        """


class TelemetryReader(Protocol):
    async def fetch_latest(self, device_ids: Sequence[str]) -> Mapping[str, Mapping[str, Sample]]:
        """The newest sample of each quantity by device; unknown devices are left out."""

    async def fetch_samples(
        self, device_id: str, kind: str, quantity: str, from_ms: int, to_ms: int, limit: int = 100_000
    ) -> Sequence[Sample]:
        """Samples with from_ms <= observed_at_ms < to_ms, by time."""

    async def fetch_buckets(
        self, device_id: str, kind: str, quantity: str, from_ms: int, to_ms: int, every_ms: int
    ) -> Sequence[Bucket]:
        """Downsampled samples, by time; buckets are aligned to the epoch and empty ones left out."""


class TelemetryHistory(Protocol):
    async def fetch_reports(
        self, kind: str, from_ms: int, to_ms: int, device_id: str | None = None
    ) -> Sequence[Telemetry]:
        """Whole reports with from_ms <= observed_at_ms < to_ms, by time of receipt; of one device only where it is named.

        Shape: readings with the catalogue's types, `quality` where one is not good; `codec` is `stored` and `area` left
        out. Where reports were merged into one instant, a store may give them as one report received with the first.
        All of them come at once: ask for spans of which the answer fits into memory.
        """


class ReadingStore(Protocol):
    """Readings of many devices in one order, page by page; never more than a page in this process."""

    async def fetch_readings(self, query: ReadingQuery) -> Sequence[StoredReading]: ...

    async def count_readings(self, query: ReadingQuery) -> int:
        """How many match, `after`, `skip` and `limit` aside."""


class EventStore(Protocol):
    async def write_events(self, events: Sequence[Event]) -> None:
        """Keep each event's highest revision; lower or equal ones change nothing. Raises: TransientFault as above."""

    async def fetch_events(self, query: EventQuery) -> EventPage: ...

    async def fetch_event(self, event_id: str) -> Event | None: ...


class Store(TelemetryWriter, TelemetryReader, TelemetryHistory, ReadingStore, EventStore, Protocol):
    """The whole store."""

    async def check(self) -> str:
        """One line on what is there (product, version, place). Raises: TransientFault where it does not answer."""

    async def close(self) -> None: ...
