"""Appraising what a database holds."""

from collections.abc import Sequence
from datetime import datetime

from cases.appraisal.appraisal import Appraisal, AppraisalScope, Appraiser, Dimension
from cases.appraisal.facts import Period
from cases.appraisal.reading import read_steps
from cases.deadlines import CityTimes
from cases.storage import Database


def appraise(
    database: Database,
    period: Period,
    times: CityTimes,
    scope: AppraisalScope | None = None,
    by: Sequence[Dimension] = (),
) -> Appraisal:
    """The appraisal of a period. Blocks for seconds over a large city's month: async code calls it by asyncio.to_thread.

    Raises: domain.errors.TransientFault when the database does not answer.
    """
    scope = scope or AppraisalScope()
    appraiser = Appraiser(period, scope, by, times)
    with database.reading() as connection:
        appraiser.take_all(read_steps(connection, period, scope.area))
    return appraiser.appraisal()


def month_of(at_ms: int, times: CityTimes) -> int:
    """When the month began in which that instant lies, by the city's clock; epoch ms."""
    wall = datetime.fromtimestamp(at_ms / 1000, times.calendar.zone)
    return int(wall.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)


def level_below(area: str | None) -> int:
    """By how many steps of an area's name to part what lies in an area: one more than its own; two where there is none."""
    return 2 if area is None else len(area.split("/")) + 1
