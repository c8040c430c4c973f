"""The statements on the tables `profiles` and `areas`, each inside a transaction of the caller's."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

from device_registry.changes import Changes, same_attributes
from device_registry.models import areas, devices, profiles
from domain.devices import Area, FieldMapping, Profile


def profile_from_row(row: Any) -> Profile:
    """The profile of a whole row of the table."""
    fields = tuple(FieldMapping(**mapping) for mapping in row.fields)
    return Profile(row.name, row.kind, fields, tuple(row.ignore), row.report_interval_s, row.attributes)


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


def write_profiles(connection: Connection, offered: Sequence[Profile], now_ms: int) -> Changes:
    """Each profile as a new row or the next version of its old one."""
    held = {row.name: row for row in connection.execute(select(profiles))}
    created: list[str] = []
    updated: list[str] = []
    unchanged: list[str] = []
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
    return Changes(tuple(created), tuple(updated), tuple(unchanged))


def mark_profile_removed(connection: Connection, name: str, now_ms: int) -> bool:
    """Leave the row as a tombstone to publish; whether there was one."""
    statement = (
        update(profiles)
        .where(profiles.c.name == name, ~profiles.c.removed)
        .values(removed=True, version=profiles.c.version + 1, updated_at_ms=now_ms)
    )
    return connection.execute(statement).rowcount == 1


def read_areas(connection: Connection, below: str | None) -> list[Area]:
    """The areas by path; with `below`, that area and everything under it."""
    statement = select(areas.c.path, areas.c.name, areas.c.level).order_by(areas.c.path)
    if below is not None:
        statement = statement.where(or_(areas.c.path == below, areas.c.path.startswith(f"{below}/", autoescape=True)))
    return [Area(*row) for row in connection.execute(statement)]


def write_areas(connection: Connection, offered: Sequence[Area], now_ms: int) -> Changes:
    """Each area as a new row or the next version of its old one."""
    held = {row.path: row for row in connection.execute(select(areas))}
    created = [area for area in offered if area.path not in held]
    known = [area for area in offered if area.path in held]
    updated = [area for area in known if Area(*held[area.path][:3]) != area]
    unchanged = [area for area in known if Area(*held[area.path][:3]) == area]
    if created:
        connection.execute(insert(areas), [{**asdict(area), "version": 1, "updated_at_ms": now_ms} for area in created])
    if updated:
        rows = [
            {**asdict(area), "key": area.path, "version": held[area.path].version + 1, "updated_at_ms": now_ms}
            for area in updated
        ]
        connection.execute(update(areas).where(areas.c.path == bindparam("key")), rows)
    return Changes(*(tuple(area.path for area in some) for some in (created, updated, unchanged)))


def _same(one: Profile, other: Profile) -> bool:
    return one == other and same_attributes(one.attributes, other.attributes)
