"""Events that wait: held back while a group may still absorb them, or absorbed by a group nobody has heard of yet."""

from uuid import UUID

from sqlalchemy import Connection, delete, insert, select, union_all

from cases.storage.tables import absorbed, held
from domain.events import Event


def hold(connection: Connection, event: Event, until_ms: int) -> None:
    """Hold an event back until then; what is held already keeps its time and takes the newer revision."""
    row = connection.execute(select(held.c.until_ms).where(held.c.event_id == str(event.event_id))).one_or_none()
    if row is not None:
        let_go(connection, event.event_id)
        until_ms = row.until_ms
    connection.execute(insert(held).values(event_id=str(event.event_id), until_ms=until_ms, body=_json(event)))


def held_event(connection: Connection, event_id: UUID) -> Event | None:
    """The event as it is held, if it is."""
    body = connection.execute(select(held.c.body).where(held.c.event_id == str(event_id))).scalar_one_or_none()
    return None if body is None else Event.model_validate_json(body)


def let_go(connection: Connection, event_id: UUID) -> None:
    """Hold it no longer."""
    connection.execute(delete(held).where(held.c.event_id == str(event_id)))


def due(connection: Connection, now_ms: int) -> list[Event]:
    """The events that have waited long enough, the one that was due first in front."""
    waited = union_all(
        *(select(table.c.until_ms, table.c.body).where(table.c.until_ms <= now_ms) for table in (held, absorbed))
    )
    rows = connection.execute(waited).all()
    return [Event.model_validate_json(row.body) for row in sorted(rows, key=lambda row: (row.until_ms, row.body))]


def await_group(connection: Connection, event: Event, until_ms: int) -> None:
    """Keep an event that is part of a group's until the group's own is heard of, or until then."""
    forget(connection, event.event_id)
    row = {"event_id": str(event.event_id), "rule": event.absorbed_by, "until_ms": until_ms, "body": _json(event)}
    connection.execute(insert(absorbed).values(row))


def forget(connection: Connection, event_id: UUID) -> None:
    connection.execute(delete(absorbed).where(absorbed.c.event_id == str(event_id)))


def awaiting(connection: Connection, rule: str) -> list[Event]:
    """The events that wait for an event of that rule, by id."""
    wanted = select(absorbed.c.body).where(absorbed.c.rule == rule).order_by(absorbed.c.event_id)
    return [Event.model_validate_json(body) for body in connection.execute(wanted).scalars()]


def _json(event: Event) -> str:
    return event.model_dump_json()
