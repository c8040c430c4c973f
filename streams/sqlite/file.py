"""The file of the embedded log: its tables and the statements on them. Knows nothing of tasks or threads.

    topics      name, partitions, cleanup, retention_ms
    partitions  id, topic, number, next_offset (a floor, for partitions emptied by retention)
    records     (partition, offset), appended_at_ms, key, value (NULL is a tombstone), headers
    places      (reader_group, partition), next_offset, metadata

Durability: WAL with synchronous=FULL, so what was acknowledged survives kill -9 and a power cut. The price is one
fsync per commit, and one commit serves all that waited for it.
"""

import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

from domain.errors import ConfigurationError, InUse
from domain.topics import Cleanup, Headers, TopicSpec
from streams.sqlite.faults import file_fault

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, cleanup TEXT NOT NULL, retention_ms INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partitions (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, next_offset INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, number)
);
CREATE TABLE IF NOT EXISTS records (
    partition INTEGER NOT NULL, offset INTEGER NOT NULL, appended_at_ms INTEGER NOT NULL,
    key BLOB, value BLOB, headers BLOB NOT NULL, PRIMARY KEY (partition, offset)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (
    reader_group TEXT NOT NULL, partition INTEGER NOT NULL, next_offset INTEGER NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (reader_group, partition)
) WITHOUT ROWID;
"""

_COLUMNS: Final = 6
# One statement for many rows: sqlite3 lets go of the GIL once a statement, and on a busy event loop each time costs up
# to a switch interval (5 ms) to get it back; executemany would pay that for every row.
_INSERTS: Final = {
    rows: "INSERT INTO records VALUES " + ",".join(["(" + ",".join("?" * _COLUMNS) + ")"] * rows)
    for rows in (2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
}

StoredRow = tuple[int, int, bytes | None, bytes | None, bytes]
"""offset, appended_at_ms, key, value, packed headers"""


class GroupPlace(NamedTuple):
    """A group's place in one partition, by partition id."""

    group: str
    partition_id: int
    offset: int
    metadata: str


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any one thread at a time. Raises: as `opening`."""
    with opening(path):
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=64)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=4000")
            connection.execute("PRAGMA cache_size=-32768")
            connection.executescript(_SCHEMA)
        except BaseException:
            connection.close()
            raise
    return connection


def lock(path: Path) -> sqlite3.Connection:
    """A lock on the log that lasts until the connection is closed or the process dies, on every platform.

    The process id of its holder stands beside it in a file of its own: to open the lock's file would let go of the lock.
    Raises: InUse where another process, or another log in this one, holds it; else as `opening`.
    """
    lock_path, pid_path = path.with_name(path.name + ".lock"), path.with_name(path.name + ".pid")
    with opening(lock_path):
        holder = sqlite3.connect(lock_path, timeout=0, isolation_level=None)
        try:
            holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            holder.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise InUse(
                f"the embedded log {path} is in use by {_holder_of(pid_path)}, and it serves only one: "
                "stop that one, or set URBANSENSE_LOG_URL to kafka://host:9092 for several"
            ) from error
    with suppress(OSError):  # on a full disk the lock is what counts
        pid_path.write_text(str(os.getpid()))
    return holder


def _holder_of(pid_path: Path) -> str:
    try:
        return f"process {int(pid_path.read_text())}"
    except (OSError, ValueError):
        return "another process"


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """SQLite's errors while a file is opened, as ours.

    Raises: TransientFault where the disk is full; ConfigurationError where the file is damaged or cannot be written.
    """
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):  # SQLite would open it to read, and complain at a write
            raise ConfigurationError(f"{place} cannot be written: look at its owner, its modes and its file system")
    try:
        yield
    except sqlite3.Error as error:
        fault = file_fault(path, error)
        raise fault if fault is not None else error from error


def insert_records(connection: sqlite3.Connection, columns: Sequence[object]) -> None:
    """Insert rows given as one flat sequence of `_COLUMNS` values each, in few statements."""
    start, left = 0, len(columns) // _COLUMNS
    for rows, statement in _INSERTS.items():
        while left >= rows:
            connection.execute(statement, columns[start : start + rows * _COLUMNS])
            start += rows * _COLUMNS
            left -= rows


def store_places(connection: sqlite3.Connection, places: Iterable[GroupPlace]) -> None:
    for place in places:
        connection.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)", place)


def fetch_records(connection: sqlite3.Connection, partition_id: int, offset: int, limit: int) -> list[StoredRow]:
    """At most `limit` rows from `offset` on, by offset."""
    return connection.execute(
        "SELECT offset, appended_at_ms, key, value, headers FROM records"
        " WHERE partition = ? AND offset >= ? ORDER BY offset LIMIT ?",
        (partition_id, offset, limit),
    ).fetchall()


def fetch_place(connection: sqlite3.Connection, group: str, partition_id: int) -> tuple[int, str] | None:
    row: tuple[int, str] | None = connection.execute(
        "SELECT next_offset, metadata FROM places WHERE reader_group = ? AND partition = ?", (group, partition_id)
    ).fetchone()
    return row


def fetch_first_offset(connection: sqlite3.Connection, partition_id: int) -> int | None:
    """The first offset kept, None where the partition holds nothing."""
    first: int | None = connection.execute(
        "SELECT min(offset) FROM records WHERE partition = ?", (partition_id,)
    ).fetchone()[0]
    return first


def fetch_next_offsets(connection: sqlite3.Connection) -> dict[int, int]:
    """By partition id, the offset that its next record gets."""
    return dict(
        connection.execute(
            "SELECT id, max(next_offset, coalesce((SELECT max(offset) + 1 FROM records WHERE partition = id), 0))"
            " FROM partitions"
        ).fetchall()
    )


def fetch_specs(connection: sqlite3.Connection) -> dict[str, TopicSpec]:
    rows = connection.execute("SELECT name, partitions, cleanup, retention_ms FROM topics")
    return {name: TopicSpec(name, count, Cleanup(cleanup), kept) for name, count, cleanup, kept in rows}


def fetch_partition_ids(connection: sqlite3.Connection) -> dict[str, tuple[int, ...]]:
    """By topic, the ids of its partitions in order of their numbers."""
    ids: dict[str, tuple[int, ...]] = {}
    for topic, id_ in connection.execute("SELECT topic, id FROM partitions ORDER BY topic, number"):
        ids[topic] = (*ids.get(topic, ()), id_)
    return ids


def create_topics(specs: Iterable[TopicSpec], connection: sqlite3.Connection, next_offsets: dict[int, int]) -> None:
    """Create topics that do not exist; an action of `GroupCommitter`, whose next offsets learn the new partitions."""
    for spec in specs:
        connection.execute(
            "INSERT INTO topics VALUES (?, ?, ?, ?)", (spec.name, spec.partitions, spec.cleanup, spec.retention_ms)
        )
        for number in range(spec.partitions):
            connection.execute("INSERT INTO partitions (topic, number) VALUES (?, ?)", (spec.name, number))
    for id_, offset in fetch_next_offsets(connection).items():
        next_offsets.setdefault(id_, offset)


_LENGTHS: Final = struct.Struct("<HI")


def pack_headers(headers: Headers) -> bytes:
    """Headers as bytes, empty for none: for each, lengths of name and value (u16, u32), then both."""
    parts: list[bytes] = []
    for name, value in headers:
        encoded = name.encode()
        parts += (_LENGTHS.pack(len(encoded), len(value)), encoded, value)
    return b"".join(parts)


def unpack_headers(packed: bytes) -> Headers:
    """What `pack_headers` packed."""
    headers: list[tuple[str, bytes]] = []
    at = 0
    while at < len(packed):
        name_length, value_length = _LENGTHS.unpack_from(packed, at)
        at += _LENGTHS.size
        value_at = at + name_length
        headers.append((packed[at:value_at].decode(), packed[value_at : value_at + value_length]))
        at = value_at + value_length
    return tuple(headers)
