"""What the topic does not hold yet, and the note that it does: `published_version` behind `version` is the outbox.

A change and its place in the outbox are one row, so no crash can part them.
"""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, bindparam, delete, select, update

from device_registry.records.encoding import (
    DEVICE_HEADERS,
    PROFILE_HEADERS,
    PROFILE_PREFIX,
    device_key,
    encode_device,
    encode_profile,
    profile_key,
)
from device_registry.records.fingerprints import fingerprint
from device_registry.storage.profile_rows import profile_from_row
from device_registry.storage.tables import (
    DEVICE_COLUMNS,
    DEVICE_IS_UNPUBLISHED,
    PROFILE_IS_UNPUBLISHED,
    devices,
    profiles,
)
from domain.devices import Device
from domain.topics import Headers


class Unpublished(NamedTuple):
    """One record to publish. `name` and `version` name the row it came from; a `value` of None is a tombstone."""

    name: str
    version: int
    key: bytes
    value: bytes | None
    headers: Headers


def read_pending(connection: Connection, limit: int) -> list[Unpublished]:
    """Up to `limit` rows that the topic does not hold, profiles before the devices that name them."""
    pending = _pending_profiles(connection, limit)
    return pending or _pending_devices(connection, limit)


def mark_published(connection: Connection, published: Sequence[Unpublished]) -> None:
    """Note that the topic holds these. A row that changed meanwhile stays pending; a tombstone's row is deleted."""
    for table, headers in _TABLES:
        mine = [record for record in published if record.headers == headers]
        _mark(connection, table, mine)


def mark_all_unpublished(connection: Connection) -> None:
    """Every row is published again by whoever publishes next."""
    for table, _ in _TABLES:
        connection.execute(update(table).values(published_version=0))


def read_keys(connection: Connection) -> set[bytes]:
    """The key of every row, removed ones included: what may stand on the topic."""
    keys = {device_key(name) for (name,) in connection.execute(select(devices.c.device_id))}
    return keys | {profile_key(name) for (name,) in connection.execute(select(profiles.c.name))}


def mark_unpublished(connection: Connection, keys: Collection[bytes]) -> None:
    """The rows behind these keys of the topic are published again."""
    names = [key[len(PROFILE_PREFIX) :].decode() for key in keys if key.startswith(PROFILE_PREFIX)]
    device_ids = [key.decode() for key in keys if not key.startswith(PROFILE_PREFIX)]
    for column, known in ((profiles.c.name, names), (devices.c.device_id, device_ids)):
        if known:
            this_row = update(column.table).where(column == bindparam("row_name"))
            connection.execute(this_row.values(published_version=0), [{"row_name": name} for name in known])


def read_fingerprints(connection: Connection) -> tuple[dict[bytes, bytes], set[bytes]]:
    """The fingerprint of every published row by its key on the topic, and the keys of those that are pending."""
    found: dict[bytes, bytes] = {}
    pending: set[bytes] = set()
    for row in connection.execute(select(profiles)):
        if row.published_version < row.version:
            pending.add(profile_key(row.name))
        elif not row.removed:
            found[profile_key(row.name)] = fingerprint(profile_from_row(row))
    statement = select(*DEVICE_COLUMNS, DEVICE_IS_UNPUBLISHED, devices.c.removed)
    for row in connection.execution_options(yield_per=1000).execute(statement):
        key = device_key(row[0])
        if row[-2]:
            pending.add(key)
        elif not row[-1]:
            found[key] = fingerprint(Device(*row[:-2]))
    return found, pending


_TABLES: Final = ((profiles, PROFILE_HEADERS), (devices, DEVICE_HEADERS))


def _pending_profiles(connection: Connection, limit: int) -> list[Unpublished]:
    statement = select(profiles).where(PROFILE_IS_UNPUBLISHED).order_by(profiles.c.name).limit(limit)
    return [
        Unpublished(
            row.name,
            row.version,
            profile_key(row.name),
            None if row.removed else encode_profile(profile_from_row(row)),
            PROFILE_HEADERS,
        )
        for row in connection.execute(statement)
    ]


def _pending_devices(connection: Connection, limit: int) -> list[Unpublished]:
    statement = (
        select(*DEVICE_COLUMNS, devices.c.removed)
        .where(DEVICE_IS_UNPUBLISHED)
        .order_by(devices.c.device_id)
        .limit(limit)
    )
    return [
        Unpublished(
            row.device_id,
            row.version,
            device_key(row.device_id),
            None if row.removed else encode_device(Device(*row[:-1])),
            DEVICE_HEADERS,
        )
        for row in connection.execute(statement)
    ]


def _mark(connection: Connection, table: Table, published: Sequence[Unpublished]) -> None:
    if not published:
        return
    (name,) = table.primary_key.columns
    this_row = name == bindparam("row_name")
    rows = [{"row_name": record.name, "to": record.version} for record in published]
    behind = update(table).where(this_row, table.c.published_version < bindparam("to"))
    connection.execute(behind.values(published_version=bindparam("to")), rows)
    tombstones = [{"row_name": record.name, "to": record.version} for record in published if record.value is None]
    if tombstones:
        gone = delete(table).where(this_row, table.c.removed, table.c.version == bindparam("to"))
        connection.execute(gone, tombstones)
