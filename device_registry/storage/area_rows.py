"""The statements on the table `areas`, each inside a transaction of the caller's."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from device_registry.records.changes import Changes
from device_registry.storage.audit import Action, Note, Subject, differences, write_notes
from device_registry.storage.tables import areas, devices
from domain.devices import Area

_COLUMNS: Final = (areas.c.path, areas.c.name, areas.c.level, areas.c.names, areas.c.boundary)


def read_areas(connection: Connection, below: str | None = None, boundaries: bool = True) -> list[Area]:
    """The areas by path; with `below`, that area and everything under it."""
    statement = select(*_COLUMNS if boundaries else _COLUMNS[:-1]).order_by(areas.c.path)
    if below is not None:
        statement = statement.where(or_(areas.c.path == below, areas.c.path.startswith(f"{below}/", autoescape=True)))
    return [Area(*row) for row in connection.execute(statement)]


def count_devices_below(connection: Connection, path: str) -> int:
    """How many devices stand in the area or below it."""
    within = or_(devices.c.area == path, devices.c.area.startswith(f"{path}/", autoescape=True))
    return connection.execute(select(func.count()).select_from(devices).where(~devices.c.removed, within)).scalar_one()


def write_areas(connection: Connection, offered: Sequence[Area], now_ms: int, author: str) -> Changes:
    """Each area as a new row or the next version of its old one, with a note of what changed."""
    rows = {row.path: row for row in connection.execute(select(*_COLUMNS, areas.c.version))}
    held = {path: Area(*row[:-1]) for path, row in rows.items()}
    created = [area for area in offered if area.path not in held]
    changed = [area for area in offered if area.path in held and held[area.path] != area]
    if created:
        connection.execute(insert(areas), [_row(area, 1, now_ms) for area in created])
    if changed:
        versions = {area.path: rows[area.path].version + 1 for area in changed}
        connection.execute(
            update(areas).where(areas.c.path == bindparam("key")),
            [{**_row(area, versions[area.path], now_ms), "key": area.path} for area in changed],
        )
    notes = [_note(None, area, 1, now_ms, author) for area in created]
    notes += [_note(held[area.path], area, rows[area.path].version + 1, now_ms, author) for area in changed]
    write_notes(connection, notes)
    unchanged = tuple(area.path for area in offered if held.get(area.path) == area)
    return Changes(tuple(area.path for area in created), tuple(area.path for area in changed), unchanged)


def delete_areas(connection: Connection, paths: Iterable[str], now_ms: int, author: str) -> None:
    """Those areas are gone, with a note of each."""
    gone = sorted(set(paths))
    connection.execute(delete(areas).where(areas.c.path.in_(gone)))
    write_notes(connection, [Note(Subject.AREA, path, 0, now_ms, author, Action.REMOVED, {}) for path in gone])


def _row(area: Area, version: int, now_ms: int) -> dict[str, Any]:
    return {**asdict(area), "version": version, "updated_at_ms": now_ms}


def _note(before: Area | None, after: Area, version: int, at_ms: int, author: str) -> Note:
    """A boundary is too long for a note: it states only that there was or is one."""
    noted = [asdict(replace(one, boundary=None)) for one in (before or Area("", ""), after)]
    changes = differences(noted[0] if before is not None else {}, noted[1])
    if (before.boundary if before is not None else None) != after.boundary:
        changes["boundary"] = (before is not None and before.boundary is not None, after.boundary is not None)
    action = Action.CREATED if before is None else Action.CHANGED
    return Note(Subject.AREA, after.path, version, at_ms, author, action, changes)
