"""The cases behind the web's tests: a real store, the shipped policy, and people."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry

from cases.attachments import AttachmentStore
from cases.deadlines import CityTimes
from cases.desk.backlog import desk_backlog
from cases.policy import load_policy
from cases.service.services import CaseServices
from cases.storage import CaseStore
from device_registry.storage.database import open_engine
from domain.actors import Actor, Role
from tests.web.city import NOON_MS, City
from urbansense.wiring.shared_database import SharedDatabase
from web.gate.access import LOCAL
from web.gate.callers import current_actor
from web.ports import Services
from web.serving.app import create_app

COVER = {
    "source": "hotline",
    "problem": "cover-open",
    "title": {"en": "Cover open", "zh": "井盖开启"},
    "severity": "critical",
    "area": "320582/110/152/102",
    "lon": 120.55,
    "lat": 31.87,
    "address": "7 Renmin Road",
    "occurred_at_ms": NOON_MS - 60_000,
}
"""A report that must be verified."""
SEEN = {**COVER, "source": "inspector"}
"""The same, by one who stood before it."""

OPERATOR = Actor("olga", frozenset({Role.OPERATOR}))
DISPATCHER = Actor("dima", frozenset({Role.DISPATCHER}))
DRAINAGE = Actor("dora", frozenset({Role.DEPARTMENT}), frozenset({"drainage"}))
LIGHTING = Actor("lars", frozenset({Role.DEPARTMENT}), frozenset({"lighting"}))
ELSEWHERE = Actor("eva", frozenset({Role.OPERATOR}), areas=("320582/999",))
VIEWER = Actor("vera", frozenset({Role.VIEWER}))


@dataclass
class Desk:
    """The cases of one test, by a clock set by hand, and who asks."""

    city: City
    services: CaseServices
    folder: Path
    now_ms: int = NOON_MS
    actor: Actor = LOCAL.actor

    def app(self) -> FastAPI:
        services: Services = replace(self.city.services(), cases=self.services)
        app = create_app(services, registry=CollectorRegistry())
        app.dependency_overrides[current_actor] = self._asker()
        return app

    def _asker(self) -> Callable[[Request], Actor]:
        def asker(request: Request) -> Actor:
            return self.actor

        return asker


def open_desk(city: City, folder: Path, database_url: str) -> Desk:
    policy = load_policy()
    times = CityTimes(policy.calendar)
    book = CaseStore(SharedDatabase(open_engine(database_url)), times)

    async def now_ms() -> int:
        return desk.now_ms

    photos, log, topics = AttachmentStore(folder / "attachments"), city.parts.log, city.parts.topics
    services = CaseServices(book, policy, times, photos, now_ms, lambda: desk_backlog(log, topics, book))
    desk = Desk(city, services, folder)
    return desk


def client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")
