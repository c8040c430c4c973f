"""The web application: the API, its documentation, and the operator console on one FastAPI app."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI
from prometheus_client import REGISTRY, CollectorRegistry
from starlette.responses import HTMLResponse
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from web.access import UNKNOWN, Gate
from web.appraisal import appraisal_routes
from web.areas import area_routes
from web.attachments import attachment_routes
from web.board import Board
from web.calendars import calendar_routes
from web.cases import case_routes
from web.cases_overview import overview_routes
from web.credentials import credential_routes
from web.devices import device_routes
from web.devices_files import device_file_routes
from web.docs_page import render_docs
from web.events import event_routes
from web.health import health_routes
from web.hosts import LOOPBACK_HOSTS, AllowedHosts
from web.ledger import ledger_routes
from web.login import PasswordDoor, login_page_routes, login_routes
from web.login_oidc import oidc_routes
from web.ngsi_ld.routes import ngsi_ld_routes
from web.notifications import notification_routes
from web.pending import pending_routes
from web.people import people_routes
from web.people_audit import audit_routes
from web.people_ports import PeopleServices
from web.ports import Services
from web.problems import MEDIA_TYPE, Problem, install_problem_handlers, not_found
from web.profiles import profile_routes
from web.rejected import rejected_routes
from web.rules import rule_routes
from web.rules_history import rule_history_routes
from web.silences import silence_routes
from web.sta.routes import sta_routes
from web.storable import refuse_unstorable
from web.stream import stream_routes
from web.telemetry import telemetry_routes

DESCRIPTION = "City telemetry in, city-component events out. Times are epoch milliseconds, UTC; units are UCUM."


def create_app(
    services: Services,
    *,
    version: str = "0.1.0",
    zone: ZoneInfo | None = None,
    tiles_url: str | None = None,
    allowed_hosts: Sequence[str] = LOOPBACK_HOSTS,
    registry: CollectorRegistry = REGISTRY,
) -> FastAPI:
    """The app to serve. With `zone` it carries the console at `/`, whose times are of that zone.

    The console is NiceGUI's, which knows one app a process: give `zone` once. `tiles_url` is a Leaflet template of map
    tiles; without one the map draws only what urbansense knows, and no browser asks anything of another host.
    Requests under a host name that is not in `allowed_hosts` are refused, so that no foreign page can rebind its name
    to this listener.
    """
    closing = asyncio.Event()
    app = FastAPI(
        title="urbansense",
        version=version,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        responses={"default": {"description": "A problem document (RFC 9457).", "model": Problem}},
    )
    app.state.closing = closing
    install_problem_handlers(app)
    board = Board(services, time.monotonic)
    app.include_router(_api(services, board, closing))
    app.include_router(health_routes(services, registry))
    if services.people is not None:
        _add_people(app, services.people)
    if services.registry is not None and services.readings is not None:
        app.include_router(sta_routes(services))
    _add_docs(app)
    app.router.routes.append(Route("/api/{path:path}", _UnknownApiPaths(app), name=UNKNOWN, include_in_schema=False))
    if zone is not None:
        from web.console.page import mount_console

        mount_console(app, services, board, zone, tiles_url)
    app.add_middleware(Gate, routes=app.router.routes, people=services.people)
    app.add_middleware(AllowedHosts, hosts=allowed_hosts)
    return app


def create_people_app(people: PeopleServices) -> FastAPI:
    """Only what is about people, for a command that works where nothing runs."""
    app = FastAPI(title="urbansense people", openapi_url=None, docs_url=None, redoc_url=None)
    install_problem_handlers(app)
    _add_people(app, people)
    app.add_middleware(Gate, routes=app.router.routes, people=people)
    return app


def _add_people(app: FastAPI, people: PeopleServices) -> None:
    door = PasswordDoor(people)
    api = APIRouter(prefix="/api/v1", dependencies=[Depends(refuse_unstorable)])
    for router in (login_routes(people, door), people_routes(people, door), audit_routes(people)):
        api.include_router(router)
    if people.elsewhere is not None:
        api.include_router(oidc_routes(people, people.elsewhere))
    app.include_router(api)
    app.include_router(login_page_routes(people, door))


def _api(services: Services, board: Board, closing: asyncio.Event) -> APIRouter:
    api = APIRouter(prefix="/api/v1", dependencies=[Depends(refuse_unstorable)])
    if services.device_files is not None:
        api.include_router(device_file_routes(services.device_files))
    for router in (
        device_routes(services),
        telemetry_routes(services),
        event_routes(services),
        rule_routes(services),
        rejected_routes(services),
        ledger_routes(services),
        ngsi_ld_routes(services),
        stream_routes(services, board, closing),
    ):
        api.include_router(router)
    if services.rule_history is not None:
        api.include_router(rule_history_routes(services.rule_history, services.events))
    if (desk := services.rule_desk) is not None:
        api.include_router(calendar_routes(desk.calendars))
        api.include_router(silence_routes(desk.silences))
    if services.cases is not None:
        for router in (
            overview_routes(services.cases),
            case_routes(services.cases),
            attachment_routes(services.cases),
            appraisal_routes(services.cases),
            notification_routes(services.cases),
        ):
            api.include_router(router)
    if services.registry is not None:
        api.include_router(area_routes(services.registry))
        api.include_router(profile_routes(services.registry))
    if services.registry is not None and services.pending is not None:
        api.include_router(pending_routes(services.pending, services.registry))
    if services.credentials is not None:
        editor = services.registry.editor if services.registry is not None else None
        api.include_router(credential_routes(services.credentials, editor))
    return api


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
        return HTMLResponse(render_docs(app.openapi()))


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
