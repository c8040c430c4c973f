"""The gate: every request passes it, and is let through, sent to log in, or refused.

request ──▶ whose is it (bearer token, else session cookie) ──▶ entry of the table ──▶ the app ──▶ audit log
Without `required` login everybody is `local`, who may do everything, as long as the listener is on loopback.
"""

import asyncio
from collections.abc import Iterable, MutableMapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import structlog
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accounts import Bearer, Caller, Session, append_audit
from accounts.service.services import AccountServices
from accounts.sessions.access_changes import AccessChanges
from accounts.sessions.authentication import Credentials
from domain.actors import Actor, Role
from domain.errors import TransientFault
from web.gate.access_table import ACCESS, AccessEntry, AccessTable
from web.gate.addresses import address_of, is_forwarded_unbelieved
from web.gate.open_streams import OpenStreams
from web.gate.origins import is_foreign, is_same_origin
from web.gate.revocation import OpenAnswer, OpenAnswers
from web.gate.session_cookie import session_in
from web.gate.token_guesses import TokenGuesses
from web.http.problems import Refused, problem_response, unavailable

_log = structlog.get_logger()

LOCAL: Final = Caller(Actor("local", frozenset({Role.ADMINISTRATOR})))
"""Who acts while nobody needs to log in."""
NOBODY: Final = Caller(Actor("nobody", frozenset()), frozenset())
"""Who asks for what is open to everybody."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request at the gate."""

    scope: Scope
    connection: HTTPConnection
    method: str
    path: str
    entry: AccessEntry | None

    @property
    def is_open_ended(self) -> bool:
        """Whether the answer has no end of its own."""
        return self.scope["type"] == "websocket" or (self.entry is not None and self.entry.open_ended)

    @property
    def wants_page(self) -> bool:
        """Whether a person at a browser asked for a page, and not a program for data."""
        accepts = "text/html" in self.connection.headers.get("accept", "")
        return self.scope["type"] == "http" and self.method == "GET" and accepts and not self.path.startswith("/api/")


