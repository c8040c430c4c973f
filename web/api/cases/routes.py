"""`/api/v1/cases`: reports in, cases out, and what may be done to them by whom."""

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from cases.attachments import attachments_of
from cases.deadlines import status_of_case
from cases.intake import take_automatic_steps
from cases.service.services import CaseServices
from cases.storage import CaseQuery, CaseTransaction, HistoryEntry, Order
from cases.workflow.case import Case, Source
from cases.workflow.choices import choices_for
from cases.workflow.performing import Act
from cases.workflow.refusals import NotAllowed
from cases.workflow.states import State
from domain.actors import Actor, covers
from domain.events import Severity, Text
from web.api.cases.bodies import (
    LATEST_MS,
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
from web.api.cases.visibility import VOUCHING, in_sight, sees
from web.gate.callers import CurrentActor
from web.http.headers import IfMatch, etag, expected_version
from web.http.parameters import Cursor, From, Limit, To, parse_time_ms, refuse_cursor, refuse_empty_range
from web.http.problems import not_found
from web.http.text_limits import is_storable

_T = TypeVar("_T")
TAG: Final = "cases"
JSON: Final = "application/json"


def _storable_key(key: str | None) -> str | None:
    if key is not None and not (is_storable(key) and key.strip()):
        raise ValueError("a key is printable text")
    return key


def _within_time(at_ms: int | None) -> int | None:
    if at_ms is not None and not 0 <= at_ms <= LATEST_MS:
        raise ValueError("write an instant between 1970 and 9999")
    return at_ms


IdempotencyKey = Annotated[
    str | None,
    AfterValidator(_storable_key),
    Header(max_length=200, description="The same report under the same key makes one case, however often it is sent."),
]
DueBefore = Annotated[
    int | None,
    BeforeValidator(parse_time_ms),
    AfterValidator(_within_time),
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
        from_ms: Annotated[From, AfterValidator(_within_time)] = None,
        to_ms: Annotated[To, AfterValidator(_within_time)] = None,
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
        return Response(await _in_thread(_listing, cases, in_sight(query, actor), now_ms, total), media_type=JSON)

    @router.post(
        "", status_code=HTTPStatus.CREATED, responses={200: {"model": CaseDetail, "description": "It is known."}}
    )
    async def report_case(
        report: NewReport, actor: CurrentActor, response: Response, idempotency_key: IdempotencyKey = None
    ) -> CaseDetail:
        """Report a problem. 201 with the new case; 200 with the case that the same report under this key became."""
        now_ms = await cases.now_ms()
        with refusals():
            case_id, created = await _in_thread(_report, cases, report, actor, now_ms, idempotency_key)
        response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
        detail = await _in_thread(_detail, cases, case_id, now_ms)
        response.headers.update({"Location": f"/api/v1/cases/{case_id}", "ETag": etag(detail.revision)})
        return detail

    @router.get("/{case}")
    async def get_case(case: str, actor: CurrentActor, response: Response) -> CaseDetail:
        """One case, by its id or number, with its history and photos. Its `ETag` is its revision."""
        known = await _in_thread(seen_case, cases, case, actor)
        detail = await _in_thread(_detail, cases, known.case_id, await cases.now_ms())
        response.headers["ETag"] = etag(detail.revision)
        return detail

    @router.get("/{case}/transitions")
    async def list_transitions(case: str, actor: CurrentActor, response: Response) -> Choices:
        """What you may do to the case now, and what each step needs."""
        known = await _in_thread(seen_case, cases, case, actor)
        response.headers["ETag"] = etag(known.revision)
        return choices_of(cases, known, actor)

    @router.post("/{case}/transitions")
    async def do_transition(
        case: str, new: NewTransition, actor: CurrentActor, response: Response, if_match: IfMatch = None
    ) -> ListedCase:
        """Do one step. With `If-Match` it is refused (412) where somebody else was first, and told what happened."""
        now_ms = await cases.now_ms()
        with refusals():
            after = await _in_thread(_act, cases, case, new, actor, now_ms, expected_version(if_match))
        response.headers["ETag"] = etag(after.revision)
        return listed(after, now_ms, cases)

    return router


def listed(case: Case, now_ms: int, cases: CaseServices) -> ListedCase:
    """The case with how its deadline stands."""
    return ListedCase.model_construct(None, **case.__dict__, deadline_status=status_of_case(case, now_ms, cases.times))


def seen_case(cases: CaseServices, name: str, actor: Actor) -> Case:
    """The case of that id or number. Raises: Refused (404) where there is none that the actor may see."""
    case = cases.book.get(name.lower())
    if case is None or not sees(actor, case):
        raise not_found(f"case {name!r}")
    return case


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


def act_on(
    book: CaseTransaction, name: str, new: NewTransition, actor: Actor, now_ms: int, expected: int | None
) -> Case:
    """The case after the step, for one who may see it. Raises: Refused (404); the book's and the workflow's refusals."""
    case = book.get(name.lower())
    if case is None or not sees(actor, case):
        raise not_found(f"case {name!r}")
    return book.act(case.case_id, _act_of(book, new, actor, now_ms), expected)


def _act_of(book: CaseTransaction, new: NewTransition, actor: Actor, now_ms: int) -> Act:
    into: UUID | None = None
    if new.into is not None:
        target = book.get(new.into.lower())
        if target is None or not sees(actor, target):
            raise not_found(f"case {new.into!r}")
        into = target.case_id
    return Act(
        new.transition, actor, now_ms, note=new.note.strip(), department=new.department, term=new.term, more=new.more,
        into=into,
    )  # fmt: skip


def _act(cases: CaseServices, name: str, new: NewTransition, actor: Actor, now_ms: int, expected: int | None) -> Case:
    with cases.book.transaction() as transaction:
        return act_on(transaction, name, new, actor, now_ms, expected)


def _report(cases: CaseServices, new: NewReport, actor: Actor, now_ms: int, key: str | None) -> tuple[UUID, bool]:
    policy = cases.policy
    if not covers(actor, new.area):
        raise NotAllowed(f"{new.area} is not in the area of {actor.name}")
    class_code = policy.class_of(new.problem, new.component_code)
    trusted = policy.is_trusted(new.source, new.problem) and bool(actor.roles & VOUCHING)
    report = new.report(now_ms, class_code, trusted)
    with cases.book.transaction() as transaction:
        case, created = transaction.report(report, actor, now_ms, key=key, fingerprint=new.fingerprint)
        if created:
            take_automatic_steps(transaction, case, policy, now_ms)
    return case.case_id, created


def _listing(cases: CaseServices, query: CaseQuery, now_ms: int, total: bool) -> bytes:
    """A whole page as JSON, made here in the thread: pages are long, and the loop has others to serve."""
    try:
        page = cases.book.find(query)
    except ValueError as error:
        raise refuse_cursor(error) from error
    items = [listed(case, now_ms, cases) for case in page.items]
    count = cases.book.count(query) if total else None
    return (
        CaseListing.model_construct(items=items, next=page.next, now_ms=now_ms, total=count).model_dump_json().encode()
    )


def _detail(cases: CaseServices, case_id: UUID, now_ms: int) -> CaseDetail:
    """The case as its history ends, so that case and history are of one instant."""
    history = cases.book.history(case_id)
    with cases.book.database.reading() as connection:
        photos = attachments_of(connection, case_id)
    case = history[-1].case
    return CaseDetail(
        **case.__dict__,
        deadline_status=status_of_case(case, now_ms, cases.times),
        history=_steps(history),
        attachments=list(photos),
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


async def _in_thread(work: Callable[..., _T], *arguments: Any) -> _T:
    return await asyncio.to_thread(work, *arguments)
