"""Events in the DuckDB file: one row per event at its highest revision, the whole event as JSON beside what is searched."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import duckdb

from domain.events import Event
from timeseries.duckdb.schema import transaction
from timeseries.queries.events import EventPage, EventQuery
from timeseries.queries.paging import page_of, parse_cursor


def write_events(connection: duckdb.DuckDBPyConnection, events: Sequence[Event]) -> None:
    """Keep each event's highest revision, all or nothing. Raises: duckdb.Error, and then nothing has changed."""
    newest: dict[UUID, Event] = {}
    for event in events:
        if event.event_id not in newest or event.revision > newest[event.event_id].revision:
            newest[event.event_id] = event
    if not newest:
        return
    ids = list(newest)
    known = dict(
        connection.execute(
            "SELECT event_id, revision FROM events WHERE event_id IN (SELECT unnest(?))", [ids]
        ).fetchall()
    )
    rows = [_row(event) for event in newest.values() if event.revision > known.get(event.event_id, 0)]
    if not rows:
        return
    with transaction(connection):
        connection.execute("DELETE FROM events WHERE event_id IN (SELECT unnest(?))", [[row[0] for row in rows]])
        connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)


def fetch_events(connection: duckdb.DuckDBPyConnection, query: EventQuery) -> EventPage:
    conditions, values = _conditions(query)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    rows = connection.execute(
        f"SELECT body FROM events {where} ORDER BY opened_at_ms DESC, event_id DESC LIMIT ?", [*values, query.limit + 1]
    ).fetchall()
    return page_of([Event.model_validate_json(body) for (body,) in rows], query.limit)


def fetch_event(connection: duckdb.DuckDBPyConnection, event_id: str) -> Event | None:
    row = connection.execute("SELECT body FROM events WHERE event_id = try_cast(? AS UUID)", [event_id]).fetchone()
    return None if row is None else Event.model_validate_json(row[0])


def _row(event: Event) -> list[Any]:
    searched = [event.rule, event.subject, event.status.value, event.severity.value, event.area]
    return [event.event_id, event.revision, event.opened_at_ms, *searched, event.model_dump_json()]


def _conditions(query: EventQuery) -> tuple[list[str], list[Any]]:
    """The WHERE clause of a query and its values."""
    asked: list[tuple[str, Any]] = [
        ("opened_at_ms >= ?", query.from_ms),
        ("opened_at_ms < ?", query.to_ms),
        ("rule = ?", query.rule),
        ("subject = ?", query.subject),
        ("status = ?", query.status and query.status.value),
        ("severity = ?", query.severity and query.severity.value),
    ]
    chosen = [(condition, value) for condition, value in asked if value is not None]
    conditions, values = [condition for condition, _ in chosen], [value for _, value in chosen]
    if query.area is not None:
        conditions.append("(area = ? OR starts_with(area, ?))")
        values += [query.area, f"{query.area}/"]
    if query.cursor is not None:
        conditions.append("(opened_at_ms, event_id) < (?, ?)")
        values += parse_cursor(query.cursor)
    return conditions, values
