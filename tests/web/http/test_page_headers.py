"""The headers that every answer carries, and what a browser lets a page of ours do: nothing but show itself."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry
from selenium.webdriver import Chrome

from domain.ledger import Ledger
from tests.servers.chromium import console_errors, foreign_requests, resize
from tests.web.city import City
from tests.web.people_city import PeopleCity
from web.http.page_headers import NOTHING, POLICY, console_policy, own_policy
from web.serving.app import create_app
from web.serving.server import serve

SIZES = [(1600, 900), (390, 844)]


def directives(answer: httpx.Response) -> dict[str, str]:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    parts = [part.strip().partition(" ") for part in answer.headers[POLICY].split(";")]
    return {name: value for name, _, value in parts}


@pytest.mark.parametrize("path", ["/login", "/api/docs", "/api/v1/appraisal.html"])
async def test_a_page_of_our_own_runs_no_script_and_no_style_but_its_own(path: str, guarded: PeopleCity) -> None:
    async with guarded.logged_in("ada") as ada:
        answer = await ada.get(path)
    assert answer.headers["content-type"].startswith("text/html")
    policy = directives(answer)
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "unsafe" not in answer.headers[POLICY]
    assert "sha256-" in policy["style-src"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
        ("GET", "/api/openapi.json", 200),
        ("GET", "/api/v1/devices", 401),
        ("GET", "/nothing", 401),
        ("POST", "/api/v1/login", 422),
    ],
)
async def test_data_and_refusals_may_do_nothing(method: str, path: str, status: int, guarded: PeopleCity) -> None:
    async with guarded.client() as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert directives(answer) == dict(part.strip().split(" ", 1) for part in NOTHING.split(";"))


async def test_an_error_of_ours_and_a_foreign_host_name_carry_them_too(city: City) -> None:
    async def broken() -> Ledger:
        raise KeyError

    app = create_app(replace(city.services(), ledger=broken), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        failed = await client.get("/api/v1/ledger")
        strange = await client.get("/healthz", headers={"host": "evil.example"})
    assert (failed.status_code, strange.status_code) == (500, 421)
    for answer in (failed, strange):
        assert directives(answer)["default-src"] == "'none'"


def test_the_console_has_what_nicegui_needs_and_its_tiles_where_they_are_set() -> None:
    closed = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    policy = console_policy(None)
    assert policy.endswith(closed)
    assert "script-src 'self' 'unsafe-inline' 'unsafe-eval';" in policy
    assert "connect-src 'self';" in policy
    assert "http" not in policy
    assert "img-src 'self' data: https://*.tiles.example:8443;" in console_policy(
        "https://{s}.tiles.example:8443/{z}/{x}/{y}.png"
    )
    assert "img-src 'self' data:;" in console_policy("/tiles/{z}/{x}/{y}.png")


def test_another_style_has_another_hash() -> None:
    assert own_policy("<style>a{}</style>") != own_policy("<style>b{}</style>")


@pytest.mark.browser
async def test_in_a_browser_our_pages_look_as_they_should_and_an_inserted_script_does_not_run(
    city: City, tmp_path: Path, chromium: Chrome
) -> None:
    guarded = PeopleCity(city)
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(guarded.app(), 0, stop, listening.set_result))
    site = f"http://127.0.0.1:{await listening}"

    def look() -> None:
        for size in SIZES:
            resize(chromium, *size)
            for path in ("/login?lang=en", "/login?lang=zh", "/api/docs"):
                chromium.get(f"{site}{path}")
                family = chromium.execute_script("return getComputedStyle(document.body).fontFamily")
                assert "system-ui" in family, "its style was not applied"
                wide = chromium.execute_script("return document.documentElement.scrollWidth")
                assert path == "/api/docs" or wide == size[0]
                assert [one for one in console_errors(chromium) if "favicon" not in one] == []
        assert foreign_requests(chromium) == []
        chromium.execute_script("""
            const script = document.createElement('script');
            script.textContent = 'window.planted = true';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src="/x" onerror="window.planted = true">');
            document.body.insertAdjacentHTML('beforeend', '<style>body { font-family: planted }</style>');
        """)
        assert chromium.execute_async_script(
            "const done = arguments[0]; setTimeout(() => done(window.planted === undefined), 200)"
        )
        assert "planted" not in chromium.execute_script("return getComputedStyle(document.body).fontFamily")
        refused = [one for one in console_errors(chromium) if "Content Security Policy" in one]
        assert len(refused) >= 2, "a browser that reports no violation proves nothing above"

    try:
        await asyncio.to_thread(look)
    finally:
        stop.set()
        await serving
