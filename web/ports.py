"""What the web needs from the rest of urbansense. The composition root wires it and hands over `Services`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from domain.devices import Device, DeviceState
from domain.events import Event, Severity, Text
from domain.ledger import Ledger
from domain.rejections import Reason
from timeseries.ports import EventStore, TelemetryReader


@dataclass(frozen=True, slots=True)
class DeviceQuery:
    """Which devices: those that match every field given, by device id. `area` matches itself and everything below it.

    `text` is looked for, case ignored, in the id and the name. `cursor` is what the last page returned.
    """

    kind: str | None = None
    area: str | None = None
    department: str | None = None
    state: DeviceState | None = None
    text: str | None = None
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class DevicePage:
    """One page of devices. `total` counts all that match, on every page."""

    items: Sequence[Device]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class RowError:
    """One cell or row of an import that cannot be taken. `line` counts from 1, the header line included."""

    line: int
    detail: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. Without `skip_bad` one error means that nothing was imported."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: tuple[RowError, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleStatus:
    """A rule in force and its health: `problems` is empty where the rule is healthy."""

    rule: str
    version: int
    kind: str
    severity: Severity
    mode: str = "live"
    title: Text | None = None
    applied_at_ms: int | None = None
    author: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One thing wrong with a rule document. Line and column count from 1."""

    detail: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class RuleChange:
    """What applying a document did: the new versions in force, or every problem and then nothing was applied."""

    applied: tuple[RuleStatus, ...] = ()
    problems: tuple[RuleProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class EventChange:
    """An event as a record of `city.events` told it; `sequence` grows by one with each."""

    sequence: int
    event: Event


class DeviceDirectory(Protocol):
    """The registry, seen from the web; safe to use from many tasks of one event loop."""

    async def list_devices(self, query: DeviceQuery) -> DevicePage:
        """Raises: ValueError where the cursor was not given by an earlier page."""

    async def get_device(self, device_id: str) -> Device | None: ...

    async def import_csv(self, text: str, *, skip_bad: bool) -> ImportReport:
        """Take a devices file. Idempotent: rows that say what is known already are `unchanged`."""

    def revision(self) -> int:
        """Grows whenever any device changed, so that what was derived from the list can be kept until it does."""


class RuleBook(Protocol):
    """The rules in force; safe to use from many tasks of one event loop."""

    async def list_rules(self) -> Sequence[RuleStatus]:
        """All rules in force, by name."""

    async def apply(self, text: str, author: str) -> RuleChange:
        """Put a rule document (YAML) in force as a new version. Idempotent: the same document again changes nothing."""


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """One refused message. `id` is its place on the log, `topic/partition/offset`."""

    id: str
    reason: Reason
    detail: str
    topic: str
    received_at_ms: int
    device_id: str | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """What trying rejected messages again did; `problems` name those that cannot be replayed."""

    replayed: int
    accepted: int
    problems: tuple[str, ...] = ()


class RejectedMessages(Protocol):
    """What was refused, as long as the log keeps it."""

    async def list_rejected(self, reason: Reason | None, limit: int) -> Sequence[RejectedMessage]:
        """The newest so many, newest first."""

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        """Put these through again (all without any id): what was accepted the first time comes out as a duplicate."""


class Live(Protocol):
    """What the log says right now; the methods are quick and only look at memory. `web.live.LiveFeed` is one."""

    def now_ms(self) -> int | None:
        """The newest tick of the log's clock; None before the first."""

    def last_heard_ms(self) -> Mapping[str, int]:
        """The newest observed time by device, for devices heard since this process began to follow the log."""

    def changes_after(self, sequence: int) -> Sequence[EventChange]:
        """Event changes with a higher sequence, oldest first. Older ones than the feed remembers are left out."""


ReadinessCheck = Callable[[], Awaitable[str]]
"""Answers one line on what is there. Raises: domain.errors.TransientFault where it cannot be used now."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the web stands on."""

    devices: DeviceDirectory
    rules: RuleBook
    telemetry: TelemetryReader
    events: EventStore
    ledger: Callable[[], Awaitable[Ledger]]
    rejected: RejectedMessages
    live: Live
    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict)
