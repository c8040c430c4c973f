"""How the connections of a load come up, and come up again: a bounded number at a time, each with its own back-off."""

import errno
import heapq
import select
import socket
import time
from typing import Final

import structlog

from domain.errors import ConfigurationError
from domain.retry import backoff_s
from simulators.fleet.link import Link, LinkState
from simulators.fleet.mqtt import Answers, connect
from simulators.fleet.plan import LoadPlan

_log = structlog.get_logger()
_AT_ONCE: Final = 64
"""Fewer than the 100 connections that Mosquitto lets wait to be accepted."""

_CONNACK_WITHIN_S: Final = 10.0
_OUR_FAULT: Final = {False: frozenset({1, 2, 4, 5}), True: frozenset({0x81, 0x82, 0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C})}
"""CONNACK codes that trying again cannot cure, by whether it is MQTT 5 (MQTT 3.1.1, table 3.1; MQTT 5.0, table 3-1)."""


class Dialler:
    """Brings links up on the driver's epoll. `reconnects` counts every connection but the first of each link."""

    def __init__(self, plan: LoadPlan, links: list[Link], epoll: select.epoll, by_fd: dict[int, Link]) -> None:
        self._plan = plan
        self._epoll = epoll
        self._by_fd = by_fd
        self._due: list[tuple[float, int, Link]] = [(0.0, link.number, link) for link in links]
        self._pending: set[Link] = set()
        self._were_up: set[int] = set()
        self._address = _address(plan)
        self._is_logged = False
        self.up = 0
        self.reconnects = 0

    def dial_more(self) -> None:
        """Dial those whose time has come, as far as few enough are under way; drop those that take too long."""
        now_s = time.monotonic()
        while self._due and len(self._pending) < _AT_ONCE and self._due[0][0] <= now_s:
            self._dial(heapq.heappop(self._due)[2], now_s)
        for link in [link for link in self._pending if now_s > link.deadline_s]:
            self.lost(link, f"no CONNACK within {_CONNACK_WITHIN_S:g} s")

    def greet(self, link: Link) -> None:
        """Send CONNECT on a connection that the kernel has made, or find that it has not."""
        assert link.socket is not None
        problem = link.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self.lost(link, errno.errorcode.get(problem, str(problem)))
            return
        endpoint, plan = self._plan.endpoint, self._plan
        hello = connect(
            link.client_id, plan.keepalive_s, endpoint.username, endpoint.password, mqtt5=plan.endpoint.mqtt5
        )
        try:
            sent = link.socket.send(hello)
        except OSError as error:
            self.lost(link, str(error))
            return
        if sent < len(hello):
            self.lost(link, "the socket took half a CONNECT")
            return
        link.standing = LinkState.GREETING
        self._epoll.modify(link.socket.fileno(), select.EPOLLIN)

    def welcome(self, link: Link, answers: Answers, window: int) -> None:
        """Take the broker's answer to CONNECT. Raises: ConfigurationError where it refuses us for good."""
        code = answers.connack
        if code:
            if code in _OUR_FAULT[self._plan.endpoint.mqtt5]:
                endpoint = self._plan.endpoint
                raise ConfigurationError(
                    f"{endpoint.host}:{endpoint.port} refuses the load's connections: CONNACK code {code:#04x}"
                )
            self.lost(link, f"CONNACK code {code:#04x}")
            return
        link.standing = LinkState.UP
        link.window = min(window, answers.receive_maximum)
        link.last_sent_s = time.monotonic()
        link.backoff = backoff_s()
        self._pending.discard(link)
        self.up += 1
        self.reconnects += link.number in self._were_up
        self._were_up.add(link.number)

    def lost(self, link: Link, problem: str) -> None:
        """Let go of a connection and plan the next try; one log line for the first of them."""
        if not self._is_logged:
            _log.warning("a connection of the load was lost; it is made again", client=link.client_id, problem=problem)
            self._is_logged = True
        self._drop(link)
        heapq.heappush(self._due, (time.monotonic() + next(link.backoff), link.number, link))

    def cut(self, links: list[Link], until_s: float) -> None:
        """Take the network from these links until then, by the monotonic clock: no goodbye, and no try before."""
        gone = set(links)
        self._due = [entry for entry in self._due if entry[2] not in gone]
        for link in links:
            self._drop(link)
            self._due.append((until_s, link.number, link))
        heapq.heapify(self._due)

    def _dial(self, link: Link, now_s: float) -> None:
        family, address = self._address
        connection = socket.socket(family, socket.SOCK_STREAM)
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.socket, link.standing, link.deadline_s = connection, LinkState.DIALLING, now_s + _CONNACK_WITHIN_S
        self._pending.add(link)
        problem = connection.connect_ex(address)
        if problem not in (0, errno.EINPROGRESS):
            self.lost(link, errno.errorcode.get(problem, str(problem)))
            return
        self._by_fd[connection.fileno()] = link
        self._epoll.register(connection.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _drop(self, link: Link) -> None:
        self.up -= link.standing is LinkState.UP
        self._pending.discard(link)
        if link.socket is not None:
            if self._by_fd.pop(link.socket.fileno(), None) is not None:
                self._epoll.unregister(link.socket.fileno())
            link.socket.close()
        link.socket, link.standing, link.outgoing, link.incoming = None, LinkState.OFF, b"", b""


def _address(plan: LoadPlan) -> tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]:
    """Raises: ConfigurationError for a name that cannot be resolved."""
    endpoint = plan.endpoint
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigurationError(f"the MQTT broker {endpoint.host}:{endpoint.port} cannot be found: {error}") from error
    return found[0][0], found[0][4]  # type: ignore[return-value]
