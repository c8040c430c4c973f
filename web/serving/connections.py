"""Connections that keep the server waiting end: slow heads and bodies, answers that nobody reads, too many at once.

uvicorn bounds only the rest between two requests. Each connection here notes what it waits for since when, and one look a
second over all of them ends what is late.

opened, or first byte of the next request ──head──▶ ──body──▶ at work ──▶ answered ──▶ uvicorn's keep-alive
                                          head_s    least_rate          unread_s
A socket that was upgraded leaves this watch: the gate bounds how many a caller has, and its pings end those that are gone.
"""

import asyncio
import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import ip_address, ip_network
from typing import Any, Final

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_log = structlog.get_logger()

_TOO_LATE: Final = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_WARN_AGAIN_S: Final = 60.0
_UNUSED: Final = "never used"
"""Browsers open connections that they may need: nothing to warn of."""


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """What one connection may take, and how many there may be; in seconds, bytes, and bytes a second.

    `of_one` counts by address, trusted proxies excepted. `in_all` None is half of the files that this process may open.
    """

    head_s: float = 10.0
    head_bytes: int = 64 * 1024
    body_window_s: float = 10.0
    least_rate: float = 256.0
    unread_s: float = 60.0
    keep_alive_s: int = 5
    of_one: int = 256
    in_all: int | None = None
    look_s: float = 1.0
    socket_message_bytes: int = 1024 * 1024


class _Waiting(Enum):
    """For what a connection waits."""

    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    REST = "rest"


@dataclass(slots=True)
class Connections:
    """All connections of one server. `ended` counts those that were ended, by reason. For one event loop."""

    bounds: ConnectionBounds
    trusted_proxies: Sequence[str] = ()
    ended: Counter[str] = field(default_factory=Counter)
    _open: "set[WatchedConnection]" = field(default_factory=set)
    _by_address: Counter[str] = field(default_factory=Counter)
    _looking: asyncio.TimerHandle | None = None
    _warned_s: dict[str, float] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: "WatchedConnection", address: str) -> str | None:
        """Take it in; or why it is one too many."""
        if len(self._open) >= (self.bounds.in_all or half_of_the_files()):
            return "too many in all"
        if self._by_address[address] >= self.bounds.of_one and not self._is_proxy(address):
            return "too many of one address"
        self._open.add(connection)
        self._by_address[address] += 1
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(self.bounds.look_s, self._look)
        return None

    def discard(self, connection: "WatchedConnection", address: str) -> None:
        if connection in self._open:
            self._open.discard(connection)
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def note_end(self, why: str, address: str) -> None:
        """Count it; one line in the log a minute for each reason."""
        self.ended[why] += 1
        if why == _UNUSED:
            return
        now_s = asyncio.get_running_loop().time()
        if now_s - self._warned_s.get(why, float("-inf")) >= _WARN_AGAIN_S:
            self._warned_s[why] = now_s
            _log.warning("connections are ended", why=why, address=address, so_far=self.ended[why])

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._open):
            connection.look(loop.time())
        self._looking = loop.call_later(self.bounds.look_s, self._look) if self._open else None

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in ip_network(proxy, strict=False) for proxy in self.trusted_proxies)


class WatchedConnection(HttpToolsProtocol):
    """uvicorn's connection, watched. `connections` is set by the server, on a class of its own."""

    connections_watch: Connections

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._watch = self.connections_watch
        self._address = ""
        self._waiting = _Waiting.HEAD
        self._since_s = self.loop.time()
        self._head_bytes = 0
        self._body_bytes = 0
        self._unread_since_s: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        why = self._watch.admit(self, self._address)
        if why is not None:
            self._end(why)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watch.discard(self, self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._waiting is _Waiting.REST:
            self._wait_for(_Waiting.HEAD)
        self._head_bytes += len(data) if self._waiting is _Waiting.HEAD else 0
        super().data_received(data)
        if self._waiting is _Waiting.HEAD and self._head_bytes > self._watch.bounds.head_bytes:
            self._end("head too large", _TOO_LARGE)

    def handle_websocket_upgrade(self) -> None:
        self._watch.discard(self, self._address)
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._wait_for(_Waiting.BODY)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        answered = self.cycle is None or self.cycle.response_complete
        self._wait_for(_Waiting.REST if answered else _Waiting.ANSWER)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._waiting is _Waiting.ANSWER and (self.cycle is None or self.cycle.response_complete):
            self._wait_for(_Waiting.REST)

    def pause_writing(self) -> None:
        self._unread_since_s = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since_s = None
        super().resume_writing()

    def look(self, now_s: float) -> None:
        """End it where it is late."""
        bounds, waited_s = self._watch.bounds, now_s - self._since_s
        if self._unread_since_s is not None and now_s - self._unread_since_s > bounds.unread_s:
            self._end("answer not read")
        elif self._waiting is _Waiting.HEAD and waited_s > bounds.head_s:
            if self._head_bytes:
                self._end("head too slow", _TOO_LATE)
            else:
                self._end(_UNUSED)
        elif self._waiting is _Waiting.BODY and waited_s > bounds.body_window_s:
            if not self.flow.read_paused and self._body_bytes < waited_s * bounds.least_rate:
                self._end("body too slow")
            else:
                self._wait_for(_Waiting.BODY)

    def _wait_for(self, what: _Waiting) -> None:
        self._waiting, self._since_s, self._head_bytes, self._body_bytes = what, self.loop.time(), 0, 0

    def _end(self, why: str, answer: bytes = b"") -> None:
        self._watch.note_end(why, self._address)
        if answer and not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
        else:
            self.transport.abort()
        self._watch.discard(self, self._address)


def half_of_the_files() -> int:
    """How many connections leave enough file descriptors for everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(16, min(soft, 8192) // 2)
