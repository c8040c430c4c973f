"""Retention and compaction of the embedded log: actions of `GroupCommitter`, small enough not to hold up the appends."""

import sqlite3
from typing import Final

from domain.time.units import HOUR_MS

_MOST_ROWS: Final = 20_000
_ROW_BYTES: Final = 64
"""What a record takes besides its value, about: key, headers and the row's own."""
TOMBSTONE_KEPT_MS: Final = 24 * HOUR_MS
"""How long a tombstone stays for readers that are behind; Kafka's default `delete.retention.ms`."""


def delete_expired(
    partition_id: int, before_ms: int, connection: sqlite3.Connection, next_offsets: dict[int, int]
) -> int:
    """How many of the oldest records appended before `before_ms` were deleted; call again until it is 0."""
    kept = connection.execute(
        "SELECT offset FROM records WHERE partition = ? AND appended_at_ms >= ? ORDER BY offset LIMIT 1",
        (partition_id, before_ms),
    ).fetchone()
    last = connection.execute(
        "SELECT max(offset) FROM (SELECT offset FROM records WHERE partition = ? ORDER BY offset LIMIT ?)",
        (partition_id, _MOST_ROWS),
    ).fetchone()[0]
    if last is None:
        return 0
    after = last + 1 if kept is None else min(kept[0], last + 1)
    _keep_next_offset(connection, partition_id, next_offsets)
    return connection.execute("DELETE FROM records WHERE partition = ? AND offset < ?", (partition_id, after)).rowcount


def delete_beyond(
    partition_id: int, most_bytes: int, connection: sqlite3.Connection, next_offsets: dict[int, int]
) -> int:
    """How many of the oldest records were deleted so that the newest ones take at most so many bytes."""
    last_too_many = connection.execute(
        "SELECT max(offset) FROM (SELECT offset, sum(coalesce(length(value), 0) + ?) OVER (ORDER BY offset DESC) AS bytes"
        " FROM records WHERE partition = ?) WHERE bytes > ?",
        (_ROW_BYTES, partition_id, most_bytes),
    ).fetchone()[0]
    if last_too_many is None:
        return 0
    _keep_next_offset(connection, partition_id, next_offsets)
    beyond = (partition_id, last_too_many)
    return connection.execute("DELETE FROM records WHERE partition = ? AND offset <= ?", beyond).rowcount


def compact(partition_id: int, now_ms: int, connection: sqlite3.Connection, next_offsets: dict[int, int]) -> int:
    """How many records were deleted: those with a later one of the same key, and tombstones older than a day."""
    _keep_next_offset(connection, partition_id, next_offsets)
    return connection.execute(
        "DELETE FROM records WHERE partition = :partition AND key IS NOT NULL AND ("
        " offset NOT IN (SELECT max(offset) FROM records WHERE partition = :partition GROUP BY key)"
        " OR value IS NULL AND appended_at_ms < :tombstones_before_ms)",
        {"partition": partition_id, "tombstones_before_ms": now_ms - TOMBSTONE_KEPT_MS},
    ).rowcount


def _keep_next_offset(connection: sqlite3.Connection, partition_id: int, next_offsets: dict[int, int]) -> None:
    """Remember where the partition goes on, since its last records may be gone after cleaning."""
    connection.execute("UPDATE partitions SET next_offset = ? WHERE id = ?", (next_offsets[partition_id], partition_id))
