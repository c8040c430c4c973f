"""The city with people: services with quick hashes, a hand clock, and clients who log in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from accounts import Authenticator, Department, LoginSessions, NewUser, Scope, TokenService, UserService
from accounts.audit.log import AuditEntry, read_audit
from accounts.credentials.passwords import Passwords
from accounts.service.services import AccountServices, ProviderLogin
from domain.actors import Role
from domain.events import Text
from tests.accounts.conftest import PASSWORD, QUICK, TERMS, counted_random
from tests.web.city import City
from urbansense.wiring.shared_database import SharedDatabase
from web.serving.app import create_app

SITE = "http://127.0.0.1:8080"
ROLES = {
    "ada": Role.ADMINISTRATOR,
    "oleg": Role.OPERATOR,
    "dima": Role.DISPATCHER,
    "lena": Role.DEPARTMENT,
    "vera": Role.VIEWER,
}


@dataclass
class PeopleCity:
    """`now_ms` is the clock of everybody; each of `ROLES` has `PASSWORD`."""

    city: City
    now_ms: int = 1_000_000
    required: bool = True
    provider: ProviderLogin | None = None
    public_url: str | None = None
    database: SharedDatabase = field(init=False)
    people: AccountServices = field(init=False)

    def __post_init__(self) -> None:
        random = counted_random()
        self.database = SharedDatabase(self.city.parts.registry.engine)
        users = UserService(self.database)
        logins = LoginSessions(self.database, random, Passwords(random, QUICK), TERMS)
        self.people = AccountServices(
            users=users,
            logins=logins,
            tokens=TokenService(self.database, random),
            authenticator=Authenticator(self.database, TERMS),
            required=self.required,
            now_ms=lambda: self.now_ms,
            random=random,
        )
        users.put_department(Department(name="lighting", title=Text(en="Lighting", zh="照明")), by="setup", at_ms=1)
        for name, role in ROLES.items():
            departments = frozenset({"lighting"}) if role is Role.DEPARTMENT else frozenset()
            users.add_user(
                NewUser(username=name, roles=frozenset({role}), departments=departments), by="setup", at_ms=1
            )
            logins.set_password(name, PASSWORD, by="setup", at_ms=1)

    def app(self) -> FastAPI:
        people = replace(self.people, required=self.required, provider=self.provider, public_url=self.public_url)
        return create_app(replace(self.city.services(), accounts=people), registry=CollectorRegistry())

    def token(self, username: str, *scopes: Scope) -> dict[str, str]:
        """The header of a token just made."""
        made = self.people.tokens.create(username, "test", frozenset(scopes), by="setup", at_ms=self.now_ms)
        return {"authorization": f"Bearer {made.secret}"}

    def audit(self, **asked: Any) -> list[AuditEntry]:
        with self.database.reading() as connection:
            return read_audit(connection, **asked)

    @asynccontextmanager
    async def client(self, app: FastAPI | None = None, **given: Any) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app or self.app(), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=SITE, **given) as client:
            yield client

    @asynccontextmanager
    async def logged_in(self, username: str, app: FastAPI | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A browser of this site, after its login."""
        async with self.client(app, headers={"origin": SITE}) as client:
            answer = await client.post("/api/v1/login", json={"username": username, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client
