"""The cookies of a login: no script reads them, no other site's page makes use of them, and https has its own.

The session's ends with the browser. The other holds the marks by which this browser is known to have let its users in
(`accounts.credentials.known_devices`), and outlives it.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from accounts.credentials.known_devices import LONGEST_MS, MOST_MARKS
from accounts.service.services import AccountServices

_NAME: Final = "urbansense_session"
_SECURE_NAME: Final = "__Host-urbansense_session"
"""Browsers take a cookie of such a name only from this very host, over https."""
_KNOWN: Final = "urbansense_known"
_SECURE_KNOWN: Final = "__Host-urbansense_known"


def session_in(connection: HTTPConnection) -> str | None:
    """The session's secret that the request brought. Over https only the cookie that was set over https counts."""
    cookies, encrypted = connection.cookies, connection.url.scheme in ("https", "wss")
    return cookies.get(_SECURE_NAME) or (None if encrypted else cookies.get(_NAME))


def set_session(response: Response, connection: HTTPConnection, people: AccountServices, secret: str) -> None:
    """Give the browser its session, to be forgotten when it closes."""
    secure = is_secure(connection, people)
    name = _SECURE_NAME if secure else _NAME
    response.set_cookie(name, secret, path="/", secure=secure, httponly=True, samesite="lax")


def marks_in(connection: HTTPConnection) -> list[str]:
    """The marks of the users that this browser let in before."""
    cookies = connection.cookies
    written = cookies.get(_SECURE_KNOWN) or cookies.get(_KNOWN) or ""
    return [mark for mark in written.split(".") if mark][:MOST_MARKS]


def set_marks(response: Response, connection: HTTPConnection, people: AccountServices, marks: Iterable[str]) -> None:
    secure = is_secure(connection, people)
    response.set_cookie(
        _SECURE_KNOWN if secure else _KNOWN, ".".join(list(marks)[:MOST_MARKS]), LONGEST_MS // 1000, path="/",
        secure=secure, httponly=True, samesite="strict",
    )  # fmt: skip


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
