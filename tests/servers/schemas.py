"""The whole schema and all rows of a database, to compare two states of it or two databases."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, MetaData, text

Rows = Sequence[tuple[Any, ...]]

_POSTGRESQL = (
    "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, collation_name"
    " FROM information_schema.columns WHERE table_schema = 'public'",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
)


def schema_of(connection: Connection, without: str = "-") -> dict[str, list[Rows]]:
    """Everything of the catalogue, by table; `without` is a table to leave out."""
    found: dict[str, list[Any]] = {}
    if connection.dialect.name == "sqlite":
        queries: tuple[str, ...] = ("SELECT tbl_name, name, type, sql FROM sqlite_master",)
    else:
        queries = _POSTGRESQL
    for query in queries:
        for row in connection.execute(text(query)):
            found.setdefault(row[0], []).append(tuple(row))
    return {table: sorted(rows, key=str) for table, rows in found.items() if table != without}


def rows_of(connection: Connection, without: str = "-") -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, the counters of SQLite's sequences too."""
    metadata = MetaData()
    metadata.reflect(connection)
    rows = {
        table.name: [tuple(row) for row in connection.execute(table.select())]
        for table in metadata.sorted_tables
        if table.name != without
    }
    if connection.dialect.name == "sqlite":
        counters = connection.execute(text("SELECT name, seq FROM sqlite_sequence ORDER BY name"))
        rows["sqlite_sequence"] = [tuple(row) for row in counters]
    return rows


def version_in(connection: Connection, version_table: str) -> str | None:
    """The version that a room's schema has reached."""
    found: str | None = connection.execute(text(f"SELECT version_num FROM {version_table}")).scalar_one_or_none()
    return found
