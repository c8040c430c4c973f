"""The gate: who gets through, who is refused, and that nothing stands outside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import httpx
import pytest
from starlette.routing import Route
from starlette.types import Message, Receive, Send
from starlette.types import Scope as AsgiScope

from accounts import Authenticator, LoginSessions, Scope, UserChange
from accounts.sessions.access_changes import AccessChanges
from device_registry.publication.publisher import RegistryPublisher
from domain.errors import TransientFault
from tests.web.city import City, lamp
from tests.web.http.test_problems import problem
from tests.web.people_city import ROLES, SITE, PeopleCity
from urbansense.api_client.streaming_transport import StreamingTransport
from urbansense.configuration.settings import load_settings
from urbansense.wiring.api import api_app
from urbansense.wiring.parts import open_platform_parts
from web.gate.access import Gate
from web.gate.access_table import ACCESS, AccessEntry, AccessTable
from web.gate.token_guesses import BOUNDS

WAIT_S = 10


class Sent(TypedDict):
    content: str
    headers: dict[str, str]


X, Y = (f"{{rule: {name}, kind: streetlight, when: reading.voltage > 250}}" for name in "xy")
RULE: Sent = {"content": X, "headers": {"content-type": "application/yaml"}}


async def test_without_credentials_nothing_but_what_is_open_is_answered(guarded: PeopleCity) -> None:
    async with guarded.client() as client:
        for path in ("/api/v1/devices", "/api/v1/stream", "/api/v1/me", "/sta/v1.1", "/api/v1/nothing", "/nothing"):
            answer = await client.get(path)
            assert problem(answer) == (401, "unauthorised"), path
            assert answer.headers["www-authenticate"] == "Bearer"
        for path in ("/healthz", "/readyz", "/api/openapi.json", "/api/docs", "/login"):
            assert (await client.get(path)).status_code == 200, path
        assert (await client.get("/readyz")).json() == {"ready": True}


async def test_every_listed_route_but_the_open_ones_needs_credentials(guarded: PeopleCity) -> None:
    async with guarded.client() as client:
        closed = [one for one in ACCESS.entries if not (one.public or one.loopback or one.optional)]
        assert len(closed) > 80
        for entry in closed:
            answer = await client.request(entry.method, entry.path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, entry


async def test_a_browser_that_asks_for_a_page_is_sent_to_log_in(guarded: PeopleCity) -> None:
    async with guarded.client(headers={"accept": "text/html,*/*"}) as client:
        answer = await client.get("/?lang=zh")
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F%3Flang%3Dzh")
        assert problem(await client.get("/api/v1/devices")) == (401, "unauthorised")


async def test_a_session_opens_and_its_logout_closes(guarded: PeopleCity) -> None:
    await guarded.city.put(lamp(0))
    async with guarded.logged_in("vera") as client:
        assert len((await client.get("/api/v1/devices")).json()["items"]) == 1
        assert (await client.get("/api/v1/me")).json()["roles"] == ["viewer"]
        kept = dict(client.cookies)
        assert (await client.post("/api/v1/logout")).status_code == 204
        assert "urbansense_session" not in client.cookies
        client.cookies.update(kept)
        assert (await client.get("/api/v1/devices")).status_code == 401


@pytest.mark.parametrize("name", ROLES)
async def test_roles_decide_who_may_change_what(name: str, guarded: PeopleCity) -> None:
    may_rules, may_people = name in ("ada", "oleg"), name == "ada"
    async with guarded.logged_in(name) as client:
        assert (await client.get("/api/v1/rules")).status_code == 200
        assert (await client.post("/api/v1/rules", **RULE)).status_code == (200 if may_rules else 403)
        assert (await client.get("/api/v1/people/users")).status_code == (200 if may_people else 403)
        assert (await client.get("/api/v1/audit")).status_code == (200 if may_people else 403)


async def test_who_has_no_role_gets_nothing(guarded: PeopleCity) -> None:
    async with guarded.logged_in("vera") as client:
        guarded.people.users.change_user("vera", UserChange(roles=frozenset()), by="ada", at_ms=2)
        assert problem(await client.get("/api/v1/devices")) == (403, "not-allowed")


async def test_a_token_is_bound_by_its_scopes_and_by_its_user(guarded: PeopleCity) -> None:
    reader, ruler = guarded.token("ada", Scope.READ), guarded.token("ada", Scope.RULES)
    humble = guarded.token("vera", *Scope)
    async with guarded.client() as client:
        assert (await client.get("/api/v1/rules", headers=reader)).status_code == 200
        refused = await client.post("/api/v1/rules", content=b"", headers=reader)
        assert problem(refused) == (403, "not-allowed")
        assert "scope rules" in refused.json()["detail"]
        sent = {**RULE["headers"], **ruler}
        assert (await client.post("/api/v1/rules", content=Y, headers=sent)).status_code == 200
        assert (await client.get("/api/v1/rules", headers=ruler)).status_code == 403
        assert (await client.post("/api/v1/rules", content=b"", headers=humble)).status_code == 403


@pytest.mark.parametrize("written", ["Bearer", "Bearer x", "Basic YWRhOng=", "", "Token us_1", "Bearer  "])
async def test_a_bad_authorization_is_refused_even_beside_a_good_cookie(written: str, guarded: PeopleCity) -> None:
    async with guarded.logged_in("ada") as client:
        answer = await client.get("/api/v1/devices", headers={"authorization": written})
        assert problem(answer) == (401, "unauthorised")


async def test_a_revoked_token_and_an_idle_session_are_out(guarded: PeopleCity) -> None:
    header = guarded.token("ada", Scope.READ)
    async with guarded.logged_in("ada") as client, guarded.client() as program:
        assert (await program.get("/api/v1/devices", headers=header)).status_code == 200
        guarded.people.tokens.revoke(guarded.people.tokens.list()[0].token_id, by="ada", at_ms=3)
        assert (await program.get("/api/v1/devices", headers=header)).status_code == 401
        guarded.now_ms += 999_999
        assert (await client.get("/api/v1/devices")).status_code == 200
        guarded.now_ms += 1_000_000
        assert (await client.get("/api/v1/devices")).status_code == 401


FOREIGN = [
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:9999"},
    {"origin": "null"},
    {"origin": SITE, "sec-fetch-site": "cross-site"},
    {"origin": SITE, "sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", [*FOREIGN, {"origin": ""}])
async def test_a_change_by_cookie_must_come_from_a_page_of_this_site(
    headers: dict[str, str], guarded: PeopleCity
) -> None:
    async with guarded.logged_in("ada") as client:
        refused = await client.post("/api/v1/rules", content=X, headers={**RULE["headers"], **headers})
        assert problem(refused) == (403, "foreign-origin")
        assert await guarded.city.rule_authors() == {}
        assert (await client.get("/api/v1/rules", headers=headers)).status_code == 200


async def test_a_change_by_cookie_without_an_origin_is_refused_and_by_token_done(guarded: PeopleCity) -> None:
    async with guarded.logged_in("ada") as client:
        del client.headers["origin"]
        assert problem(await client.post("/api/v1/rules", **RULE)) == (403, "foreign-origin")
        proven = {**RULE["headers"], "sec-fetch-site": "same-origin"}
        assert (await client.post("/api/v1/rules", content=X, headers=proven)).status_code == 200
        by_token = {**RULE["headers"], **guarded.token("ada", Scope.RULES)}
        assert (await client.post("/api/v1/rules", content=X, headers=by_token)).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
async def test_a_foreign_page_can_log_nobody_in(headers: dict[str, str], guarded: PeopleCity) -> None:
    async with guarded.client(headers=headers) as client:
        answer = await client.post("/api/v1/login", json={"username": "ada", "password": "correct horse battery"})
        assert problem(answer) == (403, "foreign-origin")
        assert not client.cookies


async def test_metrics_are_for_this_machine_or_a_token(guarded: PeopleCity) -> None:
    header = guarded.token("vera", Scope.READ)
    app = guarded.app()
    far = httpx.ASGITransport(app, client=("10.0.0.9", 5000))
    async with guarded.client(app) as here, httpx.AsyncClient(transport=far, base_url=SITE) as there:
        assert (await here.get("/metrics")).status_code == 200
        assert (await here.get("/metrics", headers={"x-forwarded-for": "10.0.0.9"})).status_code == 401
        assert (await there.get("/metrics")).status_code == 401
        assert (await there.get("/metrics", headers=header)).status_code == 200


async def test_who_logged_in_acts_in_their_own_name(guarded: PeopleCity) -> None:
    async with guarded.logged_in("oleg") as client:
        await client.post("/api/v1/rules", content=X, headers={**RULE["headers"], "x-author": "ada"})
    assert await guarded.city.rule_authors() == {"x": "oleg"}


async def test_a_change_is_in_the_audit_log_with_its_outcome_and_without_its_body(guarded: PeopleCity) -> None:
    async with guarded.logged_in("oleg") as client:
        await client.post("/api/v1/rules?note=hush", content=X, headers=RULE["headers"])
        await client.post("/api/v1/rules", content="secret", headers=RULE["headers"])
        await client.get("/api/v1/rules")
    bad, good, login = guarded.audit(limit=3)
    assert (good.actor, good.action, good.subject) == ("oleg", "POST /api/v1/rules", "/api/v1/rules")
    assert (good.details, bad.details) == ({"status": 200}, {"status": 422})
    assert login.action == "login"
    assert "secret" not in str([good, bad])
    assert "hush" not in str([good, bad])


async def test_without_required_login_everybody_is_local_and_may_all(city: City) -> None:
    open_city = PeopleCity(city, required=False)
    async with open_city.client() as client:
        me = (await client.get("/api/v1/me")).json()
        assert (me["username"], me["roles"], me["login_required"]) == ("local", ["administrator"], False)
        sent = {**RULE["headers"], "x-author": "wang"}
        assert (await client.post("/api/v1/rules", content=X, headers=sent)).status_code == 200
        assert problem(await client.get("/api/v1/nothing")) == (404, "not-found")
        assert problem(await client.post("/api/v1/rules", content="", headers=FOREIGN[0])) == (403, "foreign-origin")
        assert (await client.get("/login")).headers["location"] == "/"
    assert await city.rule_authors() == {"x": "wang"}
    entry = open_city.audit(limit=1)[0]
    assert (entry.actor, entry.details) == ("local", {"status": 200, "author": "wang"})


async def test_every_route_of_the_api_is_in_the_table(tmp_path: Path) -> None:
    listed = {(entry.method, entry.path) for entry in ACCESS.entries}
    provider = {"oidc_issuer": "https://login.example", "oidc_client_id": "u", "oidc_roles": "*=viewer"}
    settings = load_settings({}, data_dir=tmp_path, partitions=1, login="required", **provider)
    async with open_platform_parts(settings, asyncio.Event()) as parts:
        app = api_app(parts, RegistryPublisher(parts.registry, parts.log, parts.topics))
        document = app.openapi()["paths"]
    served = {(method.upper(), path) for path, methods in document.items() for method in methods}
    assert len(served) > 60
    assert served - listed == set(), "add a line to web/gate/access_table.py"


async def test_a_route_that_is_not_in_the_table_is_refused(guarded: PeopleCity) -> None:
    app = guarded.app()
    app.router.routes.insert(0, Route("/api/v1/forgotten", lambda request: 1 / 0, methods=["GET"]))
    async with guarded.logged_in("ada", app) as client:
        assert problem(await client.get("/api/v1/forgotten")) == (403, "not-listed")
        assert problem(await client.get("/api/v1/unheard-of")) == (404, "not-found")
        assert problem(await client.put("/api/v1/devices")) == (405, "method-not-allowed")


def test_the_more_exact_line_counts() -> None:
    table = AccessTable(
        [
            AccessEntry("GET", "/a/{rest:path}"),
            AccessEntry("GET", "/a/{b}"),
            AccessEntry("GET", "/a/b"),
            AccessEntry("POST", "/a/b"),
        ]
    )

    def path_of(method: str, path: str) -> str:
        entry = table.find(method, path)
        assert entry is not None
        return entry.path

    assert path_of("GET", "/a/b") == "/a/b"
    assert path_of("HEAD", "/a/c") == "/a/{b}"
    assert path_of("GET", "/a/c/d") == "/a/{rest:path}"
    assert table.find("GET", "/a") is None
    assert table.find("PUT", "/a/b") is None
    assert path_of("GET", "/a/b\n") == "/a/{b}"


Ending = Callable[[PeopleCity], object]


def _disable(city: PeopleCity) -> object:
    return city.people.users.change_user("vera", UserChange(active=False), by="ada", at_ms=3)


def _revoke(city: PeopleCity) -> object:
    return city.people.tokens.revoke(city.people.tokens.list()[0].token_id, by="ada", at_ms=3)


def _set_password(city: PeopleCity) -> object:
    return city.people.logins.set_password("vera", "another fine one", by="ada", at_ms=3)


def _change_roles(city: PeopleCity) -> object:
    return city.people.users.change_user("vera", UserChange(areas=("320582",)), by="ada", at_ms=3)


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("end", [_disable, _revoke, _set_password, _change_roles])
async def test_what_is_open_ends_at_once_when_its_caller_may_no_longer_have_it_or_not_as_before(
    end: Ending, kind: str, guarded: PeopleCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nothing is sent or comes; by another process too, since the audit log shows it."""
    monkeypatch.setattr("web.gate.revocation.LOOK_S", 0.01)
    header, sent = guarded.token("vera", Scope.READ), list[Message]()
    begun = asyncio.Queue[None]()

    async def waits(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        begun.put_nowait(None)
        if kind == "websocket":
            assert await receive() == {"type": "websocket.disconnect", "code": 1008}
        else:
            await asyncio.Event().wait()

    async def collect(message: Message) -> None:
        sent.append(message)

    async def silent() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {
        "type": kind, "method": "GET", "path": "/api/v1/stream", "query_string": b"", "server": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in header.items()], "scheme": "http",
    }  # fmt: skip
    gate = Gate(waits, (), replace(guarded.people, required=True))
    running = asyncio.create_task(gate({**scope}, silent, collect))
    await begun.get()
    other = asyncio.create_task(gate({**scope}, silent, collect))
    await begun.get()
    await asyncio.to_thread(end, guarded)
    async with asyncio.timeout(WAIT_S):
        await running
        await other
    closing = {"type": "websocket.close", "code": 1008} if kind == "websocket" else sent[-1]
    assert sent[-1] == closing
    assert not sent[-1].get("more_body")


