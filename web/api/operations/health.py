"""`/healthz`, `/readyz`, `/metrics`: for whatever watches the process."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic

import structlog
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry
from pydantic import BaseModel

from web.api.operations.metrics import render_metrics
from web.gate.callers import CurrentCaller
from web.ports import ReadinessCheck, Services

_log = structlog.get_logger()

CHECK_TIMEOUT_S = 3.0
RECENT_S = 1.0


class Health(BaseModel):
    """Answering at all means that the process is alive."""

    status: str = "alive"


class Check(BaseModel):
    """One thing the process needs, and a line on what is there or missing."""

    name: str
    ready: bool
    detail: str


class Readiness(BaseModel):
    """Ready only if every check is. Strangers learn whether, and nothing of the checks: these are left out then."""

    ready: bool
    checks: list[Check] | None = None


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


class _Checks:
    """All checks, run anew or as they were just now, so that strangers who ask often cost log and store nothing."""

    def __init__(self, checks: Mapping[str, ReadinessCheck]) -> None:
        self._checks = checks
        self._results: list[Check] = []
        self._at_s = float("-inf")
        self._running = asyncio.Lock()

    async def fresh(self) -> list[Check]:
        self._results = list(await asyncio.gather(*(run_check(name, check) for name, check in self._checks.items())))
        self._at_s = monotonic()
        return self._results

    async def recent(self) -> list[Check]:
        """At most a second old."""
        async with self._running:
            return self._results if monotonic() - self._at_s < RECENT_S else await self.fresh()


def health_routes(services: Services, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["health"])
    shared = _Checks(services.checks)

    @router.get("/healthz")
    async def healthz() -> Health:
        return Health()

    @router.get(
        "/readyz", response_model_exclude_none=True,
        responses={503: {"model": Readiness, "description": "At least one check is not ready."}},
    )  # fmt: skip
    async def readyz(response: Response, caller: CurrentCaller) -> Readiness:
        """Whether log, store and registry can be used now; 503 where not. Check by check for who is logged in."""
        checks = await (shared.fresh() if caller.actor.roles else shared.recent())
        ready = all(check.ready for check in checks)
        if not ready:
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return Readiness(ready=ready, checks=list(checks) if caller.actor.roles else None)

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Prometheus metrics of this process, of the ledger, the rules and the cases."""
        backlog = await services.cases.backlog()
        failures = services.accounts.logins.failures.totals
        ledger, rules = await services.ledger(), await services.rules.rules.list_rules()
        text = render_metrics(ledger, rules, registry, backlog, failures)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router
