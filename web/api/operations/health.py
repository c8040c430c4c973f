"""`/healthz`, `/readyz`, `/metrics`: for whatever watches the process."""

import asyncio
from http import HTTPStatus

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from pydantic import BaseModel

from web.api.operations.metrics import CaseMetrics, LedgerMetrics, QuotaMetrics, RuleMetrics, render_metrics
from web.ports import ReadinessCheck, Services

_log = structlog.get_logger()

CHECK_TIMEOUT_S = 3.0


class Health(BaseModel):
    """Answering at all means that the process is alive."""

    status: str = "alive"


class Check(BaseModel):
    """One thing the process needs, and a line on what is there or missing."""

    name: str
    ready: bool
    detail: str


class Readiness(BaseModel):
    """Ready only if every check is."""

    ready: bool
    checks: list[Check]


async def run_check(name: str, check: ReadinessCheck, timeout_s: float = CHECK_TIMEOUT_S) -> Check:
    """The check's result; one that fails, or takes longer than `timeout_s`, is not ready."""
    try:
        async with asyncio.timeout(timeout_s):
            return Check(name=name, ready=True, detail=await check())
    except TimeoutError:
        return Check(name=name, ready=False, detail=f"no answer within {timeout_s:g} s")
    except Exception as error:
        _log.warning("web.not_ready", check=name, error=str(error))
        return Check(name=name, ready=False, detail=str(error) or type(error).__name__)


def health_routes(services: Services, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> Health:
        return Health()

    @router.get("/readyz", responses={503: {"model": Readiness, "description": "At least one check is not ready."}})
    async def readyz(response: Response) -> Readiness:
        """Whether log, store and registry can be used now; 503 where not."""
        checks = await asyncio.gather(*(run_check(name, check) for name, check in services.checks.items()))
        readiness = Readiness(ready=all(check.ready for check in checks), checks=list(checks))
        if not readiness.ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return readiness

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus metrics of this process, of the ledger, the rules, the cases and the quotas."""
        text = render_metrics(
            registry,
            LedgerMetrics(await services.ledger()),
            RuleMetrics(await services.rules.rules.list_rules()),
            CaseMetrics(await services.cases.backlog()),
            QuotaMetrics(await services.quotas()),
        )
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router
