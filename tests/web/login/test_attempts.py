"""Guesses over HTTP: a flood of them costs few hashes and few rows, and honest users get in meanwhile."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

import httpx
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from structlog.testing import capture_logs

from accounts import LoginSessions
from accounts.credentials.attempt_limits import AttemptBounds
from accounts.credentials.passwords import Passwords
from tests.accounts.conftest import PASSWORD, TERMS, counted_random
from tests.web.http.test_problems import problem
from tests.web.people_city import SITE, PeopleCity

BOUNDS = AttemptBounds()
HERE, THERE = "10.0.0.9", "10.0.7.7"


class CountingHasher(PasswordHasher):
    """Counts what would have cost a tenth of a second and 64 MiB."""

    def __init__(self) -> None:
        super().__init__(1, 8, 1)
        self.checked = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
        self.checked += 1
        return super().verify(hash, password)


@dataclass
class Site:
    """The city with people, served to callers of any address."""

    city: PeopleCity
    app: FastAPI
    hasher: CountingHasher

    @asynccontextmanager
    async def browser(self, address: str) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app, client=(address, 5000))
        async with httpx.AsyncClient(transport=transport, base_url=SITE, headers={"origin": SITE}) as client:
            yield client


@pytest.fixture
def site(guarded: PeopleCity, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr("web.login.authentication._now_ms", lambda: 1_000_000)
    hasher, random = CountingHasher(), counted_random()
    object.__setattr__(
        guarded.people, "logins", LoginSessions(guarded.database, random, Passwords(random, hasher), TERMS)
    )
    return Site(guarded, guarded.app(), hasher)


async def log_in(browser: httpx.AsyncClient, username: str, password: str = PASSWORD) -> httpx.Response:
    return await browser.post("/api/v1/login", json={"username": username, "password": password})


async def test_sixty_bad_logins_at_once_cost_five_hashes_and_hold_nobody_up(site: Site) -> None:
    with capture_logs() as lines:
        await _sixty_at_once(site)
    assert [line["address"] for line in lines if line["event"] == "guesses of passwords are refused"] == [HERE]


async def _sixty_at_once(site: Site) -> None:
    async with site.browser(HERE) as mallory, site.browser(THERE) as vera:
        answers = await asyncio.gather(*(log_in(mallory, "vera", "wrong") for _ in range(60)))
        assert Counter(answer.status_code for answer in answers) == {401: BOUNDS.free, 429: 60 - BOUNDS.free}
        assert site.hasher.checked == BOUNDS.free
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert problem(refused) == (429, "too-many-failures")
        assert int(refused.headers["retry-after"]) == BOUNDS.first_wait_ms // 1000
        assert (await log_in(vera, "vera")).status_code == 200


async def test_a_browser_that_let_its_user_in_before_does_so_again_beside_the_attacker(site: Site) -> None:
    async with site.browser(HERE) as vera, site.browser(HERE) as mallory, site.browser(HERE) as new:
        assert (await log_in(vera, "vera")).status_code == 200
        assert (await log_in(vera, "oleg")).status_code == 200  # they share a desk
        vera.cookies.delete("urbansense_session")
        for _ in range(40):
            await log_in(mallory, "vera", "wrong")
        assert problem(await log_in(new, "vera")) == (429, "too-many-failures")
        for name in ("vera", "oleg", "vera"):
            assert (await log_in(vera, name)).status_code == 200
        stolen = dict(vera.cookies)
        mallory.cookies.update(stolen)
        statuses = [(await log_in(mallory, "vera", "wrong")).status_code for _ in range(30)]
        assert statuses.count(401) == BOUNDS.device.failures


async def test_the_page_says_when_to_try_again_and_asks_for_no_hash(site: Site) -> None:
    async with site.browser(HERE) as browser:
        form = {"username": "vera", "password": "wrong", "next": "/"}
        for _ in range(BOUNDS.free):
            assert (await browser.post("/login", data=form)).status_code == 401
        before = site.hasher.checked
        answer = await browser.post("/login?lang=zh", data={**form, "password": PASSWORD})
        assert (answer.status_code, "失败次数过多" in answer.text) == (429, True)
        assert (int(answer.headers["retry-after"]), site.hasher.checked) == (2, before)


async def test_the_answers_are_the_same_whether_the_name_exists(site: Site) -> None:
    seen: dict[str, list[tuple[int, bytes, str | None]]] = {}
    for name in ("vera", "nobody", "ADMIN ' --"):
        async with site.browser(f"10.1.0.{len(seen)}") as mallory:
            answers = [await log_in(mallory, name, "wrong") for _ in range(8)]
        seen[name] = [(one.status_code, one.content, one.headers.get("retry-after")) for one in answers]
    assert seen["vera"] == seen["nobody"] == seen["ADMIN ' --"]
    assert site.hasher.checked == 3 * BOUNDS.free


async def test_one_address_against_many_names_is_stopped_and_leaves_few_rows(site: Site) -> None:
    async with site.browser(HERE) as mallory, site.browser(THERE) as other:
        for n in range(100):
            await log_in(mallory, f"user{n}", "wrong")
        assert site.hasher.checked == BOUNDS.address.failures
        assert (await log_in(other, "vera")).status_code == 200
    site.city.people.logins.failures.write(site.city.now_ms, everything=True)
    rows = site.city.audit(action="login-failed", limit=1000)
    assert len(rows) <= 4
    assert sum(row.details.get("count", 1) for row in rows) == 100


async def test_the_own_password_is_guessed_no_oftener(site: Site) -> None:
    async with site.browser(HERE) as vera:
        await log_in(vera, "vera")
        del vera.cookies["urbansense_known"]
        change = {"current": "wrong", "password": "another fine one"}
        statuses = [(await vera.post("/api/v1/me/password", json=change)).status_code for _ in range(10)]
        assert statuses == [401] * BOUNDS.free + [429] * (10 - BOUNDS.free)
        weak = {"current": "wrong", "password": "short"}
        assert (await vera.post("/api/v1/me/password", json=weak)).status_code == 429
