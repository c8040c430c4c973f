"""How much work every department has: what is open, soon due and overdue, and what it handled in the last days."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, ColumnElement, Connection, Text, cast, func, or_, select, type_coerce

from cases.deadlines import CityTimes, soon_through_ms
from cases.storage.since import first_sequence
from cases.storage.tables import cases, history
from cases.workflow.case import Term, TermUnit
from domain.time.units import DAY_MS

HANDLED_WITHIN_MS: Final = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class DepartmentLoad:
    """Counts of cases. `due_soon` and `overdue` are among `open`; `handled` is within the last seven days, reworks again.

    `department` is None for what nobody has yet: cases to be accepted, verified, dispatched.
    """

    department: str | None
    open: int
    due_soon: int
    overdue: int
    handled: int


class Running(NamedTuple):
    """The clock of one case that a department has and that is not over."""

    department: str | None
    due_at_ms: int
    term: Term


def workload(
    connection: Connection, now_ms: int, times: CityTimes, areas: Sequence[str] = ()
) -> tuple[DepartmentLoad, ...]:
    """The load of every department that has one, by name; those whom nobody has yet first.

    Where `areas` are given only cases within them count, and those without an area.
    """
    scope = _within(cases.c.area, areas)
    return tally(
        _open(connection, scope),
        _overdue(connection, scope, now_ms),
        _running(connection, scope, now_ms),
        _handled(connection, areas, now_ms - HANDLED_WITHIN_MS),
        now_ms,
        times,
    )


def tally(
    open_cases: Counter[str | None],
    overdue: Counter[str | None],
    running: Iterable[Running],
    handled: Counter[str | None],
    now_ms: int,
    times: CityTimes,
) -> tuple[DepartmentLoad, ...]:
    """The load from counts by department and the clocks that still run. Pure."""
    due_soon: Counter[str | None] = Counter()
    through_ms: dict[Term, int] = {}
    for one in running:
        if one.term not in through_ms:
            through_ms[one.term] = soon_through_ms(one.term, now_ms, times)
        due_soon[one.department] += one.due_at_ms <= through_ms[one.term]
    names = sorted(open_cases.keys() | handled.keys(), key=lambda name: (name is not None, name or ""))
    return tuple(DepartmentLoad(name, open_cases[name], due_soon[name], overdue[name], handled[name]) for name in names)


WorkloadScope = Sequence[ColumnElement[bool]]


def _within(area: ColumnElement[Any], areas: Sequence[str]) -> WorkloadScope:
    if not areas:
        return ()
    below = (area.startswith(f"{one}/", autoescape=True) for one in areas)
    return (or_(area.is_(None), area.in_(list(areas)), *below),)


def _open(connection: Connection, scope: WorkloadScope) -> Counter[str | None]:
    wanted = select(cases.c.department, func.count()).where(cases.c.ended.is_(False), *scope)
    if not scope:
        # The index by department holds all that is asked for; SQLite would take another one, and read every case.
        wanted = wanted.with_hint(cases, "INDEXED BY ix_cases_department", "sqlite")
    return Counter(dict(connection.execute(wanted.group_by(cases.c.department)).all()))


def _overdue(connection: Connection, scope: WorkloadScope, now_ms: int) -> Counter[str | None]:
    wanted = select(cases.c.department, func.count()).where(cases.c.ended.is_(False), cases.c.due_at_ms <= now_ms)
    return Counter(dict(connection.execute(wanted.where(*scope).group_by(cases.c.department)).all()))


def _running(connection: Connection, scope: WorkloadScope, now_ms: int) -> Iterable[Running]:
    unit, amount = (_in_body(connection, cases.c.body, "deadline", "term", name) for name in ("unit", "amount"))
    wanted = select(cases.c.department, cases.c.due_at_ms, unit, amount)
    terms: dict[tuple[str, str], Term] = {}
    for row in connection.execute(wanted.where(cases.c.ended.is_(False), cases.c.due_at_ms > now_ms, *scope)):
        term = terms.get(row[2:])
        if term is None:
            term = terms[row[2:]] = Term(unit=TermUnit(row[2]), amount=float(row[3]))
        yield Running(row.department, row.due_at_ms, term)


def _handled(connection: Connection, areas: Sequence[str], since_ms: int) -> Counter[str | None]:
    first = first_sequence(connection, since_ms)
    department, area = (_in_body(connection, history.c.body, name) for name in ("department", "area"))
    wanted = (
        select(department, func.count())
        .where(history.c.sequence >= first, history.c.transition == "handle", history.c.at_ms >= since_ms)
        .where(*_within(area, areas))
        .group_by(department)
    )
    return Counter(dict(connection.execute(wanted).all()))


def _in_body(connection: Connection, body: ColumnElement[str], *path: str) -> ColumnElement[str]:
    """A value inside a case's JSON, as text."""
    whole = cast(body, JSON) if connection.dialect.name == "postgresql" else type_coerce(body, JSON)
    found: ColumnElement[str] = cast(whole[path].as_string(), Text)
    return found
