"""`/api/v1/appraisal`: how well the case desk works, as JSON, CSV and a page to print."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints
from starlette.responses import HTMLResponse, Response

from cases.appraisal import (
    Appraisal,
    AppraisalDocument,
    AppraisalScope,
    Dimension,
    Occasion,
    Period,
    appraise,
    csv_of,
    level_below,
    load_weights,
    month_of,
    page_of,
)
from cases.appraisal.csv_file import MEDIA_TYPE
from cases.service.services import CaseServices
from cases.service.visibility import visible_to
from cases.storage import CaseQuery
from web.gate.callers import CurrentActor
from web.http.page_headers import own_page
from web.http.parameters import From, To, refuse_empty_range
from web.http.problems import Fault, Refused
from web.http.text_limits import refuse_unstorable

_LONGEST_AREA: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """What an appraisal is asked of. Times: epoch ms."""

    from_ms: int | None
    to_ms: int | None
    by: Sequence[Dimension]
    scope: AppraisalScope


def _asked(
    actor: CurrentActor,
    from_ms: From = None,
    to_ms: To = None,
    by: Annotated[list[Dimension] | None, Query(description="Only by these; all four without it.")] = None,
    area: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=_LONGEST_AREA)] | None,
        Query(description="This area and everything below it."),
    ] = None,
    department: Annotated[list[str] | None, Query(description="Only what is of these departments.")] = None,
    area_level: Annotated[
        int | None, Query(ge=1, le=8, description="How many steps of an area's name are told apart.")
    ] = None,
) -> Asked:
    refuse_empty_range(from_ms, to_ms)
    sight = visible_to(actor, CaseQuery())
    wanted = tuple(department or ())
    if sight.departments:
        wanted = tuple(one for one in wanted or sight.departments if one in sight.departments) or ("",)
    scope = AppraisalScope(area, sight.areas, wanted, area_level or level_below(area))
    return Asked(from_ms, to_ms, tuple(dict.fromkeys(by or Dimension)), scope)


Wanted = Annotated[Asked, Depends(_asked)]


def appraisal_routes(cases: CaseServices) -> APIRouter:
    router = APIRouter(prefix="/appraisal", tags=["cases"], dependencies=[Depends(refuse_unstorable)])
    weights = load_weights()
    zone = cases.times.calendar.zone

    async def made(asked: Asked) -> tuple[Appraisal, int]:
        now_ms = await cases.now_ms()
        times = cases.times
        period = _period(asked, now_ms, month_of(min(asked.to_ms or now_ms, now_ms) - 1, times))
        return await asyncio.to_thread(appraise, cases.store.database, period, times, asked.scope, asked.by), now_ms

    @router.get("")
    async def show_appraisal(asked: Wanted) -> AppraisalDocument:
        """Filing, dispatch, handling, closing and rework in a period; the month so far without `from` and `to`.

        Whoever is only of a department sees what is theirs. What each figure means: docs/cases/appraisal.md.
        """
        appraisal, _ = await made(asked)
        return await asyncio.to_thread(AppraisalDocument.of, appraisal, weights)

    @router.get(".csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    async def export_appraisal(asked: Wanted) -> Response:
        """The same as a CSV file for spreadsheets: the whole, then a row for each part."""
        appraisal, _ = await made(asked)
        headers = {"Content-Disposition": 'attachment; filename="appraisal.csv"'}
        return Response(csv_of(appraisal, weights, zone), media_type=MEDIA_TYPE, headers=headers)

    @router.get(".html", response_class=HTMLResponse)
    async def print_appraisal(asked: Wanted) -> HTMLResponse:
        """The same as a page to print on A4, with charts; it needs no other file."""
        appraisal, now_ms = await made(asked)
        page = await asyncio.to_thread(page_of, appraisal, Occasion(now_ms, zone, weights))
        return own_page(page)

    return router


def _period(asked: Asked, now_ms: int, month_ms: int) -> Period:
    """The period asked for, as far as it is over. Raises: Refused (422) where nothing of it is."""
    period = Period(month_ms if asked.from_ms is None else asked.from_ms, min(asked.to_ms or now_ms, now_ms))
    if period.from_ms >= period.to_ms:
        detail = "the period has not begun"
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, [Fault(where="from", detail=detail)])
    return period
