"""Logging in at a real OpenID provider: who gets in, with what, and everything that must not pass."""

import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from accounts import UserChange
from accounts.credentials.attempt_limits import BucketBounds
from accounts.oidc.login import Begun, OidcLogin, OidcProvider, ProviderIdentity, mapped_roles
from accounts.oidc.provisioning import UserProvisioning
from accounts.service.services import ProviderLogin
from domain.actors import Role
from tests.accounts.conftest import counted_random
from tests.web.login.oidc_provider import Provider, running_provider
from tests.web.people_city import SITE, PeopleCity

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

ROLES = {"city-admins": Role.ADMINISTRATOR, "dispatch": Role.DISPATCHER}
PAGE = {"accept": "text/html"}


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(server: Provider) -> Provider:
    server.spoil.clear()
    server.user(
        "s-77", preferred_username="Anna", name="Anna 安娜", email="anna@city.example", groups=["dispatch", "x"]
    )
    return server


@pytest.fixture
def site(guarded: PeopleCity, provider: Provider) -> PeopleCity:
    guarded.now_ms = int(time.time() * 1000)
    join(guarded, provider.issuer)
    return guarded


def join(city: PeopleCity, issuer: str, **changed: Any) -> None:
    known = OidcProvider(issuer, "urbansense", "the secret", ROLES, **changed)
    provisioning = UserProvisioning(city.database, city.people.logins, issuer)
    city.provider = ProviderLogin(OidcLogin(known, counted_random()), provisioning, "City ID")


async def leave(browser: httpx.AsyncClient, next: str = "/?lang=zh") -> str:
    answer = await browser.get("/api/v1/login/oidc", params={"next": next})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def go_through(browser: httpx.AsyncClient, provider: Provider, sub: str = "s-77") -> httpx.Response:
    return await browser.get(provider.consent(await leave(browser), sub), headers=PAGE)


async def is_in(browser: httpx.AsyncClient) -> bool:
    return (await browser.get("/api/v1/me")).status_code == 200


async def test_the_first_login_makes_the_user_with_the_mapped_roles(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        answer = await go_through(browser, provider)
        assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=zh")
        me = (await browser.get("/api/v1/me")).json()
    assert (me["username"], me["display_name"], me["roles"]) == ("anna", "Anna 安娜", ["dispatcher"])
    anna = site.people.users.user("anna")
    assert anna is not None
    assert (anna.email, anna.oidc_subject) == ("anna@city.example", f"{provider.issuer} s-77")
    assert not anna.has_password
    assert [(one.actor, one.action) for one in site.audit(limit=2)] == [("anna", "login"), ("anna", "user-added")]


async def test_the_request_carries_state_nonce_and_a_challenge(site: PeopleCity) -> None:
    async with site.client() as browser:
        first, second = [dict(parse_qsl(urlsplit(await leave(browser)).query)) for _ in range(2)]
    assert first["redirect_uri"] == f"{SITE}/api/v1/login/oidc/callback"
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) == 43
        assert first[name] != second[name]


