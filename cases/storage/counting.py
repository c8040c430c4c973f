"""How many cases there are, by what they are."""

from typing import Final

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, func, select

from accounts.ports import Database
from cases.storage.finding import CaseQuery, conditions
from cases.storage.tables import cases, history

_LOOKED_AT: Final = 5_000


class CaseCounts(BaseModel):
    """Counts of cases. `by_state` is of all; severity, department ("" for nobody's), problem and `overdue` of open ones."""

    total: int
    open: int
    overdue: int
    by_state: dict[str, int]
    by_severity: dict[str, int]
    by_department: dict[str, int]
    by_problem: dict[str, int]


def count_cases(connection: Connection, query: CaseQuery, now_ms: int) -> CaseCounts:
    """The counts of the cases that match the query's filters."""
    matching = list(conditions(query))
    still_open = [*matching, cases.c.ended.is_(False)]
    by_state = _by(connection, cases.c.state, matching)
    by_severity = _by(connection, cases.c.severity, still_open)
    overdue = select(func.count()).select_from(cases).where(*still_open, cases.c.due_at_ms <= now_ms)
    return CaseCounts(
        total=sum(by_state.values()),
        open=sum(by_severity.values()),
        overdue=int(connection.execute(overdue).scalar_one()),
        by_state=by_state,
        by_severity=by_severity,
        by_department=_by(connection, cases.c.department, still_open),
        by_problem=_by(connection, cases.c.problem, still_open),
    )


def count_unpublished(connection: Connection) -> int:
    """How many revisions `city.cases` does not hold yet."""
    wanted = select(func.count()).select_from(history).where(history.c.published.is_(False))
    return int(connection.execute(wanted).scalar_one())


def newest_step_ms(database: Database, actor: str) -> int | None:
    """When somebody last did something, epoch ms; None where that is not among the last thousands of steps of all."""
    with database.reading() as connection:
        last = connection.execute(select(func.max(history.c.sequence))).scalar_one() or 0
        wanted = select(func.max(history.c.at_ms)).where(
            history.c.sequence > last - _LOOKED_AT, history.c.actor == actor
        )
        found: int | None = connection.execute(wanted).scalar_one()
    return found


def _by(connection: Connection, column: ColumnElement[str], matching: list[ColumnElement[bool]]) -> dict[str, int]:
    rows = connection.execute(select(column, func.count()).where(*matching).group_by(column)).all()
    return {str(value or ""): int(count) for value, count in sorted(rows, key=lambda row: row[0] or "")}
