"""The web application: the API, its documentation, and the operator console on one FastAPI app."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import REGISTRY, CollectorRegistry
from starlette.responses import HTMLResponse
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from accounts.credentials.attempt_limits import AttemptBounds
from accounts.service.services import AccountServices
from web.api.accounts.audit import audit_routes
from web.api.accounts.people import people_routes
from web.api.cases.appraisal import appraisal_routes
from web.api.cases.attachments import attachment_routes
from web.api.cases.overview import overview_routes
from web.api.cases.routes import case_routes
from web.api.devices.areas import area_routes
from web.api.devices.credentials import credential_routes
from web.api.devices.files import device_file_routes
from web.api.devices.pending import pending_routes
from web.api.devices.profiles import profile_routes
from web.api.devices.routes import device_routes
from web.api.events.routes import event_routes
from web.api.events.stream import stream_routes
from web.api.notifications.routes import notification_routes
from web.api.operations.health import health_routes
from web.api.operations.ledger import ledger_routes
from web.api.operations.readiness import ReadinessWatch
from web.api.operations.rejected import rejected_routes
from web.api.rules.calendars import calendar_routes
from web.api.rules.history import rule_history_routes
from web.api.rules.routes import rule_routes
from web.api.rules.silences import silence_routes
from web.api.telemetry.routes import telemetry_routes
from web.gate.access import UNKNOWN, Gate
from web.gate.hosts import LOOPBACK_HOSTS, AllowedHosts
from web.http.body_limits import BoundedBodies
from web.http.page_headers import HardenedApp, console_policy, own_page
from web.http.problems import MEDIA_TYPE, Problem, install_problem_handlers, not_found
from web.http.text_limits import refuse_unstorable
from web.live.city_snapshot import CitySnapshots
from web.login.authentication import PasswordAuthentication
from web.login.oidc import oidc_routes
from web.login.password import login_page_routes, login_routes
from web.ports import Services
from web.serving.api_docs import render_docs
from web.standards.ngsi_ld.routes import ngsi_ld_routes
from web.standards.sta.routes import sta_routes

WRITE_FAILURES_S = 10.0
DESCRIPTION = "City telemetry in, city-component events out. Times are epoch milliseconds, UTC; units are UCUM."


def create_app(
    services: Services,
    *,
    version: str = "0.1.0",
    zone: ZoneInfo | None = None,
    tiles_url: str | None = None,
    allowed_hosts: Sequence[str] = LOOPBACK_HOSTS,
    registry: CollectorRegistry = REGISTRY,
    attempts: AttemptBounds | None = None,
) -> FastAPI:
    """The app to serve. With `zone` it carries the console at `/`, whose times are of that zone.

    The console is NiceGUI's, which knows one app a process: give `zone` once. `tiles_url` is a Leaflet template of map
    tiles; without one the map draws only what urbansense knows, and no browser asks anything of another host.
    Requests under a host name that is not in `allowed_hosts` are refused, so that no foreign page can rebind its name
    to this listener. `attempts` bounds guesses of passwords.
    """
    closing = asyncio.Event()
    accounts = services.accounts
    authentication = PasswordAuthentication(accounts, attempts)
    app = HardenedApp(
        title="urbansense",
        version=version,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=partial(_writing_failures, authentication),
        responses={"default": {"description": "A problem document (RFC 9457).", "model": Problem}},
    )
    app.state.closing = closing
    app.state.readiness = readiness = ReadinessWatch(services.checks)
    install_problem_handlers(app)
    snapshots = CitySnapshots(
        services.registry.directory, services.store, services.store, services.ledger, services.live, time.monotonic
    )
    _add_api(app, _api_routes(services, snapshots, closing))
    app.include_router(health_routes(services, readiness, registry))
    _add_accounts(app, accounts, authentication)
    app.include_router(sta_routes(services.registry, services.store))
    _add_docs(app)
    app.router.routes.append(Route("/api/{path:path}", _UnknownApiPaths(app), name=UNKNOWN, include_in_schema=False))
    if zone is not None:
        from web.console.mounting import mount_console
        from web.console.shell.page import ConsoleContext

        mount_console(app, ConsoleContext(services, snapshots, zone, tiles_url))
        app.pages = console_policy(tiles_url)
    app.add_middleware(BoundedBodies)
    app.add_middleware(Gate, routes=app.router.routes, accounts=accounts)
    app.add_middleware(AllowedHosts, hosts=allowed_hosts)
    return app


def create_people_app(accounts: AccountServices) -> FastAPI:
    """Only what is about people, for a command that works where nothing runs."""
    app = HardenedApp(title="urbansense people", openapi_url=None, docs_url=None, redoc_url=None)
    install_problem_handlers(app)
    _add_accounts(app, accounts, PasswordAuthentication(accounts))
    app.add_middleware(BoundedBodies)
    app.add_middleware(Gate, routes=app.router.routes, accounts=accounts)
    return app


@asynccontextmanager
async def _writing_failures(authentication: PasswordAuthentication, _: FastAPI) -> AsyncIterator[None]:
    """As long as the app is served: what was refused is written into the audit log, the counts of the last hour too."""

    async def write() -> None:
        while True:
            await asyncio.sleep(WRITE_FAILURES_S)
            await authentication.write_failures()

    writing = asyncio.create_task(write(), name="login failures")
    try:
        yield
    finally:
        writing.cancel()
        await authentication.write_failures(everything=True)


def _add_accounts(app: FastAPI, accounts: AccountServices, authentication: PasswordAuthentication) -> None:
    routes = [login_routes(accounts, authentication), people_routes(accounts, authentication), audit_routes(accounts)]
    if accounts.provider is not None:
        routes.append(oidc_routes(accounts, accounts.provider))
    _add_api(app, routes)
    app.include_router(login_page_routes(accounts, authentication))


def _add_api(app: FastAPI, routes: Iterable[APIRouter]) -> None:
    for router in routes:
        app.include_router(router, prefix="/api/v1", dependencies=[Depends(refuse_unstorable)])


def _api_routes(services: Services, snapshots: CitySnapshots, closing: asyncio.Event) -> tuple[APIRouter, ...]:
    """A new route gets one line here. The first that matches answers: the files stand before the devices."""
    registry, rules, cases, store = services.registry, services.rules, services.cases, services.store
    return (
        device_file_routes(registry.files),
        device_routes(registry, store, services.live),
        telemetry_routes(registry.directory, store),
        event_routes(store, rules.shadow),
        rule_routes(rules.rules),
        rejected_routes(services.rejected),
        ledger_routes(services.ledger),
        ngsi_ld_routes(registry.directory, store),
        stream_routes(services.live, snapshots, closing),
        rule_history_routes(rules.history, store),
        calendar_routes(rules.rules),
        silence_routes(rules.silences),
        overview_routes(cases),
        case_routes(cases),
        attachment_routes(cases),
        appraisal_routes(cases),
        notification_routes(cases),
        area_routes(registry.records),
        profile_routes(registry.records),
        pending_routes(registry),
        credential_routes(registry),
    )


def _add_docs(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        """FastAPI files every model under the route's own media type; problem documents have theirs."""
        document = generate()
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            operation["responses"]["default"]["content"] = {
                MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}
            }
        return document

    app.openapi = openapi  # type: ignore[method-assign]

    @app.get("/api/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return own_page(render_docs(app.openapi()))


class _UnknownApiPaths:
    """Answers unknown paths (404) and methods (405) below `/api`, before the console's mount at `/` takes them."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for route in self._app.router.routes:
            match, inner = route.matches(scope)
            if match is Match.PARTIAL:
                scope.update(inner)
                return await route.handle(scope, receive, send)
        raise not_found(f"the path {scope['path']}")
