"""Which cases: filters, orders and pages that the indexes of the tables can answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from cases.storage.tables import cases
from cases.workflow.case import Case, Source
from cases.workflow.states import State
from domain.events import Severity


class Order(StrEnum):
    """Newest report first, or nearest deadline first (those without one are left out)."""

    REPORTED = "reported"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """All cases that match every field given. `area` matches itself and everything below it; `open` means not ended.

    `reported_from_ms` is inclusive, `reported_to_ms` and `due_before_ms` exclusive. `text` is looked for, case ignored, in
    number, problem, title, description, address, subject and component code. `cursor` is what the last page returned.
    """

    states: tuple[State, ...] = ()
    open: bool | None = None
    department: str | None = None
    departments: tuple[str, ...] = ()
    area: str | None = None
    areas: tuple[str, ...] = ()
    severity: Severity | None = None
    problem: str | None = None
    source: Source | None = None
    subject: str | None = None
    text: str | None = None
    reported_from_ms: int | None = None
    reported_to_ms: int | None = None
    due_before_ms: int | None = None
    order: Order = Order.REPORTED
    limit: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page. `next` is the cursor of the one behind it, None at the end."""

    items: tuple[Case, ...]
    next: str | None


def read_page(connection: Connection, query: CaseQuery) -> CasePage:
    """Raises: ValueError where the cursor was not given by an earlier page of the same order."""
    wanted = _ordered(select(cases.c.case_id, _at(query.order)).where(*conditions(query)), query)
    rows = connection.execute(wanted.limit(query.limit + 1)).all()
    more = len(rows) > query.limit
    last = rows[query.limit - 1] if more else None
    return CasePage(
        _whole(connection, [row.case_id for row in rows[: query.limit]]),
        orjson.dumps([query.order.value, last[1], last[0]]).hex() if last is not None else None,
    )


def _whole(connection: Connection, case_ids: list[str]) -> tuple[Case, ...]:
    """The cases themselves, read after they were found in the indexes alone."""
    wanted = select(cases.c.case_id, cases.c.body).where(cases.c.case_id.in_(case_ids))
    bodies = {row.case_id: row.body for row in connection.execute(wanted)}
    return tuple(Case.model_validate_json(bodies[case_id]) for case_id in case_ids if case_id in bodies)


def count(connection: Connection, query: CaseQuery) -> int:
    """How many cases match, on every page."""
    return int(connection.execute(select(func.count()).select_from(cases).where(*conditions(query))).scalar_one())


def _at(order: Order) -> ColumnElement[int]:
    return cases.c.due_at_ms if order is Order.DUE else cases.c.reported_at_ms


def _ordered(wanted: Select[Any], query: CaseQuery) -> Select[Any]:
    at = _at(query.order)
    if query.order is Order.DUE:
        wanted = wanted.where(at.is_not(None)).order_by(at, cases.c.case_id)
    else:
        wanted = wanted.order_by(at.desc(), cases.c.case_id.desc())
    if query.cursor is None:
        return wanted
    at_ms, case_id = _place(query.cursor, query.order)
    if query.order is Order.DUE:
        return wanted.where(or_(at > at_ms, and_(at == at_ms, cases.c.case_id > case_id)))
    return wanted.where(or_(at < at_ms, and_(at == at_ms, cases.c.case_id < case_id)))


def _place(cursor: str, order: Order) -> tuple[int, str]:
    try:
        given, at_ms, case_id = orjson.loads(bytes.fromhex(cursor))
        if given != order.value or type(at_ms) is not int or not isinstance(case_id, str) or at_ms.bit_length() > 63:
            raise ValueError("it belongs to another list")
    except (ValueError, TypeError) as error:
        raise ValueError(f"the cursor {cursor!r} was not given by this list: {error}") from error
    return at_ms, case_id


def conditions(query: CaseQuery) -> Iterator[ColumnElement[bool]]:
    """What must hold of a row that matches the query; its page and order left aside."""
    if query.states:
        yield cases.c.state.in_([state.value for state in query.states])
    if query.open is not None:
        yield cases.c.ended.is_(not query.open)
    for name in ("department", "severity", "problem", "source", "subject"):
        value = getattr(query, name)
        if value is not None:
            yield cases.c[name] == value
    if query.departments:
        yield cases.c.department.in_(query.departments)
    if query.area is not None:
        yield _within(query.area)
    if query.areas:
        yield or_(cases.c.area.is_(None), *(_within(area) for area in query.areas))
    if query.text:
        yield cases.c.words.contains(query.text.lower(), autoescape=True)
    if query.reported_from_ms is not None:
        yield cases.c.reported_at_ms >= query.reported_from_ms
    if query.reported_to_ms is not None:
        yield cases.c.reported_at_ms < query.reported_to_ms
    if query.due_before_ms is not None:
        yield cases.c.due_at_ms < query.due_before_ms


def _within(area: str) -> ColumnElement[bool]:
    return or_(cases.c.area == area, cases.c.area.startswith(f"{area}/", autoescape=True))
