"""The services of the registry by what they are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from device_registry.bulk.formats.contract import Format
from device_registry.bulk.importing import Import, Options, Progress
from device_registry.pending.store import PendingDevice
from device_registry.publication.verification import Verification
from device_registry.records.changes import Changes
from device_registry.records.entries import DeviceEntry, StoredEntry
from device_registry.service.import_report import ImportReport
from device_registry.service.queries import DevicePage, DeviceQuery
from device_registry.storage.audit import Note, Subject
from device_registry.storage.device_counts import DeviceCounts
from device_registry.storage.device_filter import DeviceFilter
from domain.devices import Area, Device, Profile
from domain.rejections import RejectionCount, Replay


class DeviceFiles(Protocol):
    """The registry, file by file; safe to use from many tasks of one event loop."""

    async def import_file(self, file: BinaryIO, options: Options, *, author: str, progress: Progress) -> Import:
        """As `device_registry.bulk.importing.import_file`, and published unless the log is away; then it is soon after.

        `progress` is called in another thread; what it raises undoes the import. The caller closes the result.
        """

    async def export_file(self, file: BinaryIO, to: Format, wanted: DeviceFilter) -> int:
        """How many devices were written."""


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

    async def put_device(self, entry: DeviceEntry, *, author: str, expected_version: int | None = None) -> Changes:
        """Store the device, new or known; 0 expects that it does not exist.

        Raises: device_registry.problems.InvalidRecords; device_registry.problems.VersionConflict.
        """

    async def remove_device(self, device_id: str, *, author: str, expected_version: int | None = None) -> bool:
        """Whether there was one. Raises: InvalidRecords where others hang on it; VersionConflict."""

    async def history(self, kind: Subject, subject: str | None, before: int | None, limit: int) -> Sequence[Note]:
        """Who changed what, newest first; `before` is the number of the last note had already."""


class Fleet(Protocol):
    """The devices as a whole, and what was refused of one."""

    async def tally(self, area: str | None) -> DeviceCounts:
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


class PendingDesk(Protocol):
    """The devices that reported without being registered."""

    async def page(self, *, refused: bool, after: str | None, limit: int) -> Sequence[PendingDevice]:
        """By name: who waits, or who was refused."""

    async def get(self, name: str) -> PendingDevice | None: ...

    async def settle(self, name: str, device_id: str, *, replay: bool) -> Replay:
        """It is registered as that device: take it off the list and, with `replay`, put its rejected reports through."""

    async def drop(self, name: str, *, for_good: bool, author: str) -> bool:
        """Whether it was there: refused for good, or forgotten until its next report."""
