"""The statements on the table `profiles`, each inside a transaction of the caller's."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from device_registry.records.changes import Changes, same_attributes
from device_registry.storage.audit import Action, Note, Subject, differences, write_notes
from device_registry.storage.tables import devices, profiles
from domain.devices import DerivedReading, FieldMapping, Profile


def profile_from_row(row: Any) -> Profile:
    """The profile of a whole row of the table."""
    fields = tuple(FieldMapping(**mapping) for mapping in row.fields)
    derived = tuple(DerivedReading(**reading) for reading in row.derived)
    return Profile(
        row.name, row.kind, fields, tuple(row.ignore), row.report_interval_s, row.attributes, row.codec, derived
    )


def read_profiles(connection: Connection) -> dict[str, Profile]:
    """Every profile by its name, in the order of names."""
    statement = select(profiles).where(~profiles.c.removed).order_by(profiles.c.name)
    return {row.name: profile_from_row(row) for row in connection.execute(statement)}


def count_by_profile(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """How many devices use each of those profiles; unused ones are left out."""
    statement = (
        select(devices.c.profile, func.count())
        .where(~devices.c.removed, devices.c.profile.in_(list(names)))
        .group_by(devices.c.profile)
    )
    return {row[0]: row[1] for row in connection.execute(statement)}


def write_profiles(connection: Connection, offered: Sequence[Profile], now_ms: int, author: str) -> Changes:
    """Each profile as a new row or the next version of its old one, with a note of what changed."""
    held = {row.name: row for row in connection.execute(select(profiles))}
    created: list[str] = []
    updated: list[str] = []
    unchanged: list[str] = []
    notes: list[Note] = []
    for profile in offered:
        row = held.get(profile.name)
        facts = {**asdict(profile), "removed": False, "updated_at_ms": now_ms}
        if row is None:
            connection.execute(insert(profiles).values(**facts, version=1))
            created.append(profile.name)
        elif not row.removed and _same(profile_from_row(row), profile):
            unchanged.append(profile.name)
        else:
            this_row = profiles.c.name == profile.name
            connection.execute(update(profiles).where(this_row).values(**facts, version=row.version + 1))
            (created if row.removed else updated).append(profile.name)
        if profile.name not in unchanged:
            before = profile_from_row(row) if row is not None and not row.removed else None
            notes.append(_note(before, profile, row.version + 1 if row is not None else 1, now_ms, author))
    write_notes(connection, notes)
    return Changes(tuple(created), tuple(updated), tuple(unchanged))


def mark_profile_removed(connection: Connection, name: str, now_ms: int, author: str) -> bool:
    """Leave the row as a tombstone to publish; whether there was one."""
    statement = (
        update(profiles)
        .where(profiles.c.name == name, ~profiles.c.removed)
        .values(removed=True, version=profiles.c.version + 1, updated_at_ms=now_ms)
    )
    removed = connection.execute(statement).rowcount == 1
    if removed:
        version = connection.execute(select(profiles.c.version).where(profiles.c.name == name)).scalar_one()
        write_notes(connection, [Note(Subject.PROFILE, name, version, now_ms, author, Action.REMOVED, {})])
    return removed


def _same(one: Profile, other: Profile) -> bool:
    return one == other and same_attributes(one.attributes, other.attributes)


def _note(before: Profile | None, after: Profile, version: int, at_ms: int, author: str) -> Note:
    action = Action.CREATED if before is None else Action.CHANGED
    changes = differences(asdict(before) if before is not None else {}, asdict(after))
    return Note(Subject.PROFILE, after.name, version, at_ms, author, action, changes)
