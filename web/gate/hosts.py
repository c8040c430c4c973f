"""Which host names the listener answers to. Until login exists this is what stands between it and a foreign web page."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from web.http.problems import Refused, problem_response

LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost", "::1")


class AllowedHosts:
    """Refuses (421) requests whose Host header names none of `hosts`; `*` allows every name.

    A page of another site may rebind its own name to 127.0.0.1 and then read what is served here as its own; its
    requests still carry that name.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str] = LOOPBACK_HOSTS) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or "*" in self._hosts:
            return await self._app(scope, receive, send)
        host = host_name(HTTPConnection(scope).headers.get("host", ""))
        if host in self._hosts:
            return await self._app(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close", "code": 1008})
        detail = f"urbansense does not answer to the host name {host!r}; name it in the allowed hosts"
        refused = Refused(HTTPStatus.MISDIRECTED_REQUEST, "unknown-host", detail)
        return await problem_response(Request(scope), refused)(scope, receive, send)


def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets, in lower case."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]
