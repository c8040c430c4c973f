"""Logging in at the page and by the API, over the app and over a real server; and the routes about people."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from accounts import Scope, UserChange
from tests.accounts.conftest import PASSWORD
from tests.servers.chromium import console_errors, foreign_requests, prefer_scheme, resize
from tests.web.city import City
from tests.web.http.test_problems import problem
from tests.web.people_city import SITE, PeopleCity
from web.login.password import safe_path
from web.serving.server import serve

WAIT_S = 20
FORM = {"username": " Vera ", "password": PASSWORD, "next": "/?lang=zh"}


async def test_the_form_logs_in_and_leads_to_where_one_wanted(guarded: PeopleCity) -> None:
    async with guarded.client(headers={"origin": SITE}) as browser:
        answer = await browser.post("/login", data=FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=zh")
        session, known = answer.headers.get_list("set-cookie")
        assert re.match(r"urbansense_session=[\w-]{43}; HttpOnly; Path=/; SameSite=lax$", session), session
        assert re.match(r"urbansense_known=[\w-]+; HttpOnly; Max-Age=7776000; Path=/; SameSite=strict$", known), known
        assert (await browser.get("/api/v1/me")).json()["username"] == "vera"


async def test_a_refused_login_says_so_and_keeps_what_was_written_but_the_password(guarded: PeopleCity) -> None:
    written = {**FORM, "username": 'vera"><script>', "password": "wrong-wrong"}
    async with guarded.client(headers={"accept-language": "zh-CN"}) as browser:
        answer = await browser.post("/login", data=written)
        assert (answer.status_code, "用户名或密码错误" in answer.text) == (401, True)
        assert "vera&#34;&gt;&lt;script&gt;" in answer.text
        assert "<script>" not in answer.text
        assert "wrong-wrong" not in answer.text
        assert not browser.cookies


async def test_over_https_the_cookies_are_for_https_alone(guarded: PeopleCity) -> None:
    guarded.public_url = "https://city.example"
    async with guarded.client() as browser:
        cookies = (await browser.post("/login", data=FORM)).headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["__Host-urbansense_session", "__Host-urbansense_known"]
    assert all("Secure" in cookie for cookie in cookies)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/cases?x=1", "/cases?x=1"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\nSet-Cookie: x", "/"),
        ("/login?next=/", "/"),
        ("", "/"),
        (None, "/"),
        ("/照明", "/%E7%85%A7%E6%98%8E"),
    ],
)
def test_a_login_leads_to_a_path_of_this_site_only(written: str | None, path: str) -> None:
    assert safe_path(written) == path


async def test_one_changes_the_own_password_and_is_logged_out(guarded: PeopleCity) -> None:
    async with guarded.logged_in("vera") as browser:
        wrong = {"current": "nope", "password": "another fine one"}
        assert problem(await browser.post("/api/v1/me/password", json=wrong)) == (401, "login-refused")
        right = {"current": PASSWORD, "password": "another fine one"}
        assert (await browser.post("/api/v1/me/password", json=right)).status_code == 204
        assert (await browser.get("/api/v1/me")).status_code == 401
        again = await browser.post("/api/v1/login", json={"username": "vera", "password": "another fine one"})
        assert again.status_code == 200


async def test_tokens_end_with_the_password_unless_they_are_kept_on_purpose(guarded: PeopleCity) -> None:
    app = guarded.app()
    new = {"current": PASSWORD, "password": "another fine one"}
    async with (
        guarded.client(app, headers=guarded.token("vera", Scope.PEOPLE)) as vera,
        guarded.logged_in("ada", app) as ada,
    ):
        assert (await vera.post("/api/v1/me/password", json={**new, "keep_tokens": True})).status_code == 204
        assert (await vera.get("/api/v1/me")).status_code == 200
        given = {"password": PASSWORD, "keep_tokens": True}
        assert (await ada.post("/api/v1/people/users/vera/password", json=given)).status_code == 204
        assert (await vera.get("/api/v1/me")).status_code == 200
        assert (await ada.post("/api/v1/people/users/vera/password", json={"password": PASSWORD})).status_code == 204
        assert (await vera.get("/api/v1/me")).status_code == 401


async def test_an_administrator_adds_changes_and_disables_a_user(guarded: PeopleCity) -> None:
    async with guarded.logged_in("ada") as ada:
        made = await ada.post("/api/v1/people/users", json={"username": "nina", "roles": ["viewer", "operator"]})
        assert (made.status_code, made.headers["etag"], made.json()["roles"]) == (201, '"1"', ["operator", "viewer"])
        assert problem(await ada.post("/api/v1/people/users", json={"username": "nina"})) == (409, "conflict")
        weak = await ada.post("/api/v1/people/users/nina/password", json={"password": "short"})
        assert problem(weak) == (422, "invalid-request")
        given = await ada.post("/api/v1/people/users/nina/password", json={"password": PASSWORD})
        assert given.status_code == 204
        path = "/api/v1/people/users/nina"
        late = await ada.patch(path, json={"email": "n@city.example"}, headers={"if-match": '"1"'})
        assert problem(late) == (412, "version-conflict")
        changed = await ada.patch(path, json={"active": False}, headers={"if-match": '"2"'})
        assert changed.json()["active"] is False
        assert problem(await ada.get("/api/v1/people/users/nobody")) == (404, "not-found")
        assert "hash" not in (await ada.get("/api/v1/people/users")).text
        first = (await ada.get("/api/v1/people/users", params={"limit": 2})).json()
        assert [one["username"] for one in first["items"]] == ["ada", "dima"]
        rest = (await ada.get("/api/v1/people/users", params={"cursor": first["next"]})).json()
        assert [one["username"] for one in rest["items"]] == ["lena", "nina", "oleg", "vera"]
    async with guarded.client() as nina:
        answer = await nina.post("/api/v1/login", json={"username": "nina", "password": PASSWORD})
        assert problem(answer) == (401, "login-refused")


async def test_everybody_has_tokens_and_only_administrators_see_those_of_others(guarded: PeopleCity) -> None:
    app = guarded.app()
    async with guarded.logged_in("vera", app) as vera, guarded.logged_in("ada", app) as ada:
        body = {"label": "tablet", "scopes": ["read"]}
        made = (await vera.post("/api/v1/people/tokens", json=body)).json()
        assert made["token"]["username"] == "vera"
        for_other = await vera.post("/api/v1/people/tokens", json={**body, "username": "ada"})
        assert problem(for_other) == (403, "not-allowed")
        hers = (await ada.post("/api/v1/people/tokens", json=body)).json()["token"]["token_id"]
        seen = (await vera.get("/api/v1/people/tokens")).json()["items"]
        assert [one["token_id"] for one in seen] == [made["token"]["token_id"]]
        assert problem(await vera.get("/api/v1/people/tokens", params={"username": "ada"})) == (403, "not-allowed")
        assert problem(await vera.post(f"/api/v1/people/tokens/{hers}/revoke")) == (404, "not-found")
        everybody = (await ada.get("/api/v1/people/tokens")).text
        assert made["secret"] not in everybody
        assert len((await ada.get("/api/v1/people/tokens")).json()["items"]) == 2
        assert (await ada.post(f"/api/v1/people/tokens/{made['token']['token_id']}/revoke")).status_code == 200


async def test_a_token_makes_none_that_may_more_than_itself(guarded: PeopleCity) -> None:
    header = guarded.token("ada", Scope.PEOPLE)
    async with guarded.client(headers=header) as program:
        more = {"label": "more", "scopes": ["people", "rules"]}
        assert problem(await program.post("/api/v1/people/tokens", json=more)) == (409, "conflict")


async def test_the_audit_log_is_read_by_filter_and_verified(guarded: PeopleCity) -> None:
    async with guarded.logged_in("ada") as ada:
        await ada.put("/api/v1/people/departments/drains", json={"title": {"en": "Drains", "zh": "排水"}})
        found = (await ada.get("/api/v1/audit", params={"actor": "ada", "action": "department-added"})).json()
        assert [one["subject"] for one in found["items"]] == ["department/drains"]
        page = (await ada.get("/api/v1/audit", params={"limit": 1})).json()
        older = (await ada.get("/api/v1/audit", params={"limit": 1, "cursor": page["next"]})).json()
        assert older["items"][0]["sequence"] == page["items"][0]["sequence"] - 1
        after = {"from": str(guarded.now_ms), "to": str(guarded.now_ms + 1)}
        assert len((await ada.get("/api/v1/audit", params=after)).json()["items"]) == 2
        assert (await ada.get("/api/v1/audit/verify")).json()["holds"] is True
        lost = (await ada.get("/api/v1/audit/verify", params={"last": "ab" * 32})).json()
        assert (lost["holds"], "the end is missing" in lost["why"]) == (False, True)


async def test_over_a_real_server_a_session_holds_and_a_stranger_stays_out(guarded: PeopleCity) -> None:
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(guarded.app(), 0, stop, listening.set_result))
    site = f"http://127.0.0.1:{await listening}"
    async with httpx.AsyncClient(base_url=site, headers={"origin": site}) as browser:
        assert (await browser.get("/api/v1/devices")).status_code == 401
        page = await browser.get("/login", params={"next": "/"})
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert (await browser.post("/login", data=FORM)).status_code == 303
        assert (await browser.get("/api/v1/devices")).status_code == 200
        async with browser.stream("GET", "/api/v1/stream") as stream:
            assert stream.status_code == 200
            assert (await anext(stream.aiter_lines())).startswith("event: ")
        assert (await browser.post("/api/v1/logout")).status_code == 204
        assert (await browser.get("/api/v1/devices")).status_code == 401
    stop.set()
    await serving


async def test_over_a_real_server_a_stream_ends_when_its_caller_is_disabled(guarded: PeopleCity) -> None:
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(guarded.app(), 0, stop, listening.set_result))
    site = f"http://127.0.0.1:{await listening}"
    header = guarded.token("vera", Scope.READ)
    async with httpx.AsyncClient(base_url=site, headers=header, timeout=WAIT_S) as program:
        async with program.stream("GET", "/api/v1/stream") as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith("event: ")
            await asyncio.to_thread(
                guarded.people.users.change_user, "vera", UserChange(active=False), by="ada", at_ms=guarded.now_ms
            )
            async with asyncio.timeout(WAIT_S):
                async for _ in lines:
                    pass
        assert (await program.get("/api/v1/devices")).status_code == 401
    stop.set()
    await serving


@pytest.mark.browser
async def test_the_page_works_in_a_browser_without_asking_anybody_else(
    city: City, tmp_path: Path, chromium: Chrome
) -> None:
    guarded = PeopleCity(city)
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(guarded.app(), 0, stop, listening.set_result))
    site = f"http://127.0.0.1:{await listening}"

    def look() -> str:
        resize(chromium, 1280, 800)
        prefer_scheme(chromium, "dark")
        chromium.get(f"{site}/login?next=%2Fapi%2Fv1%2Fme")
        for name, text in (("username", "vera"), ("password", "not the one")):
            chromium.find_element(By.NAME, name).send_keys(text)
        chromium.find_element(By.TAG_NAME, "button").click()
        WebDriverWait(chromium, 10).until(lambda page: page.find_elements(By.CSS_SELECTOR, "[role=alert]"))
        assert chromium.find_element(By.NAME, "username").get_attribute("value") == "vera"
        chromium.find_element(By.NAME, "password").send_keys(PASSWORD + "\n")
        WebDriverWait(chromium, 10).until(lambda page: page.current_url.endswith("/api/v1/me"))
        assert foreign_requests(chromium) == []
        assert [one for one in console_errors(chromium) if "401" not in one and "favicon" not in one] == []
        return chromium.find_element(By.TAG_NAME, "body").text

    try:
        assert '"username":"vera"' in await asyncio.to_thread(look)
    finally:
        stop.set()
        await serving