async def test_what_is_open_goes_on_while_others_come_and_go(
    guarded: PeopleCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.gate.revocation.LOOK_S", 0.01)
    header = guarded.token("vera", Scope.READ)
    looked = asyncio.Event()

    async def waits(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await looked.wait()
        await send({"type": "http.response.body", "body": b"still here", "more_body": False})

    sent: list[Message] = []

    async def collect(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": "/api/v1/stream", "query_string": b"", "server": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in header.items()], "scheme": "http",
    }  # fmt: skip
    gate = Gate(waits, (), replace(guarded.people, required=True))
    looks = 0
    any_change = AccessChanges.any

    def counting(changes: AccessChanges) -> bool:
        nonlocal looks
        looks += 1
        return any_change(changes)

    monkeypatch.setattr(AccessChanges, "any", counting)
    running = asyncio.create_task(gate(scope, unread, collect))
    await asyncio.to_thread(guarded.people.users.change_user, "oleg", UserChange(active=False), by="ada", at_ms=3)
    async with asyncio.timeout(WAIT_S):
        while looks < 5:
            await asyncio.sleep(0.01)
        looked.set()
        await running
    assert sent[-1]["body"] == b"still here"


async def test_a_caller_has_only_so_many_streams(guarded: PeopleCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.gate.open_streams.OF_ONE", 2)
    vera, oleg = guarded.token("vera", Scope.READ), guarded.token("oleg", Scope.READ)
    gate: Gate
    statuses: list[int] = []
    go_on = asyncio.Event()

    async def waits(scope: AsgiScope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await go_on.wait()

    async def collect(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    def one(header: dict[str, str]) -> "asyncio.Task[None]":
        scope = {
            "type": "http", "method": "GET", "path": "/api/v1/stream", "query_string": b"", "scheme": "http",
            "server": ("127.0.0.1", 1), "headers": [(n.encode(), v.encode()) for n, v in header.items()],
        }  # fmt: skip
        return asyncio.create_task(gate(scope, unread, collect))

    gate = Gate(waits, (), replace(guarded.people, required=True))
    tasks = []
    async with asyncio.timeout(WAIT_S):
        for header, expected in (
            (vera, [200]),
            (vera, [200, 200]),
            (vera, [200, 200, 429]),
            (oleg, [200, 200, 429, 200]),
        ):
            tasks.append(one(header))
            while statuses != expected:
                await asyncio.sleep(0.01)
        go_on.set()
        await asyncio.gather(*tasks)
        tasks = [one(vera)]
        await asyncio.gather(*tasks)
    assert statuses[-1] == 200


async def test_tokens_that_do_not_hold_are_refused_unseen_after_many_and_good_ones_go_on(
    guarded: PeopleCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.gate.token_guesses._now_ms", lambda: 1_000_000)
    good, fresh = guarded.token("vera", Scope.READ), guarded.token("oleg", Scope.READ)
    app = guarded.app()
    far = httpx.ASGITransport(app, client=("10.0.0.9", 5000))
    async with guarded.client(app) as here, httpx.AsyncClient(transport=far, base_url=SITE) as there:
        assert (await here.get("/api/v1/me", headers=good)).status_code == 200
        bad = {"authorization": "Bearer us_0123456789abcdef_" + "x" * 43}
        statuses = [(await here.get("/api/v1/me", headers=bad)).status_code for _ in range(BOUNDS.failures + 10)]
        assert statuses == [401] * BOUNDS.failures + [429] * 10
        refused = await here.get("/api/v1/me", headers={"authorization": "Basic YWRhOng="})
        assert problem(refused) == (429, "too-many-failures")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await here.get("/api/v1/me", headers=good)).status_code == 200
        assert (await there.get("/api/v1/me", headers=fresh)).status_code == 200
        assert (await here.get("/readyz", headers=bad)).status_code == 200
    assert guarded.people.logins.failures.totals["bad token"] >= BOUNDS.failures
    guarded.people.logins.failures.write(guarded.now_ms)
    rows = guarded.audit(action="login-failed")
    assert {row.details["why"] for row in rows} == {"bad token", "too many failures"}
    assert len(rows) == 2


async def test_readiness_is_told_in_detail_to_who_works_here_only(guarded: PeopleCity) -> None:
    async with guarded.client() as stranger, guarded.logged_in("vera") as vera:
        assert (await stranger.get("/readyz")).json() == {"ready": True}
        bad = await stranger.get("/readyz", headers={"authorization": "Bearer x"})
        assert (bad.status_code, bad.json()) == (200, {"ready": True})
        assert (await vera.get("/readyz")).json()["checks"][0]["name"] == "store"
        token = guarded.token("vera", Scope.READ)
        assert "checks" in (await stranger.get("/readyz", headers=token)).json()
        other = guarded.token("vera", Scope.CASES_ACT)
        assert (await stranger.get("/readyz", headers=other)).json() == {"ready": True}


async def test_a_database_that_is_away_is_named_to_nobody_outside(
    guarded: PeopleCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TransientFault("no answer from postgresql://db.internal:5432")

    header = guarded.token("vera", Scope.READ)
    monkeypatch.setattr(Authenticator, "caller_of", away)
    monkeypatch.setattr(LoginSessions, "log_in", away)
    async with guarded.client() as stranger:
        at_gate = await stranger.get("/api/v1/devices", headers=header)
        assert (await stranger.get("/readyz", headers=header)).json() == {"ready": True}
        at_login = await stranger.post("/api/v1/login", json={"username": "vera", "password": "x"})
    for answer in (at_gate, at_login):
        assert problem(answer) == (503, "unavailable")
        assert "retry-after" in answer.headers
        assert "db.internal" not in answer.text


@pytest.mark.parametrize("path", ["/api/v1/login", "/login", "/api/v1/logout"])
async def test_a_stranger_sends_no_large_body(path: str, guarded: PeopleCity) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 16_384
            yield b"x" * 16_384

    headers = {"content-type": "application/json"}
    app = guarded.app()
    transport = StreamingTransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers) as stranger:
        answer = await stranger.post(path, content=endless())
    assert problem(answer) == (413, "too-large")
    assert read <= 128 * 1024


async def test_a_live_page_of_a_foreign_site_gets_no_socket(guarded: PeopleCity) -> None:
    sent: list[Message] = []

    async def collect(message: Message) -> None:
        sent.append(message)

    async def app(scope: AsgiScope, receive: Receive, send: Send) -> None:
        raise AssertionError("let through")

    session = guarded.people.logins.log_in("vera", "correct horse battery", guarded.now_ms)
    headers = [(b"cookie", f"urbansense_session={session.secret}".encode()), (b"host", b"127.0.0.1:8080")]
    scope = {"type": "websocket", "path": "/_nicegui_ws/socket.io/", "scheme": "ws", "query_string": b""}
    for origin in (b"http://evil.example", b"null"):
        await Gate(app, (), guarded.people)({**scope, "headers": [*headers, (b"origin", origin)]}, unread, collect)
    await Gate(app, (), guarded.people)({**scope, "headers": []}, unread, collect)
    assert sent == [{"type": "websocket.close", "code": 1008}] * 3
    own = [*headers, (b"origin", SITE.encode())]
    with pytest.raises(AssertionError, match="let through"):
        await Gate(app, (), guarded.people)({**scope, "headers": own}, unread, collect)


async def unread() -> Message:
    raise RuntimeError("the body was asked for")
