"""The statements on the table `devices`, each inside a transaction of the caller's."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, insert, select, update

from device_registry.records.changes import Stored
from device_registry.records.checks.references import Relative
from device_registry.records.entries import Details, DeviceEntry, StoredEntry, entry_facts
from device_registry.storage.device_filter import DeviceFilter, narrowed, storable
from device_registry.storage.tables import DETAIL_COLUMNS, DEVICE_COLUMNS, devices
from domain.devices import DEVICE_ID, Device, DeviceState

_CHUNK: Final = 1000


def read_device(connection: Connection, device_id: str) -> Device | None:
    if not DEVICE_ID.fullmatch(device_id):
        return None
    row = connection.execute(_SELECT.where(devices.c.device_id == device_id, ~devices.c.removed)).first()
    return Device(*row) if row else None


def read_entry(connection: Connection, device_id: str) -> StoredEntry | None:
    if not DEVICE_ID.fullmatch(device_id):
        return None
    row = connection.execute(_SELECT_ENTRY.where(devices.c.device_id == device_id, ~devices.c.removed)).first()
    return _entry(row) if row else None


def read_page(connection: Connection, wanted: DeviceFilter, after: str | None, limit: int) -> list[Device]:
    """Up to `limit` devices by id, those behind `after` only."""
    rows = _read_by_id(connection, _SELECT, wanted, after, limit)
    return list(islice((device for device in (Device(*row) for row in rows) if wanted.holds_place_of(device)), limit))


def read_entries(connection: Connection, wanted: DeviceFilter, after: str | None, limit: int) -> list[StoredEntry]:
    """Up to `limit` entries by device id, those behind `after` only."""
    rows = _read_by_id(connection, _SELECT_ENTRY, wanted, after, limit)
    entries = (entry for entry in map(_entry, rows) if wanted.holds_place_of(entry.device))
    return list(islice(entries, limit))


def count(connection: Connection, wanted: DeviceFilter) -> int:
    if wanted.place is None:
        return int(connection.execute(narrowed(select(func.count()).select_from(devices), wanted)).scalar_one())
    places = connection.execute(narrowed(select(devices.c.lon, devices.c.lat), wanted))
    return sum(wanted.place.holds(lon, lat) for lon, lat in places)


def read_stored(connection: Connection, device_ids: Iterable[str]) -> dict[str, Stored]:
    """The rows of those ids, removed ones included."""
    statement = select(*DEVICE_COLUMNS, *DETAIL_COLUMNS, devices.c.removed)
    found = _in_chunks(connection, statement, devices.c.device_id, device_ids)
    return {row[0]: Stored(Device(*row[:_FACTS]), row[-1], Details(*row[_FACTS:-1])) for row in found}


def read_ancestors(connection: Connection, device_ids: Collection[str]) -> dict[str, Relative]:
    """Those devices and all above them; ids that do not exist are left out."""
    known: dict[str, Relative] = {}
    wanted = set(device_ids)
    while wanted:
        rows = _in_chunks(connection, _SELECT_RELATIVE, devices.c.device_id, wanted)
        level = {device_id: Relative(kind, parent_id) for device_id, kind, parent_id in rows}
        known.update(level)
        wanted = {one.parent_id for one in level.values() if one.parent_id is not None} - known.keys()
    return known


def read_children(connection: Connection, device_ids: Iterable[str]) -> dict[str, Relative]:
    """Every device that hangs on one of those."""
    rows = _in_chunks(connection, _SELECT_RELATIVE, devices.c.parent_id, device_ids)
    return {device_id: Relative(kind, parent_id) for device_id, kind, parent_id in rows}


def read_holders(connection: Connection, column: str, values: Iterable[str]) -> dict[str, str]:
    """Who holds each of those values of an identity's column; retired and removed devices hold none."""
    statement = select(devices.c[column], devices.c.device_id).where(
        devices.c.state != DeviceState.RETIRED, ~devices.c.removed
    )
    return {row[0]: row[1] for row in _in_chunks(connection, statement, devices.c[column], values)}


def write_entries(
    connection: Connection, changed: Sequence[DeviceEntry], stored: Mapping[str, Stored], now_ms: int
) -> None:
    """Those entries as new rows or over the stored ones.

    All EUIs that change hands are let go first: two devices may have exchanged theirs, and the index looks at each row.
    """
    rows = [{**entry_facts(entry), "removed": False, "updated_at_ms": now_ms} for entry in changed]
    old = [row for row in rows if row["device_id"] in stored]
    new = [row for row in rows if row["device_id"] not in stored]
    holding = [{"key": row["device_id"]} for row in old if stored[row["device_id"]].device.dev_eui is not None]
    this_row = devices.c.device_id == bindparam("key")
    if holding:
        connection.execute(update(devices).where(this_row).values(dev_eui=None), holding)
    again = [row for row in old if stored[row["device_id"]].removed]
    if old:
        connection.execute(update(devices).where(this_row), [{**row, "key": row["device_id"]} for row in old])
    if again:
        created = update(devices).where(this_row).values(created_at_ms=now_ms)
        connection.execute(created, [{"key": row["device_id"]} for row in again])
    if new:
        connection.execute(insert(devices), [{**row, "created_at_ms": now_ms} for row in new])


def mark_removed(connection: Connection, device_ids: Iterable[str], now_ms: int) -> None:
    """Leave those rows as tombstones to publish. They let go of their EUI."""
    statement = (
        update(devices)
        .where(devices.c.device_id == bindparam("key"))
        .values(removed=True, dev_eui=None, version=devices.c.version + 1, updated_at_ms=now_ms)
    )
    keys = [{"key": device_id} for device_id in device_ids]
    if keys:
        connection.execute(statement, keys)


_FACTS: Final = len(DEVICE_COLUMNS)
_SELECT: Final = select(*DEVICE_COLUMNS)
_SELECT_ENTRY: Final = select(*DEVICE_COLUMNS, *DETAIL_COLUMNS, devices.c.created_at_ms, devices.c.updated_at_ms)
_SELECT_RELATIVE: Final = select(devices.c.device_id, devices.c.kind, devices.c.parent_id).where(~devices.c.removed)


def _entry(row: Any) -> StoredEntry:
    return StoredEntry(Device(*row[:_FACTS]), Details(*row[_FACTS:-2]), row[-2], row[-1])


def _read_by_id(
    connection: Connection, columns: Select[Any], wanted: DeviceFilter, after: str | None, limit: int
) -> Iterator[Any]:
    """The rows by id. Where the box of a place is only a part of the condition, more than `limit` of them, in pieces."""
    statement = narrowed(columns, wanted).order_by(devices.c.device_id)
    if wanted.place is None:
        piece = statement.limit(limit)
        yield from connection.execute(piece if after is None else piece.where(devices.c.device_id > storable(after)))
        return
    while True:
        piece = statement.limit(_CHUNK)
        rows = list(connection.execute(piece if after is None else piece.where(devices.c.device_id > storable(after))))
        yield from rows
        if len(rows) < _CHUNK:
            return
        after = rows[-1].device_id


def _in_chunks(
    connection: Connection, statement: Any, column: ColumnElement[Any], values: Iterable[str]
) -> Iterator[Any]:
    remaining = map(storable, values)
    while chunk := list(islice(remaining, _CHUNK)):
        yield from connection.execute(statement.where(column.in_(chunk)))
