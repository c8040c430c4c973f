"""`/api/v1/cases`: reports in, cases out, and what may be done to them by whom."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from cases.deadlines import status_of_case
from cases.service.services import CaseServices
from cases.storage import CaseQuery, HistoryEntry, Order
from cases.workflow.case import Case, Source
from cases.workflow.choices import choices_for
from cases.workflow.performing import Act
from cases.workflow.states import State
from domain.actors import Actor
from domain.events import Severity, Text
from web.api.cases.bodies import (
    CaseDetail,
    CaseListing,
    Choice,
    Choices,
    ListedCase,
    NewReport,
    NewTransition,
    Proposal,
    Step,
)
from web.api.cases.refusals import refusals
from web.gate.callers import CurrentActor
from web.http.headers import IfMatch, etag, expected_version
from web.http.parameters import Cursor, From, Limit, To, parse_time_ms, refuse_cursor, refuse_empty_range
from web.http.text_limits import is_storable

TAG: Final = "cases"
JSON: Final = "application/json"


def _storable_key(key: str | None) -> str | None:
    if key is not None and not (is_storable(key) and key.strip()):
        raise ValueError("a key is printable text")
    return key


IdempotencyKey = Annotated[
    str | None,
    AfterValidator(_storable_key),
    Header(max_length=200, description="The same report under the same key makes one case, however often it is sent."),
]
DueBefore = Annotated[
    int | None,
    BeforeValidator(parse_time_ms),
    WithJsonSchema({"type": "string"}),
    Query(description="Due before this instant: RFC 3339 with an offset, or epoch milliseconds."),
]


def case_routes(cases: CaseServices) -> APIRouter:
    """Lists, reports, one case and its transitions."""
    router = APIRouter(prefix="/cases", tags=[TAG])

    @router.get("", response_model=CaseListing)
    async def list_cases(
        actor: CurrentActor,
        state: Annotated[list[State] | None, Query(description="One of these states; may be repeated.")] = None,
        open_: Annotated[bool | None, Query(alias="open", description="Whether somebody still has to act.")] = None,
        department: str | None = None,
        area: Annotated[str | None, Query(description="This area and everything below it.")] = None,
        severity: Severity | None = None,
        problem: str | None = None,
        source: Source | None = None,
        subject: Annotated[str | None, Query(description="The device or group that the case is about.")] = None,
        text: Annotated[
            str | None,
            Query(max_length=200, description="Part of number, problem, title, description, address or subject."),
        ] = None,
        from_ms: From = None,
        to_ms: To = None,
        overdue: Annotated[bool, Query(description="Only those whose department is late.")] = False,
        due_before: DueBefore = None,
        order: Order = Order.REPORTED,
        total: Annotated[bool, Query(description="Count all pages, too.")] = False,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Response:
        """The cases that match every filter and that you may see. `from` and `to` are about when they were reported.

        Ordered by `reported`, newest first, or by `due`, the most urgent first (those whose clock runs only).
        """
        refuse_empty_range(from_ms, to_ms)
        now_ms = await cases.now_ms()
        query = CaseQuery(
            states=tuple(state or ()), open=open_, department=department, area=area, severity=severity, problem=problem,
            source=source, subject=subject, text=text, reported_from_ms=from_ms, reported_to_ms=to_ms,
            due_before_ms=_due_before(due_before, overdue, now_ms), order=order, limit=limit, cursor=cursor,
        )  # fmt: skip
        return Response(await asyncio.to_thread(_listing, cases, query, actor, now_ms, total), media_type=JSON)

    @router.post(
        "", status_code=HTTPStatus.CREATED, responses={200: {"model": CaseDetail, "description": "It is known."}}
    )
    async def report_case(
        report: NewReport, actor: CurrentActor, response: Response, idempotency_key: IdempotencyKey = None
    ) -> CaseDetail:
        """Report a problem. 201 with the new case; 200 with the case that the same report under this key became."""
        now_ms = await cases.now_ms()
        with refusals():
            reported = await asyncio.to_thread(
                cases.report, report.report(now_ms), actor, now_ms, key=idempotency_key, fingerprint=report.fingerprint
            )
        response.status_code = HTTPStatus.CREATED if reported.created else HTTPStatus.OK
        detail = await asyncio.to_thread(_detail, cases, reported.case.case_id, now_ms)
        response.headers.update({"Location": f"/api/v1/cases/{detail.case_id}", "ETag": etag(detail.revision)})
        return detail

    @router.get("/{case}")
    async def get_case(case: str, actor: CurrentActor, response: Response) -> CaseDetail:
        """One case, by its id or number, with its history and photos. Its `ETag` is its revision."""
        with refusals():
            known = await asyncio.to_thread(cases.case, case, actor)
        detail = await asyncio.to_thread(_detail, cases, known.case_id, await cases.now_ms())
        response.headers["ETag"] = etag(detail.revision)
        return detail

    @router.get("/{case}/transitions")
    async def list_transitions(case: str, actor: CurrentActor, response: Response) -> Choices:
        """What you may do to the case now, and what each step needs."""
        with refusals():
            known = await asyncio.to_thread(cases.case, case, actor)
        response.headers["ETag"] = etag(known.revision)
        return choices_of(cases, known, actor)

    @router.post("/{case}/transitions")
    async def do_transition(
        case: str, new: NewTransition, actor: CurrentActor, response: Response, if_match: IfMatch = None
    ) -> ListedCase:
        """Do one step. With `If-Match` it is refused (412) where somebody else was first, and shown what happened."""
        now_ms = await cases.now_ms()
        with refusals():
            expected = expected_version(if_match)
            act = _act_of(new, actor, now_ms)
            after = await asyncio.to_thread(cases.act, case, act, new.into, expected)
        response.headers["ETag"] = etag(after.revision)
        return listed(after, now_ms, cases)

    return router


def listed(case: Case, now_ms: int, cases: CaseServices) -> ListedCase:
    """The case with how its deadline stands."""
    return ListedCase.model_construct(None, **case.__dict__, deadline_status=status_of_case(case, now_ms, cases.times))


def choices_of(cases: CaseServices, case: Case, actor: Actor) -> Choices:
    """What an actor may do to a case, and whom the policy would give it to."""
    offered = [
        Choice(
            transition=one.name, title=Text(en=one.title_en, zh=one.title_zh), to=one.to, needs=list(one.needs),
            by=sorted(one.by),
        )
        for one in choices_for(case, actor)
    ]  # fmt: skip
    proposals = [Proposal(department=one.department, term=one.term) for one in cases.policy.candidates(case)]
    return Choices(items=offered, revision=case.revision, proposals=proposals)


def _act_of(new: NewTransition, actor: Actor, at_ms: int) -> Act:
    return Act(
        new.transition, actor, at_ms, note=new.note.strip(), department=new.department, term=new.term, more=new.more
    )


def _listing(cases: CaseServices, query: CaseQuery, actor: Actor, now_ms: int, total: bool) -> bytes:
    """A whole page as JSON, made here in the thread: pages are long, and the loop has others to serve."""
    try:
        page = cases.find(query, actor)
    except ValueError as error:
        raise refuse_cursor(error) from error
    items = [listed(case, now_ms, cases) for case in page.items]
    count = cases.count(query, actor) if total else None
    return (
        CaseListing.model_construct(items=items, next=page.next, now_ms=now_ms, total=count).model_dump_json().encode()
    )


def _detail(cases: CaseServices, case_id: UUID, now_ms: int) -> CaseDetail:
    record = cases.record(case_id)
    return CaseDetail(
        **record.case.__dict__,
        deadline_status=status_of_case(record.case, now_ms, cases.times),
        history=_steps(record.history),
        attachments=list(record.photos),
    )


def _steps(history: Sequence[HistoryEntry]) -> list[Step]:
    return [
        Step(
            revision=entry.revision, transition=entry.transition, actor=entry.actor, at_ms=entry.at_ms, note=entry.note,
            state=entry.case.state, department=entry.case.department, details=dict(entry.details),
        )
        for entry in history
    ]  # fmt: skip


def _due_before(due_before: int | None, overdue: bool, now_ms: int) -> int | None:
    """A case is overdue from its due instant on."""
    if not overdue:
        return due_before
    return now_ms + 1 if due_before is None else min(due_before, now_ms + 1)
