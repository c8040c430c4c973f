"""Logging in at an identity provider: off to it, and back with its answer. What the browser must prove is in its cookie."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from http import HTTPStatus
from typing import Final

import orjson
import structlog
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from accounts.oidc.login import Begun, OidcRefused
from accounts.service.services import AccountServices, ProviderLogin
from domain.errors import TransientFault
from web.gate.session_cookie import base_url, is_secure, set_session
from web.http.language import preferred_language
from web.login.page import LoginPage, page_response
from web.login.password import TAG, safe_path

_log = structlog.get_logger()

_COOKIE: Final = "urbansense_login"
_PATH: Final = "/api/v1/login/oidc"
_PATIENCE_S: Final = 600
_PAGE: Final = {"text/html": {"schema": {"type": "string"}}}
_RESPONSES: Final[dict[int | str, dict[str, object]]] = {
    303: {"description": "Where the browser goes next."},
    403: {"description": "A page that says why not.", "content": _PAGE},
    503: {"description": "A page that says that the provider does not answer.", "content": _PAGE},
}


def oidc_routes(people: AccountServices, provider: ProviderLogin) -> APIRouter:
    """The routes below `/api/v1`. Whatever goes wrong is shown on the login page, for a person reads it."""
    router = APIRouter(tags=[TAG])

    @router.get("/login/oidc", status_code=HTTPStatus.SEE_OTHER, response_class=Response, responses=_RESPONSES)
    async def leave(request: Request, next: str | None = None) -> Response:
        """Send the browser to the identity provider; `next` is where it shall come out."""
        try:
            begun = await provider.login.begin(_callback(request, people))
        except (OidcRefused, TransientFault) as error:
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
            identity = await provider.login.finish(answer, begun, _callback(request, people), now_ms / 1000)
            session = await asyncio.to_thread(provider.provisioning.admit, identity, now_ms)
        except (OidcRefused, TransientFault) as error:
            return _login_page(request, people, error)
        response = RedirectResponse(back, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
        set_session(response, request, people, session.secret)
        response.delete_cookie(_COOKIE, path=_PATH)
        return response

    return router


def _callback(request: Request, people: AccountServices) -> str:
    return f"{base_url(request, people)}{_PATH}/callback"


def _login_page(request: Request, people: AccountServices, error: OidcRefused | TransientFault) -> Response:
    language = preferred_language(None, request.headers.get("accept-language", ""))
    away = isinstance(error, TransientFault)
    if away:
        _log.warning("web.login_service_away", error=str(error))
    detail = "the login service does not answer now; try again later" if away else str(error)
    title = people.provider.title if people.provider is not None else None
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
