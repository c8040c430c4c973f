"""The statements on the table `devices`, each inside a transaction of the caller's."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, or_, select, update

from device_registry.changes import Stored
from device_registry.models import DEVICE_COLUMNS, devices
from domain.devices import DEVICE_ID, Device, DeviceState

_NAMES: Final = tuple(column.name for column in DEVICE_COLUMNS)
_CHUNK: Final = 1000
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """Which devices to list; what is None does not narrow. `area` takes the area and everything below it.

    `text` is looked for, case ignored, in id, name, component code and EUI.
    """

    kind: str | None = None
    area: str | None = None
    department: str | None = None
    state: DeviceState | None = None
    profile: str | None = None
    parent_id: str | None = None
    text: str | None = None


def read_device(connection: Connection, device_id: str) -> Device | None:
    if not DEVICE_ID.fullmatch(device_id):
        return None
    row = connection.execute(_SELECT.where(devices.c.device_id == device_id, ~devices.c.removed)).first()
    return Device(*row) if row else None


def read_page(connection: Connection, wanted: DeviceFilter, after: str | None, limit: int) -> list[Device]:
    """Up to `limit` devices by id, those behind `after` only."""
    statement = _SELECT.where(*_conditions(wanted)).order_by(devices.c.device_id).limit(limit)
    if after is not None:
        statement = statement.where(devices.c.device_id > _storable(after))
    return [Device(*row) for row in connection.execute(statement)]


def count(connection: Connection, wanted: DeviceFilter) -> int:
    return connection.execute(select(func.count()).select_from(devices).where(*_conditions(wanted))).scalar_one()


def read_stored(connection: Connection, device_ids: Iterable[str]) -> dict[str, Stored]:
    """The rows of those ids, removed ones included."""
    statement = select(*DEVICE_COLUMNS, devices.c.removed)
    found = _in_chunks(connection, statement, devices.c.device_id, device_ids)
    return {row[0]: Stored(Device(*row[:-1]), row[-1]) for row in found}


def read_ancestors(connection: Connection, device_ids: Collection[str]) -> dict[str, str | None]:
    """Those devices and all above them, each with its parent; ids that do not exist are left out."""
    statement = select(devices.c.device_id, devices.c.parent_id).where(~devices.c.removed)
    known: dict[str, str | None] = {}
    wanted = set(device_ids)
    while wanted:
        level = dict(tuple(row) for row in _in_chunks(connection, statement, devices.c.device_id, wanted))
        known.update(level)
        wanted = {parent for parent in level.values() if parent is not None} - known.keys()
    return known


def read_children(connection: Connection, device_ids: Iterable[str]) -> list[tuple[str, str]]:
    """(child, parent) of every device that hangs on one of those."""
    statement = select(devices.c.device_id, devices.c.parent_id).where(~devices.c.removed)
    return [(row[0], row[1]) for row in _in_chunks(connection, statement, devices.c.parent_id, device_ids)]


def read_eui_holders(connection: Connection, euis: Iterable[str]) -> dict[str, str]:
    """Who holds each of those EUIs; retired devices hold none."""
    statement = select(devices.c.dev_eui, devices.c.device_id).where(devices.c.state != DeviceState.RETIRED)
    return {row[0]: row[1] for row in _in_chunks(connection, statement, devices.c.dev_eui, euis)}


def write_devices(connection: Connection, changed: Sequence[Device], stored: Mapping[str, Stored], now_ms: int) -> None:
    """Those devices as new rows or over the stored ones.

    All EUIs that change hands are let go first: two devices may have exchanged theirs, and the index looks at each row.
    """
    rows = [{**_row(device), "removed": False, "updated_at_ms": now_ms} for device in changed]
    old = [row for row in rows if row["device_id"] in stored]
    new = [row for row in rows if row["device_id"] not in stored]
    holding = [{"key": row["device_id"]} for row in old if stored[row["device_id"]].device.dev_eui is not None]
    this_row = devices.c.device_id == bindparam("key")
    if holding:
        connection.execute(update(devices).where(this_row).values(dev_eui=None), holding)
    if old:
        connection.execute(update(devices).where(this_row), [{**row, "key": row["device_id"]} for row in old])
    if new:
        connection.execute(insert(devices), new)


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


_SELECT: Final = select(*DEVICE_COLUMNS)


def _row(device: Device) -> dict[str, Any]:
    return {name: getattr(device, name) for name in _NAMES}


def _conditions(wanted: DeviceFilter) -> Iterator[ColumnElement[bool]]:
    yield ~devices.c.removed
    if wanted.state is not None:
        yield devices.c.state == wanted.state
    for name in ("kind", "department", "profile", "parent_id"):
        value = getattr(wanted, name)
        if value is not None:
            yield devices.c[name] == _storable(value)
    if wanted.area is not None:
        area = _storable(wanted.area)
        yield or_(devices.c.area == area, devices.c.area.startswith(f"{area}/", autoescape=True))
    if wanted.text:
        columns = (devices.c.device_id, devices.c.name, devices.c.component_code, devices.c.dev_eui)
        yield or_(*(column.icontains(_storable(wanted.text), autoescape=True) for column in columns))


def _storable(text: str) -> str:
    """The text to look for. What a database refuses in any text is put as U+FFFF: no row holds either, none is found."""
    return _UNSTORABLE.sub("\uffff", text)


def _in_chunks(
    connection: Connection, statement: Any, column: ColumnElement[Any], values: Iterable[str]
) -> Iterator[Any]:
    remaining = map(_storable, values)
    while chunk := list(islice(remaining, _CHUNK)):
        yield from connection.execute(statement.where(column.in_(chunk)))
