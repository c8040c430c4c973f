"""What the web needs from the rest of urbansense. The composition root wires it and hands over `Services`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from device_registry.audit import Note, Subject
from device_registry.changes import Changes
from device_registry.credentials.desk import CredentialDesk
from device_registry.entries import Entry, StoredEntry
from device_registry.geometry import Circle, Polygons
from device_registry.pending import PendingDevice
from device_registry.tally import Tally
from device_registry.verification import Verification
from domain.devices import Area, Device, DeviceState, Profile
from domain.events import Event
from domain.ledger import Ledger
from domain.rejections import Reason
from timeseries.ports import EventStore, TelemetryReader
from timeseries.readings import ReadingStore
from web.cases_ports import CaseChange, CaseServices
from web.device_file_ports import DeviceFiles
from web.people_ports import PeopleServices
from web.rule_history_ports import RuleHistory
from web.rule_ports import RuleBook as RuleBook
from web.rule_ports import RuleChange as RuleChange
from web.rule_ports import RuleDesk
from web.rule_ports import RuleProblem as RuleProblem
from web.rule_ports import RuleStatus as RuleStatus


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
    profile: str | None = None
    parent_id: str | None = None
    grid: str | None = None
    tag: str | None = None
    place: Circle | Polygons | None = None


@dataclass(frozen=True, slots=True)
class DevicePage:
    """One page of devices. `total` counts all that match, on every page."""

    items: Sequence[Device]
    next: str | None
    total: int


@dataclass(frozen=True, slots=True)
class RejectionCount:
    """Refused since an instant: `whole` messages or reports, and reports accepted `in_part`."""

    whole: int = 0
    in_part: int = 0


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


class DeviceEditor(Protocol):
    """The devices with their details, one by one, and who changed them; safe to use from many tasks of one event loop.

    A change is published before the call ends, unless the log is away; then it is soon after.
    """

    async def get_entry(self, device_id: str) -> StoredEntry | None: ...

    async def put_device(self, entry: Entry, *, author: str, expected_version: int | None = None) -> Changes:
        """Store the device, new or known; 0 expects that it does not exist.

        Raises: device_registry.problems.InvalidRecords; device_registry.problems.VersionConflict.
        """

    async def remove_device(self, device_id: str, *, author: str, expected_version: int | None = None) -> bool:
        """Whether there was one. Raises: InvalidRecords where others hang on it; VersionConflict."""

    async def history(self, kind: Subject, subject: str | None, before: int | None, limit: int) -> Sequence[Note]:
        """Who changed what, newest first; `before` is the number of the last note had already."""


class Fleet(Protocol):
    """The devices as a whole, and what was refused of one."""

    async def tally(self, area: str | None) -> Tally:
        """The devices of the area and below, counted; of the city without one."""

    async def verify(self, *, repair: bool) -> Verification:
        """Whether the log's topic says what the registry says; `repair` makes it so."""

    async def rejections(self, device_id: str, from_ms: int) -> RejectionCount:
        """What was refused of a device since then. What is older than some 20,000 later refusals is not counted."""

    async def now_ms(self) -> int:
        """The clock that the data follow."""


class AreaTree(Protocol):
    """The areas of the city."""

    async def areas(self, below: str | None, *, boundaries: bool) -> Sequence[Area]:
        """By path; with `below`, that area and everything under it."""

    async def put_areas(self, areas: Sequence[Area], *, author: str) -> Changes:
        """Raises: InvalidRecords."""

    async def remove_area(self, path: str, *, author: str) -> int:
        """How many are gone: it and all below. Raises: InvalidRecords while devices stand there."""


class ProfileBook(Protocol):
    """What models of devices say and mean."""

    async def profiles(self) -> Mapping[str, Profile]:
        """By name."""

    async def put_profile(self, profile: Profile, *, author: str) -> Changes:
        """Raises: InvalidRecords."""

    async def remove_profile(self, name: str, *, author: str) -> bool:
        """Whether there was one. Raises: InvalidRecords while it is used."""

    def component_names(self, code: str) -> Mapping[str, str]:
        """What a component code stands for, by language; empty where the city's table does not know it."""


@dataclass(frozen=True, slots=True)
class RegistryServices:
    """The registry of record, for those who look after it."""

    editor: DeviceEditor
    fleet: Fleet
    areas: AreaTree
    profiles: ProfileBook


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


class PendingDesk(Protocol):
    """The devices that reported without being registered."""

    async def page(self, *, refused: bool, after: str | None, limit: int) -> Sequence[PendingDevice]:
        """By name: who waits, or who was refused."""

    async def get(self, name: str) -> PendingDevice | None: ...

    async def settle(self, name: str, device_id: str, *, replay: bool) -> Replay:
        """It is registered as that device: take it off the list and, with `replay`, put its rejected reports through."""

    async def drop(self, name: str, *, for_good: bool, author: str) -> bool:
        """Whether it was there: refused for good, or forgotten until its next report."""


class ReadingReader(TelemetryReader, ReadingStore, Protocol):
    """Readings of one device, and of many in one order."""


class Live(Protocol):
    """What the log says right now; the methods are quick and only look at memory. `web.live.LiveFeed` is one."""

    def now_ms(self) -> int | None:
        """The newest tick of the log's clock; None before the first."""

    def last_heard_ms(self) -> Mapping[str, int]:
        """The newest observed time by device, for devices heard since this process began to follow the log."""

    def changes_after(self, sequence: int) -> Sequence[EventChange]:
        """Event changes with a higher sequence, oldest first. Older ones than the feed remembers are left out."""

    def case_changes_after(self, sequence: int) -> Sequence[CaseChange]:
        """Changes of cases likewise; the two share one sequence."""


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
    registry: RegistryServices | None = None
    rule_desk: RuleDesk | None = None
    rule_history: RuleHistory | None = None
    readings: ReadingReader | None = None
    device_files: DeviceFiles | None = None
    credentials: CredentialDesk | None = None
    pending: PendingDesk | None = None
    people: PeopleServices | None = None
    cases: CaseServices | None = None
