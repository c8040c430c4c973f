"""The DuckDB file: its tables, opening it, and a transaction on it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import duckdb

from domain.errors import ConfigurationError, disk_full

SCHEMA_VERSION: Final = 1
_NO_ROOM_BYTES: Final = 1 << 20

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS telemetry (
    kind VARCHAR NOT NULL, device_id VARCHAR NOT NULL, quantity VARCHAR NOT NULL,
    observed_at_ms BIGINT NOT NULL, value DOUBLE NOT NULL, quality VARCHAR,
    received_at_ms BIGINT NOT NULL, message_id VARCHAR, time_source VARCHAR);
CREATE TABLE IF NOT EXISTS progress (
    topic VARCHAR NOT NULL, partition INTEGER NOT NULL, next_offset BIGINT NOT NULL,
    stored BIGINT NOT NULL, duplicate BIGINT NOT NULL, refused BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS events (
    event_id UUID NOT NULL, revision INTEGER NOT NULL, opened_at_ms BIGINT NOT NULL, rule VARCHAR NOT NULL,
    subject VARCHAR NOT NULL, status VARCHAR NOT NULL, severity VARCHAR NOT NULL, area VARCHAR, body VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version SELECT $version WHERE NOT EXISTS (FROM schema_version);
"""
# No table has an index: a primary key on telemetry cuts inserts from 10.6 million to 142 thousand rows/s, and the zone
# maps of the other columns (time grows with the row number) already keep a look-up to a few row groups.


def open_database(path: Path) -> duckdb.DuckDBPyConnection:
    """The open file with all tables in place; it is made where there is none.

    Raises: ConfigurationError where another process holds the file, it is no DuckDB file, it cannot be made, or it was
    written by another version of this schema.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(str(path), config={"autoinstall_known_extensions": "false"})
    except (duckdb.Error, OSError) as error:
        raise ConfigurationError(_why_not_opened(path, str(error))) from error
    try:
        for statement in _TABLES.strip().split(";\n"):
            connection.execute(statement, {"version": SCHEMA_VERSION} if "$version" in statement else None)
        ((found,),) = connection.execute("SELECT version FROM schema_version").fetchall()
        if found != SCHEMA_VERSION:
            raise ConfigurationError(
                f"{path} was written with schema version {found}, this program needs {SCHEMA_VERSION}; "
                "move the file away or set URBANSENSE_DATA_DIR to another folder"
            )
    except duckdb.Error as error:
        connection.close()
        raise ConfigurationError(_why_not_opened(path, str(error))) from error
    except ConfigurationError:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All or nothing of what is done inside; an exception that leaves it undoes it and goes on its way."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        with suppress(duckdb.Error):  # what broke the transaction may have ended it, and is what must be raised
            connection.rollback()
        raise


def disk_words(path: Path, words: str) -> str | None:
    """How a full disk is named, where that is what the error of these words is about; None where it is not."""
    free = shutil.disk_usage(path.parent).free if path.parent.is_dir() else _NO_ROOM_BYTES
    return disk_full(path.parent, free) if "No space left" in words or free < _NO_ROOM_BYTES else None


def _why_not_opened(path: Path, words: str) -> str:
    first_line = words.partition("\n")[0]
    if full := disk_words(path, words):
        return full
    if "lock" in first_line.lower():
        return (
            f"{path} is open in another process, and an embedded store serves one process only; "
            f"stop that process or set URBANSENSE_STORE_URL to an InfluxDB server ({first_line})"
        )
    if "Permission denied" in first_line or "Read-only" in first_line or "read-only" in first_line:
        remedy = "look at the owner and the modes of the file and its folder"
    else:
        remedy = "restore it from a backup, or move it and its .wal away to begin with an empty one"
    return f"the embedded store {path} cannot be opened: {first_line}; {remedy}"