async def test_a_later_login_is_the_same_user_with_the_roles_of_then(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        await go_through(browser, provider)
        provider.user("s-77", preferred_username="renamed", groups=["city-admins"])
        assert (await go_through(browser, provider)).status_code == 303
        me = (await browser.get("/api/v1/me")).json()
    assert (me["username"], me["roles"]) == ("anna", ["administrator"])
    assert site.people.users.user("renamed") is None


async def told(answer: httpx.Response, status: int, words: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert words in answer.text


async def test_who_has_no_mapped_role_is_refused_with_a_page(site: PeopleCity, provider: Provider) -> None:
    provider.user("s-78", preferred_username="boris", groups=["gardeners"])
    async with site.client() as browser:
        await told(await go_through(browser, provider, "s-78"), 403, "Your account has no part in urbansense")
        assert not await is_in(browser)
    assert site.people.users.user("boris") is None


async def test_a_username_of_somebody_else_is_not_taken_over(site: PeopleCity, provider: Provider) -> None:
    provider.user("s-79", preferred_username="ada", groups=["city-admins"])
    async with site.client() as browser:
        await told(await go_through(browser, provider, "s-79"), 403, "not known to be you")
        assert not await is_in(browser)
        change = UserChange(oidc_subject=f"{provider.issuer} s-79")
        site.people.users.change_user("ada", change, by="ada", at_ms=site.now_ms)
        assert (await go_through(browser, provider, "s-79")).status_code == 303


async def test_who_is_disabled_is_refused(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        await go_through(browser, provider)
        site.people.users.change_user("anna", UserChange(active=False), by="ada", at_ms=site.now_ms)
        await told(await go_through(browser, provider), 403, "disabled")
        assert not await is_in(browser)


async def test_a_wrong_state_is_refused(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        back = urlsplit(provider.consent(await leave(browser), "s-77"))
        for state in ("", "x" * 43, "é"):
            query = urlencode({**dict(parse_qsl(back.query)), "state": state})
            again = dict(browser.cookies)
            await told(await browser.get(f"{back.path}?{query}"), 403, "belongs to no login that was begun here")
            browser.cookies.update(again)
        assert not await is_in(browser)


async def test_an_answer_in_another_browser_is_refused(site: PeopleCity, provider: Provider) -> None:
    app = site.app()
    async with site.client(app) as mine, site.client(app) as victim:
        back = provider.consent(await leave(mine), "s-77")
        await told(await victim.get(back), 403, "No login was begun in this browser")
        await leave(victim)
        await told(await victim.get(back), 403, "belongs to no login that was begun here")
        assert not await is_in(victim)


async def test_an_answer_counts_once(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        back = provider.consent(await leave(browser), "s-77")
        kept = dict(browser.cookies)
        assert (await browser.get(back)).status_code == 303
        browser.cookies.clear()
        browser.cookies.update(kept)
        await told(await browser.get(back), 403, "refused to finish the login")
        assert not await is_in(browser)


async def test_a_person_who_says_no_is_not_let_in(site: PeopleCity) -> None:
    async with site.client() as browser:
        state = dict(parse_qsl(urlsplit(await leave(browser)).query))["state"]
        answer = await browser.get("/api/v1/login/oidc/callback", params={"state": state, "error": "access_denied"})
        await told(answer, 403, "did not let you in")


FORGED = RSAKey.generate_key(2048, parameters={"kid": "forged"})


def reforged(**changed: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The provider's ID token with claims changed, signed by a key that is not the provider's."""

    def spoil(answer: dict[str, object]) -> dict[str, object]:
        if "id_token" not in answer:
            return answer
        return {**answer, "id_token": jwt.encode({"alg": "RS256", "kid": "forged"}, _claims(answer, changed), FORGED)}

    return spoil


def _claims(answer: dict[str, object], changed: dict[str, object]) -> dict[str, object]:
    body = str(answer["id_token"]).split(".")[1]
    claims = orjson.loads(urlsafe_b64decode(body + "=="))
    return {name: value for name, value in {**claims, **changed}.items() if value is not None}


async def test_a_signature_of_another_key_is_refused(site: PeopleCity, provider: Provider) -> None:
    provider.spoil["/oauth2/token"] = reforged()
    async with site.client() as browser:
        await told(await go_through(browser, provider), 403, "could not be verified")
        assert not await is_in(browser)


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({}, True),
        ({"nonce": "another"}, False),
        ({"nonce": None}, False),
        ({"iss": "http://evil.example"}, False),
        ({"aud": "somebody-else"}, False),
        ({"aud": ["urbansense", "somebody-else"], "azp": "somebody-else"}, False),
        ({"exp": 1_000_000_000}, False),
        ({"exp": None}, False),
        ({"iat": 4_000_000_000}, False),
        ({"sub": None}, False),
    ],
)
async def test_only_a_whole_token_of_this_very_login_passes(
    site: PeopleCity, provider: Provider, changed: dict[str, object], passes: bool
) -> None:
    """The forging key is made one of the provider's, so that nothing but the claim is wrong."""
    provider.spoil["/oauth2/token"] = reforged(**changed)
    provider.spoil["/jwks"] = lambda keys: {"keys": [*keys["keys"], FORGED.as_dict(private=False)]}
    async with site.client() as browser:
        answer = await go_through(browser, provider)
        assert (answer.status_code == 303) is passes, answer.text
        assert await is_in(browser) is passes


async def test_an_unsigned_token_is_refused(site: PeopleCity, provider: Provider) -> None:
    def unsigned(answer: dict[str, object]) -> dict[str, object]:
        body = str(answer.get("id_token", "..")).split(".")[1]
        return {**answer, "id_token": f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{body}."}

    provider.spoil["/oauth2/token"] = unsigned
    async with site.client() as browser:
        await told(await go_through(browser, provider), 403, "could not be verified")


async def test_a_token_that_ran_out_is_refused(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        back = provider.consent(await leave(browser), "s-77")
        site.now_ms += 3_600_000 + 120_000
        await told(await browser.get(back), 403, "could not be verified")


async def test_a_provider_of_another_name_is_refused(site: PeopleCity, provider: Provider) -> None:
    provider.spoil["/.well-known/openid-configuration"] = lambda told: {**told, "issuer": "http://evil.example"}
    async with site.client() as browser:
        await told(await browser.get("/api/v1/login/oidc"), 403, "goes by another name")


async def test_a_provider_that_is_down_is_told_on_the_page(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        back = provider.consent(await leave(browser), "s-77")
        join(site, "http://127.0.0.1:9")
    async with site.client(cookies=browser.cookies) as browser:
        for path in (back, "/api/v1/login/oidc"):
            await told(await browser.get(path), 503, "does not answer now")


async def test_nobody_is_sent_elsewhere_after_the_login(site: PeopleCity, provider: Provider) -> None:
    async with site.client() as browser:
        back = provider.consent(await leave(browser, "https://evil.example/"), "s-77")
        assert (await browser.get(back)).headers["location"] == "/"


async def test_behind_a_proxy_the_provider_is_told_the_public_address(site: PeopleCity) -> None:
    site.public_url = "https://urbansense.city.example/"
    async with site.client() as browser:
        answer = await browser.get("/api/v1/login/oidc")
    sent = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
    assert sent["redirect_uri"] == "https://urbansense.city.example/api/v1/login/oidc/callback"
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    ("claim", "claims", "expected"),
    [
        ("groups", {"groups": ["dispatch"]}, {Role.DISPATCHER}),
        ("groups", {"groups": "dispatch"}, {Role.DISPATCHER}),
        ("realm_access.roles", {"realm_access": {"roles": ["city-admins"]}}, {Role.ADMINISTRATOR}),
        ("realm_access.roles", {"realm_access": "x"}, set()),
        ("groups", {"groups": ["Dispatch", "*"]}, set()),
        ("groups", {}, set()),
    ],
)
def test_roles_are_mapped_from_the_claim(claim: str, claims: dict[str, object], expected: set[Role]) -> None:
    assert mapped_roles(claims, OidcProvider("i", "c", None, ROLES, claim)) == expected


def test_a_star_is_everybody_and_nobody_becomes_system() -> None:
    roles = {"*": Role.VIEWER, "root": Role.SYSTEM}
    assert mapped_roles({"groups": ["root"]}, OidcProvider("i", "c", None, roles)) == {Role.VIEWER}


async def test_a_flood_of_logins_that_are_never_finished_asks_the_provider_little(
    site: PeopleCity, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    begin, finish = OidcLogin.begin, OidcLogin.finish

    async def count_begin(login: OidcLogin, uri: str) -> Begun:
        nonlocal asked
        asked += 1
        return await begin(login, uri)

    async def count_finish(login: OidcLogin, answer: Any, begun: Begun, uri: str, now_s: float) -> ProviderIdentity:
        nonlocal asked
        asked += 1
        return await finish(login, answer, begun, uri, now_s)

    monkeypatch.setattr("web.login.oidc._ERRANDS", BucketBounds(60, 2000))
    monkeypatch.setattr("web.login.oidc._now_ms", lambda: 1_000_000)
    monkeypatch.setattr(OidcLogin, "begin", count_begin)
    monkeypatch.setattr(OidcLogin, "finish", count_finish)
    app = site.app()
    other = httpx.ASGITransport(app, client=("10.0.0.9", 5000))
    async with site.client(app) as mallory, httpx.AsyncClient(transport=other, base_url=SITE) as anna:
        assert (await go_through(mallory, provider)).status_code == 303
        asked = 0
        for _ in range(40):
            await mallory.get("/api/v1/login/oidc")
            await mallory.get("/api/v1/login/oidc/callback", params={"state": "x", "code": "y"})
        refused = await mallory.get("/api/v1/login/oidc")
        assert (refused.status_code, asked) == (429, 60)
        assert int(refused.headers["retry-after"]) >= 1
        assert (await go_through(anna, provider)).status_code == 303
    site.people.logins.failures.write(site.now_ms)
    assert len(site.audit(action="login-failed")) == 1


async def test_of_an_answer_without_end_no_more_is_read_than_one_may_have(site: PeopleCity, provider: Provider) -> None:
    provider.spoil["/.well-known/openid-configuration"] = lambda told: {**told, "padding": "x" * 2_000_000}
    async with site.client() as browser:
        await told(await browser.get("/api/v1/login/oidc"), 503, "does not answer now")
