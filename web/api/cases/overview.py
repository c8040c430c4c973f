"""`/api/v1/cases/workload`, `/statistics` and `/policy`: who has how much, what there is, and what the city decided."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from cases.service.services import CaseServices
from cases.storage import CaseQuery
from cases.storage.counting import CaseCounts
from cases.storage.workload import DepartmentLoad
from web.api.cases.routes import TAG
from web.gate.callers import CurrentActor
from web.http.parameters import Page


class Workload(Page[DepartmentLoad]):
    """The load of each department by `now_ms`, those first whom nobody has yet."""

    now_ms: int


class Statistics(CaseCounts):
    """Cases that match, counted. Times are by `now_ms`."""

    now_ms: int


class PolicyView(BaseModel):
    """The city's policy as data, the rules in the order in which they count. Terms are `{unit, amount}`."""

    departments: list[str]
    terms: list[dict[str, Any]]
    dispatch: list[dict[str, Any]]
    trusted: list[dict[str, Any]]
    cleared: list[dict[str, Any]]
    escalation: list[dict[str, Any]]
    opens_from: str
    exceptions: dict[str, str | None]
    event_classes: dict[str, str]
    grades: dict[str, str]
    timezone: str
    holidays: list[str]


def overview_routes(cases: CaseServices) -> APIRouter:
    """What stands beside the single case; to be included before its routes, whose names these are not."""
    router = APIRouter(prefix="/cases", tags=[TAG])

    @router.get("/workload")
    async def show_workload(actor: CurrentActor) -> Workload:
        """Open, soon due, overdue and lately handled cases by department; of your own departments, if you are of one."""
        now_ms = await cases.now_ms()
        return Workload(items=list(await asyncio.to_thread(cases.workload, actor, now_ms)), now_ms=now_ms)

    @router.get("/statistics")
    async def show_statistics(
        actor: CurrentActor,
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        department: str | None = None,
    ) -> Statistics:
        """How many cases there are that you may see: by state, and the open ones by severity, department and problem."""
        now_ms = await cases.now_ms()
        query = CaseQuery(area=area, department=department)
        counts = await asyncio.to_thread(cases.counts, query, actor, now_ms)
        return Statistics(**counts.model_dump(), now_ms=now_ms)

    @router.get("/policy")
    async def show_policy() -> PolicyView:
        """Terms, dispatch, trust, recovery and escalation, as this process follows them."""
        return policy_view(cases)

    return router


def policy_view(cases: CaseServices) -> PolicyView:
    """The policy as data."""
    policy = cases.policy
    rules: dict[str, list[dict[str, Any]]] = {
        name: [
            rule.model_dump(mode="json", by_alias=True, exclude_defaults=True, warnings=False)
            for rule in getattr(policy, name)
        ]
        for name in ("terms", "dispatch", "trusted", "cleared", "escalation")
    }
    return PolicyView(
        **rules,
        departments=list(policy.departments),
        opens_from=policy.opens_from.value,
        exceptions={problem: None if least is None else least.value for problem, least in policy.exceptions.items()},
        event_classes=dict(policy.event_classes),
        grades={area: grade.value for area, grade in policy.graded.items()},
        timezone=policy.calendar.zone.key,
        holidays=[day.isoformat() for day in sorted(policy.calendar.holidays)],
    )
