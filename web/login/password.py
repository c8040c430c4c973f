"""Logging in and out by password: the page at `/login`, and the same for programs below `/api/v1`."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from accounts.service.services import AccountServices
from accounts.users.refusals import LoginRefused, TooManyFailures
from accounts.users.user import Words
from domain.actors import Role
from web.gate.access import LOCAL
from web.gate.callers import CurrentCaller
from web.gate.session_cookie import forget_session, session_in
from web.http.language import preferred_language
from web.login.authentication import PasswordAuthentication, give_session
from web.login.page import LoginPage, page_response
from web.login.refusals import refusals, too_many

TAG: Final = "people"
_MOST_FORM_BYTES: Final = 8192
_Password = Annotated[str, Field(max_length=1000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Login(_Body):
    """Who wants in."""

    username: Annotated[str, Field(max_length=200)]
    password: _Password


class OwnPassword(_Body):
    """The present password, and the one to come. It ends one's tokens too, unless `keep_tokens`."""

    current: _Password
    password: _Password
    keep_tokens: bool = False


class Me(BaseModel):
    """Who asks, and what they may; `scopes` is null where no token bounds it."""

    username: str
    display_name: str
    roles: Words[Role]
    departments: Words[str]
    areas: list[str]
    scopes: Words[str] | None
    login_required: bool


def login_routes(people: AccountServices, authentication: PasswordAuthentication) -> APIRouter:
    """The routes below `/api/v1`."""
    router = APIRouter(tags=[TAG])

    @router.post("/login")
    async def log_in(body: Login, request: Request, response: Response) -> Me:
        """A session, in a cookie, for who gives the right password. Changes by cookie need an `Origin` of this site."""
        with refusals():
            session = await authentication.log_in(request, body.username, body.password)
        give_session(response, request, people, session)
        response.headers["Cache-Control"] = "no-store"
        user = session.user
        return Me(
            username=user.username, display_name=user.display_name, roles=user.roles, departments=user.departments,
            areas=list(user.areas), scopes=None, login_required=people.required,
        )  # fmt: skip

    @router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
    async def log_out(request: Request) -> Response:
        """End this session. A browser's form is sent on to the login page."""
        secret = session_in(request)
        if secret is not None:
            await asyncio.to_thread(people.logins.log_out, secret, people.now_ms())
        by_form = "text/html" in request.headers.get("accept", "")
        response = RedirectResponse("/login", HTTPStatus.SEE_OTHER) if by_form else Response(status_code=204)
        forget_session(response)
        return response

    @router.get("/me")
    async def who_am_i(caller: CurrentCaller) -> Me:
        """Who asks, and what they may do."""
        user = await asyncio.to_thread(people.users.user, caller.name) if caller is not LOCAL else None
        return Me(
            username=caller.name, display_name=user.display_name if user else "", roles=caller.actor.roles,
            departments=caller.actor.departments, areas=list(caller.actor.areas),
            scopes=None if caller.scopes is None else frozenset(caller.scopes), login_required=people.required,
        )  # fmt: skip

    @router.post("/me/password", status_code=HTTPStatus.NO_CONTENT)
    async def change_password(body: OwnPassword, caller: CurrentCaller, request: Request) -> None:
        """Change the own password, for who knows the present one. It ends every session, this one too, and every token."""
        with refusals():
            await authentication.change(request, caller.name, body.current, body.password, keep_tokens=body.keep_tokens)

    @router.post("/me/logout", status_code=HTTPStatus.NO_CONTENT)
    async def log_out_everywhere(caller: CurrentCaller) -> None:
        """End every session of one's own."""
        with refusals():
            await asyncio.to_thread(
                people.logins.log_out_everywhere, caller.name, by=caller.name, at_ms=people.now_ms()
            )

    return router


def login_page_routes(people: AccountServices, authentication: PasswordAuthentication) -> APIRouter:
    """The page at `/login`, which works without a script."""
    router = APIRouter(include_in_schema=False)
    title = people.provider.title if people.provider is not None else None

    def page(request: Request, **shown: str) -> LoginPage:
        language = preferred_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))
        return LoginPage(language, provider=title, **shown)

    @router.get("/login")
    async def show(request: Request) -> Response:
        if not people.required:
            return RedirectResponse("/", HTTPStatus.SEE_OTHER)
        return page_response(page(request, back=safe_path(request.query_params.get("next"))))

    @router.post("/login")
    async def submit(request: Request) -> Response:
        form = await _form(request)
        back, username = safe_path(form.get("next")), form.get("username", "")
        try:
            session = await authentication.log_in(request, username, form.get("password", ""))
        except LoginRefused:
            refused = page(request, back=back, username=username[:200], problem="refused")
            return page_response(refused, HTTPStatus.UNAUTHORIZED)
        except TooManyFailures as error:
            waiting = page(request, back=back, username=username[:200], problem="too_many")
            return page_response(waiting, HTTPStatus.TOO_MANY_REQUESTS, too_many(error).headers)
        response = RedirectResponse(back, HTTPStatus.SEE_OTHER)
        give_session(response, request, people, session)
        return response

    return router


def safe_path(written: str | None) -> str:
    """A path of this site to go on to; the live page where what was written leads elsewhere, or nowhere."""
    if not written or len(written) > 2000 or not written.startswith("/") or written.startswith(("//", "/login")):
        return "/"
    if "\\" in written or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in written):
        return "/"
    return quote(written, safe="/?#[]@!$&'()*+,;=:%~-._")


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_FORM_BYTES:
            return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=10))
