"""What goes out: messages that are due, by connection, as far as there is room; what has none waits for it.

due ──▶ grouped by connection ──room?──yes──▶ encoded in one go ──▶ one send a connection
                                  │ no                                  ▲
                                  └──▶ waiting ──── room again ─────────┘
"""

import itertools
import select
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from simulators.fleet.link import Link
from simulators.fleet.packets import Templates
from simulators.fleet.plan import LoadOutcome, LoadPlan, count_in_second
from simulators.fleet.schedule import Indices

_AT_ONCE: Final = 4000

Lose = Callable[[Link, str], None]
Group = tuple[Link, list[int], list[int]]
"""A connection, and packet ids and messages that it is to send now."""


class Outbox:
    """Sends one process's messages of a schedule over its links; counts what was sent in `outcome`.

    `lose` is called for a link that cannot be written to; what is in flight on it stays, for `resend`.
    """

    def __init__(
        self, plan: LoadPlan, process: int, start_ms: int, links: list[Link], epoll: select.epoll, outcome: LoadOutcome,
        lose: Lose,
    ) -> None:  # fmt: skip
        self._plan, self._process, self._links = plan, process, links
        self._epoll, self._outcome, self._lose = epoll, outcome, lose
        self._schedule = plan.profile.schedule
        self._templates = Templates(
            plan.kind, self._schedule, start_ms, plan.devices, process, plan.processes, plan.probe_every,
            plan.endpoint.mqtt5,
        )  # fmt: skip
        self._ready: dict[int, Link] = {}
        self._next = 0
        self.waiting = 0

    @property
    def is_through(self) -> bool:
        """Whether every message of the schedule was taken up; some may still wait."""
        return self._next >= self._schedule.total

    def send_due(self, start_s: float) -> bool:
        """Send what is due and has room; whether there is more than one turn takes. `start_s` by the monotonic clock."""
        due = self._schedule.due(time.monotonic() - start_s)
        upto = min(due, self._next + _AT_ONCE * self._plan.processes)
        groups = self._from_waiting()
        held = sum(len(messages) for _, _, messages in groups)
        if upto > self._next:
            groups += self._fresh(np.arange(self._next, upto, dtype=np.int64))
            self._next = upto
        if groups:
            self._count_sent(self._send(groups), held, start_s)
        return upto < due or bool(self._ready)

    def write(self, link: Link, data: memoryview | bytes, now_s: float) -> None:
        """Hand bytes to the socket; what it does not take is kept, and the rest of the link's messages wait."""
        link.last_sent_s = now_s
        if link.socket is None:
            return
        if link.outgoing:
            link.outgoing += bytes(data)
            return
        try:
            taken = link.socket.send(data)
        except BlockingIOError:
            taken = 0
        except OSError as error:
            self._lose(link, str(error))
            return
        if taken < len(data):
            link.outgoing = bytes(data[taken:])
            self._epoll.modify(link.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def flush(self, link: Link) -> None:
        """The socket takes bytes again."""
        data, link.outgoing = link.outgoing, b""
        self.write(link, data, time.monotonic())
        if not link.outgoing and link.socket is not None:
            self._epoll.modify(link.socket.fileno(), select.EPOLLIN)
            self.note_room(link)

    def note_room(self, link: Link) -> None:
        """Send what waits on this link in the next turn, if there is room."""
        if link.waiting and link.room > 0:
            self._ready[link.number] = link

    def resend(self, link: Link) -> None:
        """What an earlier connection left unacknowledged, under the same packet ids and marked as sent before."""
        if link.in_flight:
            ids = np.fromiter(link.in_flight.keys(), np.int64)
            messages = np.fromiter(link.in_flight.values(), np.int64)
            self._outcome.resent += len(ids)
            self.write(link, self._templates.encode(messages, ids, resent=True).tobytes(), time.monotonic())
        self.note_room(link)

    def _fresh(self, messages: Indices) -> list[Group]:
        """Our own of these messages by connection, as far as there is room; the others wait."""
        plan = self._plan
        device = messages % plan.devices
        if plan.processes > 1:
            own = device % plan.processes == self._process
            messages, device = messages[own], device[own]
        if not len(messages):
            return []
        number = device // plan.processes % len(self._links)
        order = np.argsort(number, kind="stable")
        numbers, in_order = number[order], messages[order].tolist()
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(in_order)]
        groups: list[Group] = []
        for begin, end in itertools.pairwise(edges):
            link, some = self._links[numbers[begin]], in_order[begin:end]
            room = 0 if link.waiting else max(0, link.room)
            if room < len(some):
                link.waiting.extend(some[room:])
                self.waiting += len(some) - room
                some = some[:room]
            if some:
                groups.append((link, link.take_ids(some), some))
        return groups

    def _from_waiting(self) -> list[Group]:
        """What waited for room on connections that have it again, a bounded number at a time."""
        groups: list[Group] = []
        taken = 0
        while self._ready and taken < _AT_ONCE:
            _, link = self._ready.popitem()
            count = min(link.room, len(link.waiting), _AT_ONCE - taken)
            if count > 0:
                some = [link.waiting.popleft() for _ in range(count)]
                groups.append((link, link.take_ids(some), some))
                taken += count
                self.note_room(link)
        self.waiting -= taken
        return groups

    def _send(self, groups: list[Group]) -> Indices:
        """Encode all in one go and hand each connection its stretch; the messages in the order of the groups."""
        ids = np.array([i for _, some, _ in groups for i in some], dtype=np.int64)
        messages = np.array([m for _, _, some in groups for m in some], dtype=np.int64)
        width = self._templates.packet_length
        view = memoryview(self._templates.encode(messages, ids).tobytes())
        now_s, at = time.monotonic(), 0
        for link, _, some in groups:
            until = at + len(some) * width
            self.write(link, view[at:until], now_s)
            at = until
        return messages

    def _count_sent(self, messages: Indices, held: int, start_s: float) -> None:
        """The first `held` messages had waited."""
        now_s = time.monotonic() - start_s
        late_ms = (now_s - self._schedule.intended_s(messages)) * 1000
        self._outcome.send_lag.add(late_ms)
        self._outcome.lag.add(late_ms[held:])
        self._outcome.held += held
        self._outcome.sent += len(messages)
        count_in_second(self._outcome.sent_by_second, now_s, len(messages))
