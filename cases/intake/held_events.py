"""Events that wait: held back while a group may still absorb them, or absorbed by a group that is not known yet."""

from typing import Final
from uuid import UUID

from sqlalchemy import Connection, Table, delete, insert, select, union_all

from cases.storage.tables import absorbed, held
from domain.events import Event, Status

_FOR_EVER_MS: Final = 2**62
"""When an event that rests would be due."""


def hold(connection: Connection, event: Event, until_ms: int) -> None:
    """Hold an event back until then; what is held already keeps its time, and the newest revision counts."""
    _keep(connection, held, event, until_ms)


def waiting_event(connection: Connection, event_id: UUID) -> Event | None:
    """The event as it is held, rests or awaits its group, if it does."""
    wanted = union_all(*(select(table.c.body).where(table.c.event_id == str(event_id)) for table in (held, absorbed)))
    body = connection.execute(wanted).scalars().first()
    return None if body is None else Event.model_validate_json(body)


def let_rest(connection: Connection, event: Event) -> None:
    """Remember that an event which waited is over, so that its opening, published again, is known to be old."""
    if waiting_event(connection, event.event_id) is None:
        return
    let_go(connection, event.event_id)
    forget(connection, event.event_id)
    values = {"event_id": str(event.event_id), "until_ms": _FOR_EVER_MS, "body": event.model_dump_json()}
    connection.execute(insert(held).values(values))


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
    """Keep an event that is part of a group's until the group's own is known, or until then; see `hold`."""
    _keep(connection, absorbed, event, until_ms, rule=event.absorbed_by)


def forget(connection: Connection, event_id: UUID) -> None:
    connection.execute(delete(absorbed).where(absorbed.c.event_id == str(event_id)))


def awaiting(connection: Connection, rule: str) -> list[Event]:
    """The events that wait for an event of that rule, by id."""
    wanted = select(absorbed.c.body).where(absorbed.c.rule == rule).order_by(absorbed.c.event_id)
    return [Event.model_validate_json(body) for body in connection.execute(wanted).scalars()]


def _keep(connection: Connection, table: Table, event: Event, until_ms: int, **more: object) -> None:
    mine = table.c.event_id == str(event.event_id)
    row = connection.execute(select(table.c.until_ms, table.c.body).where(mine)).one_or_none()
    if row is not None:
        before = Event.model_validate_json(row.body)
        if before.revision >= event.revision:
            return
        connection.execute(delete(table).where(mine))
        until_ms = row.until_ms if before.status is Status.OPEN else until_ms
    values = {"event_id": str(event.event_id), "until_ms": until_ms, "body": event.model_dump_json(), **more}
    connection.execute(insert(table).values(values))