class Gate:
    """The middleware. `routes` are the app's own, to distinguish an unlisted route (refused) from no route at all (404)."""

    def __init__(
        self,
        app: ASGIApp,
        routes: Iterable[BaseRoute],
        accounts: AccountServices,
        table: AccessTable = ACCESS,
    ) -> None:
        self._app = app
        self._routes = routes
        self._accounts = accounts
        self._table = table
        self._noting: set[asyncio.Task[None]] = set()
        self._guesses = TokenGuesses(accounts.logins.failures)
        self._answers = OpenAnswers(AccessChanges(accounts.users.database))
        self._streams = OpenStreams()
        self._warned_of_proxy = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        asked = self._asked(scope)
        with ExitStack() as stack:
            try:
                caller = await self._admit(asked)
                if asked.is_open_ended:
                    stack.enter_context(self._streams.one_of(caller.name))
            except Refused as refused:
                await self._refuse(asked, refused, receive, send)
                return
            except TransientFault as error:
                _log.warning("web.unavailable", path=asked.path, error=str(error))
                await self._refuse(asked, unavailable(error, to_stranger=True), receive, send)
                return
            await self._answer(asked, caller, receive, send)

    async def _answer(self, asked: _Asked, caller: Caller, receive: Receive, send: Send) -> None:
        state: MutableMapping[str, Any] = asked.scope.setdefault("state", {})
        state["caller"] = caller
        if caller is LOCAL or caller is NOBODY:
            await self._run(asked, caller, receive, send)
            return
        _sign(asked.scope, caller.name)
        self._note_use(caller)
        answer = OpenAnswer(asked.scope, lambda: self._still_admits(asked, caller), send, receive)
        self._answers.add(answer)
        try:
            await self._run(asked, caller, answer.receive, answer.send)
        except (Exception, asyncio.CancelledError):
            task = asyncio.current_task()
            if not answer.ended:
                raise
            if task is not None:
                task.uncancel()
        finally:
            self._answers.discard(answer)
        if answer.ended:
            await answer.close()

    async def _still_admits(self, asked: _Asked, caller: Caller) -> bool:
        """Whether the same request would be let through now, to do the same."""
        try:
            now = await self._admit(asked)
        except Refused:
            return False
        except TransientFault:
            return True
        return (now.actor, now.scopes) == (caller.actor, caller.scopes)

    def _asked(self, scope: Scope) -> _Asked:
        method = "GET" if scope["type"] == "websocket" else str(scope["method"])
        path, connection = str(scope["path"]), HTTPConnection(scope)
        if not self._warned_of_proxy and is_forwarded_unbelieved(connection):
            self._warned_of_proxy = True
            _log.warning(
                "a proxy that is not trusted names its callers; all of them count as one",
                proxy=address_of(connection), remedy="name it in URBANSENSE_TRUSTED_PROXIES",
            )  # fmt: skip
        return _Asked(scope, connection, method, path, self._table.find(method, path))

    async def _admit(self, asked: _Asked) -> Caller:
        """Who asks, let through. Raises: Refused; TransientFault."""
        entry, accounts = asked.entry, self._accounts
        if not accounts.required:
            _check_own_page(asked)
            self._check_listed(asked)
            return LOCAL
        credentials = _credentials(asked.connection)
        if not isinstance(credentials, Bearer):
            _check_own_page(asked, cookie=credentials is not None)
        if entry is not None and (entry.public or (entry.loopback and _from_here(asked))):
            return NOBODY
        if entry is not None and entry.optional:
            with suppress(Refused, TransientFault):
                caller = await self._caller_of(asked, credentials)
                return caller if caller is not None and _why_not(entry, caller) is None else NOBODY
            return NOBODY
        caller = await self._caller_of(asked, credentials)
        if caller is None:
            raise Refused(HTTPStatus.UNAUTHORIZED, "unauthorised", "log in, or send a token that holds")
        self._check_listed(asked)
        detail = _why_not(entry, caller) if entry is not None else None
        if detail is not None:
            raise Refused(HTTPStatus.FORBIDDEN, "not-allowed", detail)
        return caller

    async def _caller_of(self, asked: _Asked, credentials: Credentials | None) -> Caller | None:
        """Who the credentials stand for. Raises: Refused (429) where an address sent too many tokens that do not hold."""
        authenticator, now_ms = self._accounts.authenticator, self._accounts.now_ms()
        address = address_of(asked.connection)
        match credentials:
            case None:
                return None
            case Session():
                return await asyncio.to_thread(authenticator.caller_of, credentials, now_ms)
            case Bearer(text):
                self._guesses.check(address, text, now_ms)
                caller = await asyncio.to_thread(authenticator.caller_of, credentials, now_ms)
                self._guesses.note(address, text, now_ms, held=caller is not None)
                return caller

    def _check_listed(self, asked: _Asked) -> None:
        if asked.entry is None and _is_served(self._routes, {**asked.scope, "method": asked.method}):
            detail = f"{asked.method} {asked.path} is in no line of the access table (web/gate/access_table.py)"
            raise Refused(HTTPStatus.FORBIDDEN, "not-listed", detail)

    async def _run(self, asked: _Asked, caller: Caller, receive: Receive, send: Send) -> None:
        status = 0

        async def listening(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self._app(asked.scope, receive, listening)
        finally:
            if asked.entry is not None and asked.entry.audited:
                await self._record(asked.entry, asked, caller, status or int(HTTPStatus.INTERNAL_SERVER_ERROR))

    async def _record(self, entry: AccessEntry, asked: _Asked, caller: Caller, status: int) -> None:
        """Write down who asked for what, and what became of it; never the body, nor the query."""
        accounts = self._accounts
        action = f"{entry.method} {entry.path}"[:64]
        details: dict[str, Any] = {"status": status}
        claimed = asked.connection.headers.get("x-author")
        if caller is LOCAL and claimed:
            details["author"] = claimed[:100]

        def write() -> None:
            with accounts.users.database.writing() as connection:
                append_audit(connection, accounts.now_ms(), caller.name, action, asked.path[:400], details)

        try:
            await asyncio.to_thread(write)
        except TransientFault as error:
            _log.error("web.audit_missing", actor=caller.name, action=action, subject=asked.path, error=str(error))

    def _note_use(self, caller: Caller) -> None:
        """In a task of its own: no answer waits for another writer of the database."""
        if caller.unnoted is None:
            return
        accounts, now_ms = self._accounts, self._accounts.now_ms()

        async def note() -> None:
            try:
                await asyncio.to_thread(accounts.authenticator.note_use, caller, now_ms)
            except TransientFault as error:
                _log.warning("web.use_not_noted", actor=caller.name, error=str(error))

        task = asyncio.create_task(note())
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _refuse(self, asked: _Asked, refused: Refused, receive: Receive, send: Send) -> None:
        if asked.scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        request = Request(asked.scope)
        response: Response
        if refused.status is HTTPStatus.UNAUTHORIZED and asked.wants_page:
            query = asked.scope.get("query_string", b"").decode("latin-1")
            back = asked.path + (f"?{query}" if query else "")
            response = RedirectResponse(f"/login?next={quote(back, safe='')}", HTTPStatus.SEE_OTHER)
        else:
            if refused.status is HTTPStatus.UNAUTHORIZED:
                refused.headers["WWW-Authenticate"] = "Bearer"
            response = problem_response(request, refused)
        return await response(asked.scope, receive, send)


def _credentials(connection: HTTPConnection) -> Credentials | None:
    """What the request brought: a bearer token, and only without one the session's cookie."""
    written = connection.headers.get("authorization")
    if written is not None:
        scheme, _, text = written.partition(" ")
        return Bearer(text.strip() if scheme.lower() == "bearer" else "")
    secret = session_in(connection)
    return Session(secret) if secret is not None else None


def _check_own_page(asked: _Asked, *, cookie: bool = False) -> None:
    """Raises: Refused where a page of another site makes a browser ask, and it would change something or listen in."""
    changes = asked.method not in _SAFE
    if not changes and asked.scope["type"] != "websocket":
        return
    own = is_same_origin(asked.connection) if cookie and changes else not is_foreign(asked.connection)
    if not own:
        detail = "a change by cookie must come from a page of this very site; programs send a token instead"
        raise Refused(HTTPStatus.FORBIDDEN, "foreign-origin", detail)


def _why_not(entry: AccessEntry, caller: Caller) -> str | None:
    """Why the caller may not ask for that; None where they may."""
    if not entry.roles & caller.actor.roles:
        return f"{entry.method} {entry.path} is for {', '.join(sorted(entry.roles))}"
    if caller.scopes is not None and not entry.scopes & caller.scopes:
        return f"{entry.method} {entry.path} needs a token with the scope {' or '.join(sorted(entry.scopes))}"
    return None


def _from_here(asked: _Asked) -> bool:
    """Whether a program on this machine asks, and no proxy on behalf of another."""
    forwarded = {"forwarded", "x-forwarded-for", "x-forwarded-host", "via"} & set(asked.connection.headers)
    return asked.connection.client is not None and asked.connection.client.host in _LOOPBACK and not forwarded


def _sign(scope: Scope, name: str) -> None:
    """Whoever logged in acts in their own name, whatever author the request claims."""
    headers = [(key, value) for key, value in scope["headers"] if key != b"x-author"]
    scope["headers"] = [*headers, (b"x-author", name.encode("ascii", "backslashreplace"))]


def _is_served(routes: Iterable[BaseRoute], scope: Scope) -> bool:
    """Whether one of the routes answers this, those of mounted apps included; catch-alls that refuse do not count."""
    for route in routes:
        match, inner = route.matches(scope)
        if match is not Match.FULL or getattr(route, "name", "") == UNKNOWN:
            continue
        if not isinstance(route, Mount) or _is_served(getattr(route.app, "routes", ()), {**scope, **inner}):
            return True
    return False


UNKNOWN: Final = "unknown"
"""The name of routes that only answer that there is nothing."""
