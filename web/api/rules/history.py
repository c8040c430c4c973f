"""`/api/v1/rules/{name}/backtest` and `/why-not`, `/api/v1/events/{id}/explain`: rules and the past."""

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import orjson
import structlog
from fastapi import APIRouter, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.responses import StreamingResponse

from domain.errors import UrbansenseError
from rules.backtest import BacktestPlan, BacktestProgress, BacktestResult
from rules.backtest.preparing import BacktestRequest
from rules.definitions.lifecycle import UnknownRule
from rules.explaining import Explanation, WhyNot
from rules.language.document.problems import BadRules
from rules.service.history import RuleHistoryService
from timeseries.ports import EventStore
from web.http.parameters import parse_time_ms
from web.http.problems import Fault, Refused, not_found

_log = structlog.get_logger()
NDJSON = "application/x-ndjson"
_PROGRESS_EVERY_S = 0.2

Instant = Annotated[int, BeforeValidator(parse_time_ms)]
At = Annotated[
    int | None,
    BeforeValidator(parse_time_ms),
    WithJsonSchema({"type": "string"}),
    Query(description="RFC 3339 with an offset, or epoch milliseconds; the clock of the data without it."),
]


class BacktestBody(BaseModel):
    """What to try. Times: RFC 3339 with an offset, or epoch ms; counted are events opened in [from, to).

    Without a `document` (rules as YAML, one of them the rule of the path) the version `version` is tried, or the one in
    force. `against` is a version number, `in-force`, or another document.
    """

    model_config = ConfigDict(extra="forbid")

    from_ms: Instant = Field(alias="from")
    to_ms: Instant = Field(alias="to")
    document: str | None = None
    version: int | None = None
    against: str | None = None
    raise_missing: bool = Field(default=False, alias="raise")


class BacktestLine(BaseModel):
    """One line of the answer: how far it is (between 0 and 1), and last of all the result or what went wrong."""

    share: float | None = None
    reports: int | None = None
    result: BacktestResult | None = None
    problem: str | None = None


def rule_history_routes(history: RuleHistoryService, events: EventStore) -> APIRouter:
    router = APIRouter(tags=["rules"])

    @router.get("/events/{event_id}/explain", tags=["events"])
    async def explain(event_id: UUID) -> Explanation:
        """Why the event was raised: the condition with the numbers put in, the readings of the run, what changed."""
        event = await events.fetch_event(str(event_id))
        if event is None:
            raise not_found(f"event {event_id}")
        try:
            return await history.explain(event)
        except UnknownRule as error:
            raise not_found(str(error)) from error

    @router.get("/rules/{name}/why-not")
    async def why_not(name: str, device: str, at: At = None) -> WhyNot:
        """Why no event of the rule is open for the device at that instant; what decides stands first."""
        try:
            return await history.why_not(name, device, at)
        except UnknownRule as error:
            raise not_found(str(error)) from error

    @router.post(
        "/rules/{name}/backtest",
        response_class=StreamingResponse,
        responses={200: {"description": "One JSON object a line.", "content": {NDJSON: {"schema": _line_schema()}}}},
    )
    async def backtest(name: str, body: BacktestBody) -> StreamingResponse:
        """Try a rule over stored history. Each line is a `BacktestLine`; closing the connection ends the work.

        With `raise` the events that the live run missed are raised, marked historical; only for the rule in force.
        """
        request = BacktestRequest(
            name, body.from_ms, body.to_ms, body.document, body.version, body.against, body.raise_missing
        )
        plan = await _prepared(history, request)
        return StreamingResponse(_lines(history, request, plan), media_type=NDJSON)

    return router


async def _prepared(history: RuleHistoryService, request: BacktestRequest) -> BacktestPlan:
    try:
        return await history.prepare(request)
    except UnknownRule as error:
        raise not_found(str(error)) from error
    except BadRules as bad:
        faults = [Fault(where=f"{p.file}, line {p.line}, column {p.column}", detail=p.message) for p in bad.found]
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "refused-rule", "the rules cannot be tried", faults) from bad
    except ValueError as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", str(error)) from error


async def _lines(history: RuleHistoryService, request: BacktestRequest, plan: BacktestPlan) -> AsyncIterator[bytes]:
    """The answer line by line; when nobody listens any more, this is closed and the work cancelled."""
    reached: list[BacktestProgress] = []
    work = asyncio.create_task(history.backtest(request, plan, lambda progress: reached.append(progress)))
    try:
        while not work.done():
            await asyncio.wait([work], timeout=_PROGRESS_EVERY_S)
            if reached and not work.done():
                yield _line({"share": round(reached[-1].share, 4), "reports": reached[-1].reports})
                reached.clear()
        yield _ending(work)
    finally:
        work.cancel()


def _ending(work: "asyncio.Task[BacktestResult]") -> bytes:
    try:
        return _line({"result": work.result().model_dump(mode="json")})
    except UrbansenseError as error:
        return _line({"problem": str(error)})
    except Exception:
        _log.exception("a backtest failed")
        return _line({"problem": "urbansense failed to run this; its log says why"})


def _line(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)


def _line_schema() -> dict[str, Any]:
    return {"type": "object", "description": (BacktestLine.__doc__ or "").strip()}
