"""What every answer lets a browser do with it: nothing, unless a page of ours or the console needs more.

answer                         Content-Security-Policy
data, errors, files            nothing may load, run or be framed
pages of our own               nothing but itself: no script, and of styles the page's own, named by its hash
the console (NiceGUI)          scripts as its framework needs them, inline and by eval; everything else from here alone
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = "Content-Security-Policy"
NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_CLOSED: Final = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_STYLE: Final = re.compile(r"<(style)\b[^>]*>(.*?)</\1>", re.DOTALL)


def own_page(html: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page of our own, which runs no script; its inline styles are those it was made with."""
    return HTMLResponse(html, status, {**(headers or {}), POLICY: own_policy(html)})


def own_policy(html: str) -> str:
    """The policy of a page: its style blocks are named by their hashes, so that no other style is applied."""
    blocks = {sha256(css.encode()).digest() for _, css in _STYLE.findall(html)}
    hashes = sorted(f"'sha256-{b64encode(digest).decode()}'" for digest in blocks)
    styles = " ".join(["'self'", *hashes])
    return f"default-src 'self'; script-src 'none'; style-src {styles}; img-src 'self' data:; {_CLOSED}"


def console_policy(tiles_url: str | None) -> str:
    """The policy of NiceGUI's pages; map tiles come from the host of their template, where there is one."""
    images = " ".join(["'self'", "data:", *_hosts(tiles_url)])
    return (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        f"img-src {images}; font-src 'self' data:; connect-src 'self'; {_CLOSED}"
    )


class HardenedApp(FastAPI):
    """An app whose every answer carries the headers, also those that the framework makes of errors.

    `pages` is the policy of HTML that has none of its own: the console's, where there is one.
    """

    pages: str = NOTHING

    def build_middleware_stack(self) -> ASGIApp:
        return _PageHeaders(super().build_middleware_stack(), self)


class _PageHeaders:
    """The outermost layer: adds what an answer lacks."""

    def __init__(self, app: ASGIApp, owner: HardenedApp) -> None:
        self._app = app
        self._owner = owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault(POLICY, self._owner.pages if is_page else NOTHING)
            await send(message)

        await self._app(scope, receive, sending)


def _hosts(tiles_url: str | None) -> Iterable[str]:
    """`{s}` of a template stands for one of several hosts."""
    parts = urlsplit(tiles_url or "")
    return [f"{parts.scheme}://{parts.netloc.replace('{s}', '*')}"] if parts.netloc else []
