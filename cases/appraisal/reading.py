"""The steps of the cases that a period is about, streamed from the history case by case."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Connection,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    null,
    or_,
    select,
    type_coerce,
    union,
)

from cases.appraisal.facts import GIVES, RELEVANT, STARTS_CLOCK, Period
from cases.appraisal.steps import CaseSteps, Step
from cases.storage.since import first_sequence
from cases.storage.tables import cases, history
from cases.workflow.case import Deadline

_FETCHED_AT_ONCE: Final = 1_000


def read_steps(connection: Connection, period: Period, area: str | None = None) -> Iterator[CaseSteps]:
    """Every case that was reported before the end of the period and was not over for good before its beginning.

    Shape: one case at a time, by its id; of its steps those that indicators are made of. Memory does not grow with them.
    """
    streamed = connection.execution_options(stream_results=True, yield_per=_FETCHED_AT_ONCE)
    rows = streamed.execute(_wanted(connection, period, area))
    for _, own in groupby(rows, key=itemgetter(0)):
        found = list(own)
        first = found[0]
        steps = [_step(row) for row in found if row.transition is not None]
        yield CaseSteps(first.source, first.problem, first.area, first.reported_at_ms, steps)


def _step(row: Row[Any]) -> Step:
    deadline = None if row.deadline is None else Deadline.model_validate_json(row.deadline)
    return Step(row.transition, row.at_ms, row.given, deadline)


def _wanted(connection: Connection, period: Period, area: str | None) -> Select[Any]:
    on_postgresql = connection.dialect.name == "postgresql"
    parsed = cast(history.c.body, JSON) if on_postgresql else type_coerce(history.c.body, JSON)
    given = case((history.c.transition.in_(GIVES), parsed["department"].as_string()), else_=null())
    due = cast(parsed["deadline"], Text) if on_postgresql else func.json_extract(history.c.body, "$.deadline")
    deadline = case((history.c.transition.in_(STARTS_CLOCK), due), else_=null())
    own = and_(history.c.case_id == cases.c.case_id, history.c.transition.in_(RELEVANT), history.c.at_ms < period.to_ms)
    wanted = (
        select(
            cases.c.case_id, cases.c.source, cases.c.problem, cases.c.area, cases.c.reported_at_ms,
            history.c.transition, history.c.at_ms, given.label("given"), deadline.label("deadline"),
        )
        .select_from(cases.outerjoin(history, own))
        .where(cases.c.reported_at_ms < period.to_ms, cases.c.case_id.in_(_touched(connection, period)))
        .order_by(cases.c.case_id, history.c.revision)
    )  # fmt: skip
    if area is not None:
        wanted = wanted.where(or_(cases.c.area == area, cases.c.area.startswith(f"{area}/", autoescape=True)))
    return wanted


def _touched(connection: Connection, period: Period) -> Select[Any]:
    """The cases that are open, or of which anything was noted since the period began."""
    first = first_sequence(connection, period.from_ms)
    noted = select(history.c.case_id).where(history.c.sequence >= first)
    found = union(noted, select(cases.c.case_id).where(cases.c.ended.is_(False))).subquery()
    return select(found.c.case_id)
