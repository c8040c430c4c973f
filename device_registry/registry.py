"""The registry of record: devices, profiles and areas in one database, every change noted for the topic with it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection

from device_registry import outbox, stored_devices, stored_profiles
from device_registry.built_in import built_in_profiles
from device_registry.changes import Changes, Stored, plan_changes
from device_registry.database import open_engine, reading, writing
from device_registry.migrations import upgrade_engine
from device_registry.problems import InvalidRecords, Problem
from device_registry.references import Known, reference_problems
from device_registry.stored_devices import DeviceFilter
from device_registry.validation import area_problems, device_problems, normalise_device, profile_problems
from domain.devices import Area, Device, DeviceState, Profile
from domain.topics import KINDS

EVERY_DEVICE: Final = DeviceFilter()


class Page(NamedTuple):
    """A stretch of devices by id. `next` is the cursor of the one behind it, None at the end."""

    items: tuple[Device, ...]
    next: str | None


class Registry:
    """The tables behind one address. Synchronous, and safe from many threads: async code calls it by asyncio.to_thread.

    Opening it brings the schema to its newest version and adds the built-in profiles that are missing; one that was
    changed stays changed. A writing call is one transaction: all of it or, with InvalidRecords, nothing. What it changed
    reaches `registry.devices` through `device_registry.publication`.
    Raises, from every method: domain.errors.TransientFault when the database does not answer.
    """

    def __init__(self, database_url: str, kinds: Sequence[str] = KINDS) -> None:
        self.kinds = tuple(kinds)
        self._engine = open_engine(database_url)
        upgrade_engine(self._engine)
        if self._missing_profiles(self.profiles()):
            with writing(self._engine) as connection:
                missing = self._missing_profiles(stored_profiles.read_profiles(connection))
                stored_profiles.write_profiles(connection, missing, now_ms=0)

    def get_device(self, device_id: str) -> Device | None:
        with reading(self._engine) as connection:
            return stored_devices.read_device(connection, device_id)

    def list_devices(self, wanted: DeviceFilter = EVERY_DEVICE, *, after: str | None = None, limit: int = 100) -> Page:
        """Up to `limit` devices in the order of their ids; `after` is the cursor of the page before, None at first."""
        with reading(self._engine) as connection:
            found = stored_devices.read_page(connection, wanted, after, limit + 1)
        items = tuple(found[:limit])
        return Page(items, items[-1].device_id if len(found) > limit else None)

    def count_devices(self, wanted: DeviceFilter = EVERY_DEVICE) -> int:
        with reading(self._engine) as connection:
            return stored_devices.count(connection, wanted)

    def upsert_devices(
        self, devices: Iterable[Device], *, now_ms: int, keep_state: bool = False, dry_run: bool = False
    ) -> Changes:
        """Store the devices, new and known; what is as it was keeps its version. A dry run only says what would change.

        The offered `version` means nothing. A device that becomes active is activated at `now_ms` unless it brings
        an `activated_at_ms`. `keep_state` leaves known devices in their state, and refuses retired ones.
        Raises: InvalidRecords.
        """
        offered = [normalise_device(device) for device in devices]
        problems = [problem for device in offered for problem in device_problems(device, self.kinds)]
        problems += _named_twice("device_id", (device.device_id for device in offered))
        with writing(self._engine) as connection:
            stored = stored_devices.read_stored(connection, (device.device_id for device in offered))
            if keep_state:
                problems += _retired(stored)
            problems += reference_problems(offered, _known(connection, offered))
            if problems:
                raise InvalidRecords(problems)
            to_write, changes = plan_changes(offered, stored, now_ms, keep_state)
            if not dry_run:
                stored_devices.write_devices(connection, to_write, stored, now_ms)
        return changes

    def remove_devices(self, device_ids: Iterable[str], *, now_ms: int) -> int:
        """How many of these there were; they are gone, and the topic gets their tombstones.

        Raises: InvalidRecords where another device, not among these, hangs on one of them.
        """
        with writing(self._engine) as connection:
            stored = stored_devices.read_stored(connection, set(device_ids))
            going = {device_id for device_id, held in stored.items() if not held.removed}
            staying = [pair for pair in stored_devices.read_children(connection, going) if pair[0] not in going]
            if staying:
                remedy = "remove it too, or give it another parent"
                raise InvalidRecords([Problem(up, "", f"{child!r} hangs on it", remedy) for child, up in staying])
            stored_devices.mark_removed(connection, sorted(going), now_ms)
        return len(going)

    def profiles(self) -> dict[str, Profile]:
        """Every profile by its name."""
        with reading(self._engine) as connection:
            return stored_profiles.read_profiles(connection)

    def upsert_profiles(self, profiles: Sequence[Profile], *, now_ms: int) -> Changes:
        """Store the profiles, new and known; devices keep the defaults they were registered with.

        Raises: InvalidRecords.
        """
        problems = [problem for profile in profiles for problem in profile_problems(profile, self.kinds)]
        problems += _named_twice("name", (profile.name for profile in profiles))
        with writing(self._engine) as connection:
            known = stored_profiles.read_profiles(connection)
            moved = [p.name for p in profiles if p.name in known and known[p.name].kind != p.kind]
            for name, devices in stored_profiles.count_by_profile(connection, moved).items():
                what = f"{devices} devices of kind {known[name].kind!r} use it"
                problems.append(Problem(name, "kind", what, "give the other kind a profile of its own"))
            if problems:
                raise InvalidRecords(problems)
            return stored_profiles.write_profiles(connection, profiles, now_ms)

    def remove_profile(self, name: str, *, now_ms: int) -> bool:
        """Whether there was one; it is gone, and the topic gets its tombstone. Raises: InvalidRecords while it is used."""
        with writing(self._engine) as connection:
            users = stored_profiles.count_by_profile(connection, [name]).get(name, 0)
            if users:
                raise InvalidRecords([Problem(name, "", f"{users} devices use it", "give them another profile first")])
            return stored_profiles.mark_profile_removed(connection, name, now_ms)

    def areas(self, below: str | None = None) -> list[Area]:
        """The areas by path; with `below`, that area and everything under it."""
        with reading(self._engine) as connection:
            return stored_profiles.read_areas(connection, below)

    def upsert_areas(self, areas: Sequence[Area], *, now_ms: int) -> Changes:
        """Store the areas, new and known. They are not published. Raises: InvalidRecords."""
        problems = [problem for area in areas for problem in area_problems(area)]
        problems += _named_twice("path", (area.path for area in areas))
        if problems:
            raise InvalidRecords(problems)
        with writing(self._engine) as connection:
            return stored_profiles.write_areas(connection, areas, now_ms)

    def pending(self, limit: int) -> list[outbox.Pending]:
        """Up to `limit` records that the topic does not hold yet, profiles first."""
        with reading(self._engine) as connection:
            return outbox.read_pending(connection, limit)

    def mark_published(self, published: Sequence[outbox.Pending]) -> None:
        """Note that the topic holds these. What changed meanwhile stays pending."""
        with writing(self._engine) as connection:
            outbox.mark_published(connection, published)

    def mark_all_unpublished(self) -> set[bytes]:
        """Every record is pending again. Returns their keys: whatever else stands on the topic does not belong there."""
        with writing(self._engine) as connection:
            outbox.mark_all_unpublished(connection)
            return outbox.read_keys(connection)

    def close(self) -> None:
        """Let all connections go. May be called twice."""
        self._engine.dispose()

    def _missing_profiles(self, known: Mapping[str, Profile]) -> list[Profile]:
        return [profile for profile in built_in_profiles(self.kinds) if profile.name not in known]


def _named_twice(column: str, keys: Iterable[str]) -> Iterator[Problem]:
    for key, times in Counter(keys).items():
        if times > 1:
            yield Problem(key, column, f"{key!r} is given {times} times", "give it once")


def _retired(stored: dict[str, Stored]) -> Iterator[Problem]:
    for device_id, held in stored.items():
        if held.device.state is DeviceState.RETIRED and not held.removed:
            yield Problem(device_id, "device_id", f"{device_id!r} is retired", "activate it first, or leave it out")


def _known(connection: Connection, offered: Sequence[Device]) -> Known:
    mine = {device.device_id for device in offered}
    parents = {device.parent_id for device in offered if device.parent_id is not None} - mine
    holders = stored_devices.read_eui_holders(connection, {device.dev_eui for device in offered if device.dev_eui})
    return Known(
        profile_kinds={name: profile.kind for name, profile in stored_profiles.read_profiles(connection).items()},
        parents=stored_devices.read_ancestors(connection, parents),
        eui_holders={eui: holder for eui, holder in holders.items() if holder not in mine},
    )
