"""Logging in at an identity provider: off to it, and back with its answer. What the browser must prove is in its cookie."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from math import ceil
from time import monotonic
from typing import Final

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from accounts.credentials.attempt_limits import BucketBounds, FailureBuckets, network_of
from accounts.oidc.login import Begun, OidcRefused
from accounts.service.services import AccountServices, ProviderLogin
from accounts.users.refusals import TooManyFailures
from domain.errors import TransientFault
from domain.time.units import SECOND_MS
from web.gate.addresses import address_of
from web.gate.session_cookie import base_url, is_secure, set_session
from web.http.language import preferred_language
from web.login.page import LoginPage, page_response
from web.login.password import TAG, safe_path
from web.login.refusals import too_many
from web.login.turns import FairTurns

_log = structlog.get_logger()

_COOKIE: Final = "urbansense_login"
_PATH: Final = "/api/v1/login/oidc"
_PATIENCE_S: Final = 600
_ERRANDS: Final = BucketBounds(200, SECOND_MS)
"""Each login takes two; of an office that logs in at once only the unfinished ones count."""
_AT_ONCE: Final = 8
_WAITING: Final = 64
_REMEMBERED: Final = 10_000
_PAGE: Final = {"text/html": {"schema": {"type": "string"}}}
_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    303: {"description": "Where the browser goes next."},
    429: {"description": "A page that says that there were too many just now.", "content": _PAGE},
    403: {"description": "A page that says why not.", "content": _PAGE},
    503: {"description": "A page that says that the provider does not answer.", "content": _PAGE},
}


def oidc_routes(people: AccountServices, provider: ProviderLogin) -> APIRouter:
    """The routes below `/api/v1`. Whatever goes wrong is shown on the login page, for a person reads it."""
    router = APIRouter(tags=[TAG])
    bounds = _ProviderErrands()

    @router.get("/login/oidc", status_code=HTTPStatus.SEE_OTHER, response_class=Response, responses=_RESPONSES)
    async def leave(request: Request, next: str | None = None) -> Response:
        """Send the browser to the identity provider; `next` is where it shall come out."""
        try:
            async with bounds.errand(request):
                begun = await provider.login.begin(_callback(request, people))
        except (OidcRefused, TooManyFailures, TransientFault) as error:
            return _login_page(request, people, error)
        response = RedirectResponse(begun.url, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
        response.set_cookie(
            _COOKIE, _pack(begun, safe_path(next)), _PATIENCE_S, path=_PATH, secure=is_secure(request, people),
            httponly=True, samesite="lax",
        )  # fmt: skip
        return response

    @router.get("/login/oidc/callback", status_code=HTTPStatus.SEE_OTHER, response_class=Response, responses=_RESPONSES)
    async def come_back(request: Request) -> Response:
        """Take the provider's answer: a session and on to the page, or a page that says why not."""
        try:
            begun, back = _unpack(request.cookies.get(_COOKIE, ""))
            answer = dict(request.query_params)
            now_ms = people.now_ms()
            async with bounds.errand(request):
                identity = await provider.login.finish(answer, begun, _callback(request, people), now_ms / 1000)
            session = await asyncio.to_thread(provider.provisioning.admit, identity, now_ms)
        except (OidcRefused, TooManyFailures, TransientFault) as error:
            if isinstance(error, OidcRefused):
                people.logins.failures.note("user", "refused by the provider", people.now_ms())
            return _login_page(request, people, error)
        bounds.forgive(request)
        response = RedirectResponse(back, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
        set_session(response, request, people, session.secret)
        response.delete_cookie(_COOKIE, path=_PATH)
        return response

    return router


def _callback(request: Request, people: AccountServices) -> str:
    return f"{base_url(request, people)}{_PATH}/callback"


class _ProviderErrands:
    """How often we ask the provider on behalf of strangers: by address, and so many at a time."""

    def __init__(self) -> None:
        self._addresses: FailureBuckets[str] = FailureBuckets(_ERRANDS, _REMEMBERED)
        self._turns = FairTurns(_AT_ONCE, _WAITING)

    @asynccontextmanager
    async def errand(self, request: Request) -> AsyncIterator[None]:
        """Raises: TooManyFailures, before the provider is asked."""
        address = network_of(address_of(request))
        wait_ms = self._addresses.wait_ms(address, _now_ms())
        if wait_ms:
            raise TooManyFailures(ceil(wait_ms / SECOND_MS))
        self._addresses.charge(address, _now_ms())
        async with self._turns.turn(address):
            yield

    def forgive(self, request: Request) -> None:
        """A login succeeded: its two errands cost its address nothing."""
        for _ in range(2):
            self._addresses.give_back(network_of(address_of(request)), _now_ms())


def _now_ms() -> int:
    return int(monotonic() * 1000)


def _login_page(
    request: Request, people: AccountServices, error: OidcRefused | TooManyFailures | TransientFault
) -> Response:
    language = preferred_language(None, request.headers.get("accept-language", ""))
    title = people.provider.title if people.provider is not None else None
    if isinstance(error, TooManyFailures):
        page = LoginPage(language, problem="too_many", provider=title)
        return page_response(page, HTTPStatus.TOO_MANY_REQUESTS, too_many(error).headers)
    away = isinstance(error, TransientFault)
    if away:
        _log.warning("web.login_service_away", error=str(error))
    detail = "the login service does not answer now; try again later" if away else str(error)
    page = LoginPage(language, detail=f"{detail[:1].upper()}{detail[1:]}.", provider=title)
    response = page_response(page, HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.FORBIDDEN)
    response.delete_cookie(_COOKIE, path=_PATH)
    return response


def _pack(begun: Begun, back: str) -> str:
    return urlsafe_b64encode(orjson.dumps([begun.state, begun.nonce, begun.verifier, back])).rstrip(b"=").decode()


def _unpack(cookie: str) -> tuple[Begun, str]:
    """What the browser was given when it left. Raises: OidcRefused where it brings nothing of ours."""
    try:
        state, nonce, verifier, back = orjson.loads(urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)))
        if not all(isinstance(one, str) and one for one in (state, nonce, verifier, back)):
            raise ValueError("empty")
    except ValueError as error:
        raise OidcRefused("no login was begun in this browser, or it took too long; begin again") from error
    return Begun("", state, nonce, verifier), safe_path(back)
