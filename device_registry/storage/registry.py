"""The registry of record: devices, profiles and areas in one database, every change noted for the topic with it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from sqlalchemy import Connection, Engine

from device_registry.records.built_in_profiles import built_in_profiles
from device_registry.records.changes import Changes, Stored, plan_changes
from device_registry.records.checks.areas import area_problems, tree_problems
from device_registry.records.checks.details import detail_problems, normalise_details
from device_registry.records.checks.references import Known, reference_problems
from device_registry.records.checks.validation import device_problems, normalise_device, profile_problems
from device_registry.records.city_tables import CityTables, load_city_tables
from device_registry.records.entries import DeviceEntry, StoredEntry
from device_registry.records.life_cycle import NEXT_STATES, may_follow
from device_registry.records.problems import InvalidRecords, RecordProblem, VersionConflict
from device_registry.storage import area_rows, device_rows, outbox, profile_rows
from device_registry.storage.audit import UNNAMED, Action, Note, Subject, device_note, read_notes, write_notes
from device_registry.storage.database import open_engine, prepare, reading, writing
from device_registry.storage.device_counts import DeviceCounts, read_device_counts
from device_registry.storage.device_filter import EVERY_DEVICE, DeviceFilter
from device_registry.storage.migrations.upgrading import upgrade_engine
from device_registry.storage.pages import EntryPage, Page
from domain.devices import Area, Device, DeviceState, Profile
from domain.identities import SCHEMES
from domain.topics import KINDS


class Registry:
    """The tables behind one address. Synchronous, and safe from many threads: async code calls it by asyncio.to_thread.

    Opening it brings the schema to its newest version and adds the built-in profiles that are missing; one that was
    changed stays changed. Where the database is away then, its first use does. A writing call is one transaction: all of
    it or, with InvalidRecords, nothing. What it changed is noted in the name of `author`, and reaches `registry.devices`
    through `device_registry.publication`. `tables` are what the city sets differently, the shipped ones where None.
    Raises, from every method: domain.errors.TransientFault when the database does not answer.
    """

    def __init__(self, database_url: str, kinds: Sequence[str] = KINDS, tables: CityTables | None = None) -> None:
        self.kinds = tuple(kinds)
        self.tables = tables or load_city_tables()
        self._engine = open_engine(database_url)
        prepare(self._engine, self._prepare)

    def _prepare(self) -> None:
        upgrade_engine(self._engine)
        if self._missing_profiles(self.profiles()):
            with writing(self._engine) as connection:
                missing = self._missing_profiles(profile_rows.read_profiles(connection))
                profile_rows.write_profiles(connection, missing, now_ms=0, author=UNNAMED)

    @property
    def engine(self) -> Engine:
        """The database itself, for `bulk`, whose transaction spans a whole file, and for the tables beside these."""
        return self._engine

    def get_device(self, device_id: str) -> Device | None:
        with reading(self._engine) as connection:
            return device_rows.read_device(connection, device_id)

    def get_entry(self, device_id: str) -> StoredEntry | None:
        """The device with its details; None where there is none of that id."""
        with reading(self._engine) as connection:
            return device_rows.read_entry(connection, device_id)

    def list_devices(self, wanted: DeviceFilter = EVERY_DEVICE, *, after: str | None = None, limit: int = 100) -> Page:
        """Up to `limit` devices in the order of their ids; `after` is the cursor of the page before, None at first.

        A device that is there throughout stands on exactly one page, whatever else comes and goes between two calls.
        """
        with reading(self._engine) as connection:
            found = device_rows.read_page(connection, wanted, after, limit + 1)
        items = tuple(found[:limit])
        return Page(items, items[-1].device_id if len(found) > limit else None)

    def list_entries(
        self, wanted: DeviceFilter = EVERY_DEVICE, *, after: str | None = None, limit: int = 100
    ) -> EntryPage:
        """As `list_devices`, with the details."""
        with reading(self._engine) as connection:
            found = device_rows.read_entries(connection, wanted, after, limit + 1)
        items = tuple(found[:limit])
        return EntryPage(items, items[-1].device.device_id if len(found) > limit else None)

    def count_devices(self, wanted: DeviceFilter = EVERY_DEVICE) -> int:
        with reading(self._engine) as connection:
            return device_rows.count(connection, wanted)

    def count_by(self, wanted: DeviceFilter = EVERY_DEVICE) -> DeviceCounts:
        """How many devices there are, and of which state, kind, profile, department and area."""
        with reading(self._engine) as connection:
            return read_device_counts(connection, wanted)

    def upsert_devices(
        self,
        devices: Iterable[Device | DeviceEntry],
        *,
        now_ms: int,
        keep_state: bool = False,
        dry_run: bool = False,
        author: str = UNNAMED,
        keep: Collection[str] = (),
        expected_versions: Mapping[str, int] | None = None,
    ) -> Changes:
        """Store the devices, new and known; what is as it was keeps its version. A dry run only returns what would change.

        A bare device leaves the details of a known one as they are. The offered `version` means nothing; where
        `expected_versions` names a device, it must have that version (0: it must not exist). A device that becomes
        active is activated at `now_ms` unless it brings an `activated_at_ms`. `keep` names fields of device or details
        that known devices keep; `keep_state` is the same for the state, and refuses retired devices.
        Raises: InvalidRecords; VersionConflict.
        """
        offered = [_normalised(one) for one in devices]
        mine = [_device(one) for one in offered]
        problems = [problem for one in offered for problem in self._problems(one)]
        problems += _named_twice("device_id", (device.device_id for device in mine))
        with writing(self._engine) as connection:
            stored = device_rows.read_stored(connection, (device.device_id for device in mine))
            _refuse_other_versions(expected_versions or {}, stored)
            kept = {*keep, "state"} if keep_state else keep
            problems += _life_problems(mine, stored) if "state" not in kept else _retired(stored)
            problems += reference_problems(mine, _known(connection, mine, stored), self.tables)
            if problems:
                raise InvalidRecords(problems)
            to_write, changes = plan_changes(offered, stored, now_ms, kept)
            if not dry_run:
                device_rows.write_entries(connection, to_write, stored, now_ms)
                write_notes(connection, [_note(stored, entry, now_ms, author) for entry in to_write])
        return changes

    def remove_devices(
        self,
        device_ids: Iterable[str],
        *,
        now_ms: int,
        author: str = UNNAMED,
        expected_versions: Mapping[str, int] | None = None,
    ) -> int:
        """How many of these there were; they are gone, and the topic gets their tombstones.

        Raises: InvalidRecords where another device, not among these, hangs on one of them; VersionConflict.
        """
        with writing(self._engine) as connection:
            stored = device_rows.read_stored(connection, set(device_ids))
            _refuse_other_versions(expected_versions or {}, stored)
            going = {device_id: held for device_id, held in stored.items() if not held.removed}
            children = device_rows.read_children(connection, going)
            staying = [(child_id, child.parent_id) for child_id, child in children.items() if child_id not in going]
            if staying:
                remedy = "remove it too, or give it another parent"
                raise InvalidRecords(
                    [RecordProblem(str(up), "", f"{child!r} hangs on it", remedy) for child, up in staying]
                )
            device_rows.mark_removed(connection, sorted(going), now_ms)
            write_notes(
                connection,
                [
                    Note(Subject.DEVICE, device_id, held.device.version + 1, now_ms, author, Action.REMOVED, {})
                    for device_id, held in sorted(going.items())
                ],
            )
        return len(going)

    def history(
        self, subject: str | None = None, *, kind: Subject = Subject.DEVICE, before: int | None = None, limit: int = 100
    ) -> list[Note]:
        """Up to `limit` notes of who changed what, newest first; `before` is the number of the last one had already.

        Without a subject, those of every record of the kind. A removed record keeps its history.
        """
        with reading(self._engine) as connection:
            return read_notes(connection, kind, subject, before, limit)

    def profiles(self) -> dict[str, Profile]:
        """Every profile by its name."""
        with reading(self._engine) as connection:
            return profile_rows.read_profiles(connection)

    def upsert_profiles(self, profiles: Sequence[Profile], *, now_ms: int, author: str = UNNAMED) -> Changes:
        """Store the profiles, new and known; devices keep the defaults they were registered with.

        Raises: InvalidRecords.
        """
        problems = [problem for profile in profiles for problem in profile_problems(profile, self.kinds)]
        problems += _named_twice("name", (profile.name for profile in profiles))
        with writing(self._engine) as connection:
            known = profile_rows.read_profiles(connection)
            moved = [p.name for p in profiles if p.name in known and known[p.name].kind != p.kind]
            for name, devices in profile_rows.count_by_profile(connection, moved).items():
                what = f"{devices} devices of kind {known[name].kind!r} use it"
                problems.append(RecordProblem(name, "kind", what, "give the other kind a profile of its own"))
            if problems:
                raise InvalidRecords(problems)
            return profile_rows.write_profiles(connection, profiles, now_ms, author)

    def remove_profile(self, name: str, *, now_ms: int, author: str = UNNAMED) -> bool:
        """Whether there was one; it is gone, and the topic gets its tombstone. Raises: InvalidRecords while it is used."""
        with writing(self._engine) as connection:
            users = profile_rows.count_by_profile(connection, [name]).get(name, 0)
            if users:
                raise InvalidRecords(
                    [RecordProblem(name, "", f"{users} devices use it", "give them another profile first")]
                )
            return profile_rows.mark_profile_removed(connection, name, now_ms, author)

    def areas(self, below: str | None = None, *, boundaries: bool = True) -> list[Area]:
        """The areas by path; with `below`, that area and everything under it."""
        with reading(self._engine) as connection:
            return area_rows.read_areas(connection, below, boundaries)

    def upsert_areas(self, areas: Sequence[Area], *, now_ms: int, author: str = UNNAMED) -> Changes:
        """Store the areas, new and known. They are not published. Raises: InvalidRecords."""
        problems = [problem for area in areas for problem in area_problems(area)]
        problems += _named_twice("path", (area.path for area in areas))
        with writing(self._engine) as connection:
            known = {area.path: area for area in area_rows.read_areas(connection, boundaries=False)}
            problems += tree_problems(areas, known)
            if problems:
                raise InvalidRecords(problems)
            return area_rows.write_areas(connection, areas, now_ms, author)

    def remove_area(self, path: str, *, now_ms: int, author: str = UNNAMED) -> int:
        """How many areas are gone: that one and everything under it.

        Raises: InvalidRecords while a device stands in one of them.
        """
        with writing(self._engine) as connection:
            going = [area.path for area in area_rows.read_areas(connection, path, boundaries=False)]
            devices = area_rows.count_devices_below(connection, path) if going else 0
            if devices:
                raise InvalidRecords([RecordProblem(path, "", f"{devices} devices stand in it", "move them first")])
            area_rows.delete_areas(connection, going, now_ms, author)
        return len(going)

    def pending(self, limit: int) -> list[outbox.Unpublished]:
        """Up to `limit` records that the topic does not hold yet, profiles first."""
        with reading(self._engine) as connection:
            return outbox.read_pending(connection, limit)

    def mark_published(self, published: Sequence[outbox.Unpublished]) -> None:
        """Note that the topic holds these. What changed meanwhile stays pending."""
        with writing(self._engine) as connection:
            outbox.mark_published(connection, published)

    def mark_all_unpublished(self) -> set[bytes]:
        """Every record is pending again. Returns their keys: whatever else stands on the topic does not belong there."""
        with writing(self._engine) as connection:
            outbox.mark_all_unpublished(connection)
            return outbox.read_keys(connection)

    def mark_unpublished(self, keys: Collection[bytes]) -> None:
        """The records under these keys are pending again."""
        with writing(self._engine) as connection:
            outbox.mark_unpublished(connection, keys)

    def fingerprints(self) -> tuple[dict[bytes, bytes], set[bytes]]:
        """What must stand on the topic, as fingerprints by key, and the keys whose records are pending."""
        with reading(self._engine) as connection:
            return outbox.read_fingerprints(connection)

    def close(self) -> None:
        """Let all connections go. May be called twice."""
        self._engine.dispose()

    def _problems(self, one: Device | DeviceEntry) -> Iterator[RecordProblem]:
        yield from device_problems(_device(one), self.kinds, self.tables.bounds)
        yield from detail_problems(one if isinstance(one, DeviceEntry) else DeviceEntry(one), self.tables)

    def _missing_profiles(self, known: Mapping[str, Profile]) -> list[Profile]:
        return [profile for profile in built_in_profiles(self.kinds) if profile.name not in known]


def _named_twice(column: str, keys: Iterable[str]) -> Iterator[RecordProblem]:
    for key, times in Counter(keys).items():
        if times > 1:
            yield RecordProblem(key, column, f"{key!r} is given {times} times", "give it once")


def _retired(stored: dict[str, Stored]) -> Iterator[RecordProblem]:
    for device_id, held in stored.items():
        if held.device.state is DeviceState.RETIRED and not held.removed:
            yield RecordProblem(
                device_id, "device_id", f"{device_id!r} is retired", "activate it first, or leave it out"
            )


def _known(connection: Connection, offered: Sequence[Device], stored: Mapping[str, Stored]) -> Known:
    mine = {device.device_id for device in offered}
    parents = {device.parent_id for device in offered if device.parent_id is not None} - mine
    moved = [
        one.device_id for one in offered if one.device_id in stored and stored[one.device_id].device.kind != one.kind
    ]
    children = device_rows.read_children(connection, moved)
    holders = {}
    for scheme in SCHEMES:
        values = {value for value in (getattr(device, scheme.column) for device in offered) if value is not None}
        found = device_rows.read_holders(connection, scheme.column, values)
        holders[scheme] = {value: holder for value, holder in found.items() if holder not in mine}
    return Known(
        profile_kinds={name: profile.kind for name, profile in profile_rows.read_profiles(connection).items()},
        parents=device_rows.read_ancestors(connection, parents),
        children={device_id: child for device_id, child in children.items() if device_id not in mine},
        holders=holders,
    )


def _life_problems(offered: Sequence[Device], stored: Mapping[str, Stored]) -> Iterator[RecordProblem]:
    for device in offered:
        held = stored.get(device.device_id)
        if held is not None and not held.removed and not may_follow(held.device.state, device.state):
            allowed = ", ".join(sorted(NEXT_STATES[held.device.state]))
            what = f"{device.state.value} cannot follow {held.device.state.value}"
            yield RecordProblem(device.device_id, "state", what, f"it may become {allowed}")


def _refuse_other_versions(expected: Mapping[str, int], stored: Mapping[str, Stored]) -> None:
    for device_id, version in expected.items():
        held = stored.get(device_id)
        at = held.device.version if held is not None and not held.removed else 0
        if at != version:
            raise VersionConflict(device_id, version, at)


def _normalised(one: Device | DeviceEntry) -> Device | DeviceEntry:
    if isinstance(one, DeviceEntry):
        return DeviceEntry(normalise_device(one.device), normalise_details(one.details))
    return normalise_device(one)


def _device(one: Device | DeviceEntry) -> Device:
    return one.device if isinstance(one, DeviceEntry) else one


def _note(stored: Mapping[str, Stored], entry: DeviceEntry, now_ms: int, author: str) -> Note:
    held = stored.get(entry.device.device_id)
    before = DeviceEntry(held.device, held.details) if held is not None and not held.removed else None
    return device_note(before, entry, now_ms, author)
