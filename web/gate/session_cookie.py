"""The session's cookie: no script reads it, no other site's page makes use of it, and https has one of its own."""

from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from accounts.service.services import AccountServices

_NAME: Final = "urbansense_session"
_SECURE_NAME: Final = "__Host-urbansense_session"
"""Browsers take a cookie of such a name only from this very host, over https."""


def session_in(connection: HTTPConnection) -> str | None:
    """The session's secret that the request brought. Over https only the cookie that was set over https counts."""
    cookies, encrypted = connection.cookies, connection.url.scheme in ("https", "wss")
    return cookies.get(_SECURE_NAME) or (None if encrypted else cookies.get(_NAME))


def set_session(response: Response, connection: HTTPConnection, people: AccountServices, secret: str) -> None:
    """Give the browser its session, to be forgotten when it closes."""
    secure = is_secure(connection, people)
    name = _SECURE_NAME if secure else _NAME
    response.set_cookie(name, secret, path="/", secure=secure, httponly=True, samesite="lax")


def forget_session(response: Response) -> None:
    response.delete_cookie(_NAME, path="/", httponly=True, samesite="lax")
    response.delete_cookie(_SECURE_NAME, path="/", secure=True, httponly=True, samesite="lax")


def is_secure(connection: HTTPConnection, people: AccountServices) -> bool:
    """Whether the browser came over https: to us, or to the proxy that `public_url` names."""
    public = urlsplit(people.public_url).scheme if people.public_url else connection.url.scheme
    return public == "https"


def base_url(connection: HTTPConnection, people: AccountServices) -> str:
    """Where browsers reach this site, without a slash at the end."""
    return (people.public_url or str(connection.base_url)).rstrip("/")
