"""`/healthz`, `/readyz`, `/metrics`: for whatever watches the process."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from prometheus_client.registry import Collector
from pydantic import BaseModel

from domain.errors import TransientFault
from web.api.operations.metrics import (
    CaseMetrics,
    FileMetrics,
    LedgerMetrics,
    LoginMetrics,
    QuotaMetrics,
    RuleMetrics,
    render_metrics,
)
from web.api.operations.readiness import CHECK_TIMEOUT_S, Check, ReadinessWatch
from web.gate.callers import CurrentCaller
from web.ports import Services

_T = TypeVar("_T")


class Health(BaseModel):
    """Answering at all means that the process is alive."""

    status: str = "alive"


class Readiness(BaseModel):
    """Ready only if every check is. Strangers learn whether, and nothing of the checks: these are left out then."""

    ready: bool
    checks: list[Check] | None = None


async def answer_readiness(watch: ReadinessWatch, response: Response, *, is_insider: bool) -> Readiness:
    """What `/readyz` answers; `response` gets the status 503 where a check is not ready."""
    checks = await (watch.examine() if is_insider else watch.recent())
    ready = all(check.ready for check in checks)
    if not ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Readiness(ready=ready, checks=checks if is_insider else None)


def health_routes(services: Services, watch: ReadinessWatch, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> Health:
        return Health()

    @router.get(
        "/readyz", response_model_exclude_none=True,
        responses={503: {"model": Readiness, "description": "At least one check is not ready."}},
    )  # fmt: skip
    async def readyz(response: Response, caller: CurrentCaller) -> Readiness:
        """Whether log, store and registry can be used now; 503 where not. Check by check for who is logged in."""
        return await answer_readiness(watch, response, is_insider=bool(caller.actor.roles))

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus metrics of this process, and of ledger, rules, cases and quotas as far as these can be read now."""
        found = await asyncio.gather(
            _of(services.ledger, LedgerMetrics),
            _of(services.rules.rules.list_rules, RuleMetrics),
            _of(services.cases.backlog, CaseMetrics),
            _of(services.quotas, QuotaMetrics),
        )
        counted = (
            LoginMetrics(services.accounts.logins.failures.totals),
            FileMetrics(services.registry.files.bounds_met),
        )
        of_platform = [*counted, *(collector for collector in found if collector is not None)]
        return Response(render_metrics(registry, of_platform), media_type=CONTENT_TYPE_LATEST)

    return router


async def _of(read: Callable[[], Awaitable[_T]], collector: Callable[[_T], Collector]) -> Collector | None:
    """Its metrics; None where log, store or database do not answer now: the other metrics matter all the more then."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return collector(await read())
    except (TimeoutError, TransientFault):
        return None
