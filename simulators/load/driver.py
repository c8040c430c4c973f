"""One process of a load: its slice of the devices, on real connections, sending each message when it is meant to be sent.

    schedule ──due──▶ grouped by connection ──room?──yes──▶ encoded in one go ──▶ one send a connection ──▶ broker
                                                │ no                                        ▲                │
                                                └──▶ waiting ──── room again ───────────────┘◀──── PUBACK ───┘

One loop over epoll, no thread: in each turn all that is due is encoded as one array, and each connection takes its stretch
of it with a single call. Nothing slows the schedule down; what the broker does not take waits, and its intended time stays.
"""

import itertools
import resource
import select
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from simulators.load.dialling import Dialler
from simulators.load.link import Link, Standing
from simulators.load.mqtt import DISCONNECT, PINGREQ, ProtocolFault, parse, plain_acks
from simulators.load.packets import Templates
from simulators.load.plan import LoadPlan, Outcome, Progress
from simulators.load.schedule import Indices

_AT_ONCE: Final = 4000
_READ_BYTES: Final = 16_384
_HOUSEKEEPING_S: Final = 0.1
_POLL_S: Final = 0.005
_EVENTS: Final = 1024

Ask = Callable[[Progress], bool]
"""Told of the progress ten times a second; True ends the run at once."""


class LoadDriver:
    """Process `process` of a plan: devices `process`, `process` + `plan.processes`, … `start_ms` is message 0's time."""

    def __init__(self, plan: LoadPlan, process: int) -> None:
        self._plan = plan
        self._process = process
        own_devices = len(range(process, plan.devices, plan.processes))
        own = max(1, min(own_devices, len(range(process, plan.connections, plan.processes))))
        self._links = [Link(n, f"{plan.client_prefix}{process}-{n}", plan.window) for n in range(own)]
        self._by_fd: dict[int, Link] = {}
        self._epoll = select.epoll()
        self._dialler = Dialler(plan, self._links, self._epoll, self._by_fd)
        self._ready: dict[int, Link] = {}
        self._waiting = 0
        self._next = 0
        self._outcome = Outcome(connections=own)
        self._templates: Templates | None = None
        self._start_s = self._housekept_s = 0.0
        self._acknowledged = bytearray(plan.profile.schedule.total)
        self._is_out = False

    def connect(self, ask: Ask, within_s: float) -> bool:
        """Whether every connection is up within that time; the schedule has not begun yet.

        Raises: ConfigurationError where the broker refuses us for good.
        """
        deadline_s = time.monotonic() + within_s
        while self._dialler.up < len(self._links):
            self._turn(_POLL_S)
            if ask(self._progress()) or time.monotonic() > deadline_s:
                return False
        return True

    def run(self, start_ms: int, ask: Ask) -> Outcome:
        """Send the whole schedule, wait for what is not acknowledged, and disconnect."""
        plan, schedule = self._plan, self._plan.profile.schedule
        self._start_s = time.monotonic() + start_ms / 1000 - time.time()
        self._templates = Templates(
            plan.kind, schedule, start_ms, plan.devices, self._process, plan.processes, plan.probe_every, plan.mqtt5
        )
        cpu_began_s = _cpu_s()
        while not self._is_done():
            tick_ends_s = time.monotonic() + plan.tick_s
            behind = self._send_due()
            self._turn(0.0 if behind else tick_ends_s - time.monotonic())
            if self._housekeep(ask):
                break
        self._outcome.took_s = time.monotonic() - self._start_s
        self._outcome.cpu_s = _cpu_s() - cpu_began_s
        self._outcome.reconnects = self._dialler.reconnects
        self._outcome.acknowledged_bits = np.packbits(np.frombuffer(self._acknowledged, np.uint8))
        self._close()
        return self._outcome

    def _is_done(self) -> bool:
        elapsed_s = time.monotonic() - self._start_s
        schedule = self._plan.profile.schedule
        if self._next < schedule.total:
            return False
        answered = self._outcome.acknowledged + self._outcome.refused
        return (answered >= self._outcome.sent and not self._waiting) or (
            elapsed_s > schedule.duration_s + self._plan.patience_s
        )

    # Sending

    def _send_due(self) -> bool:
        """Send what is due and has room; whether more is due than one turn takes."""
        due = self._plan.profile.schedule.due(time.monotonic() - self._start_s)
        upto = min(due, self._next + _AT_ONCE * self._plan.processes)
        groups: list[tuple[Link, list[int]]] = self._from_waiting()
        held = sum(len(messages) for _, messages in groups)
        if upto > self._next:
            groups += self._fresh(np.arange(self._next, upto, dtype=np.int64))
            self._next = upto
        if groups:
            self._send(groups, held)
        return upto < due or bool(self._ready)

    def _fresh(self, messages: Indices) -> list[tuple[Link, list[int]]]:
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
        numbers, sorted_messages = number[order], messages[order].tolist()
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(sorted_messages)]
        groups: list[tuple[Link, list[int]]] = []
        for begin, end in itertools.pairwise(edges):
            link, some = self._links[numbers[begin]], sorted_messages[begin:end]
            room = 0 if link.waiting else link.room
            if room < len(some):
                link.waiting.extend(some[room:])
                self._waiting += len(some) - room
                some = some[:room]
            if some:
                groups.append((link, some))
        return groups

    def _from_waiting(self) -> list[tuple[Link, list[int]]]:
        """What waited for room on connections that have it again, a bounded number at a time."""
        groups, taken = [], 0
        while self._ready and taken < _AT_ONCE:
            number, link = self._ready.popitem()
            count = min(link.room, len(link.waiting), _AT_ONCE - taken)
            if count <= 0:
                continue
            groups.append((link, [link.waiting.popleft() for _ in range(count)]))
            taken += count
            if link.waiting and link.room > count:
                self._ready[number] = link
                break
        self._waiting -= taken
        return groups

    def _send(self, groups: list[tuple[Link, list[int]]], held: int) -> None:
        """Encode all in one go and hand each connection its stretch; the first `held` messages had waited."""
        assert self._templates is not None
        ids: list[int] = []
        messages: list[int] = []
        for link, some in groups:
            ids += link.take_ids(some)
            messages += some
        numbers = np.array(messages, dtype=np.int64)
        width = self._templates.packet_length
        view = memoryview(self._templates.encode(numbers, np.array(ids, dtype=np.int64)).tobytes())
        now_s, at = time.monotonic(), 0
        for link, some in groups:
            until = at + len(some) * width
            self._write(link, view[at:until], now_s)
            at = until
        self._count_sent(numbers, held)

    def _count_sent(self, numbers: Indices, held: int) -> None:
        now_s = time.monotonic() - self._start_s
        late_ms = (now_s - self._plan.profile.schedule.intended_s(numbers)) * 1000
        self._outcome.send_lag.add(late_ms)
        self._outcome.lag.add(late_ms[held:])
        self._outcome.held += held
        self._outcome.sent += len(numbers)
        _count(self._outcome.sent_by_second, now_s, len(numbers))

    def _write(self, link: Link, data: memoryview | bytes, now_s: float) -> None:
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

    def _flush(self, link: Link) -> None:
        data, link.outgoing = link.outgoing, b""
        self._write(link, data, time.monotonic())
        if not link.outgoing and link.socket is not None:
            self._epoll.modify(link.socket.fileno(), select.EPOLLIN)
            self._note_room(link)

    def _note_room(self, link: Link) -> None:
        if link.waiting and link.room > 0:
            self._ready[link.number] = link

    # Receiving

    def _turn(self, wait_s: float) -> None:
        """Handle what the sockets have to say, and dial.

        While messages wait for room the first answer ends the wait; else answers are gathered over it, which is cheaper.
        """
        if wait_s > 0 and not self._waiting:
            time.sleep(wait_s)
            wait_s = 0.0
        before = self._outcome.acknowledged
        events = self._epoll.poll(max(0.0, wait_s), _EVENTS)
        while events:
            for fd, what in events:
                self._hear(fd, what)
            events = self._epoll.poll(0, _EVENTS) if len(events) == _EVENTS else []
        if answered := self._outcome.acknowledged - before:
            _count(self._outcome.acknowledged_by_second, time.monotonic() - self._start_s, answered)
        self._dialler.dial_more()

    def _hear(self, fd: int, what: int) -> None:
        link = self._by_fd.get(fd)
        if link is None:
            return
        if what & select.EPOLLOUT:
            if link.standing is Standing.DIALLING:
                self._dialler.greet(link)
            elif link.outgoing:
                self._flush(link)
        if what & ~select.EPOLLOUT:
            self._read(link)

    def _read(self, link: Link) -> None:
        if link.socket is None:
            return
        try:
            data = link.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(link, str(error))
            return
        if not data:
            self._lose(link, "the broker closed the connection")
            return
        plain = None if link.incoming else plain_acks(data)
        if plain is not None:
            self._acknowledge(link, *plain)
        else:
            self._read_all(link, link.incoming + data)

    def _read_all(self, link: Link, data: bytes) -> None:
        try:
            answers, link.incoming = parse(data, mqtt5=self._plan.mqtt5)
        except ProtocolFault as fault:
            self._lose(link, str(fault))
            return
        if answers.connack is not None:
            self._dialler.welcome(link, answers, self._plan.window)
            if link.standing is Standing.UP:
                self._resend(link)
        self._acknowledge(link, answers.acknowledged, answers.unheard)
        for packet_id in answers.refused:
            self._outcome.refused += link.in_flight.pop(packet_id, None) is not None
        if answers.goodbye:
            self._lose(link, "the broker said goodbye")
        self._note_room(link)

    def _acknowledge(self, link: Link, ids: list[int], unheard: int) -> None:
        pop, marks, count = link.in_flight.pop, self._acknowledged, 0
        for packet_id in ids:
            message = pop(packet_id, -1)
            if message >= 0:
                marks[message] = 1
                count += 1
        self._outcome.acknowledged += count
        self._outcome.unheard += unheard
        if link.waiting:
            self._note_room(link)

    def _resend(self, link: Link) -> None:
        """What an earlier connection left unacknowledged, under the same packet ids and marked as sent before."""
        if link.in_flight and self._templates is not None:
            ids = np.fromiter(link.in_flight.keys(), np.int64)
            messages = np.fromiter(link.in_flight.values(), np.int64)
            self._outcome.resent += len(ids)
            self._write(link, self._templates.encode(messages, ids, resent=True).tobytes(), time.monotonic())
        self._note_room(link)

    # Keeping

    def _housekeep(self, ask: Ask) -> bool:
        now_s = time.monotonic()
        if now_s - self._housekept_s < _HOUSEKEEPING_S:
            return False
        self._housekept_s = now_s
        outage, elapsed_s = self._plan.outage, now_s - self._start_s
        if outage is not None and not self._is_out and outage.start_s <= elapsed_s < outage.end_s:
            self._is_out = True
            cut = self._links[: round(len(self._links) * outage.share)]
            for link in cut:
                self._ready.pop(link.number, None)
            self._dialler.cut(cut, self._start_s + outage.end_s)
        for link in self._links:
            if (
                now_s - link.last_sent_s > self._plan.keepalive_s / 2
                and link.standing is Standing.UP
                and not link.outgoing
            ):
                self._write(link, PINGREQ, now_s)
        return ask(self._progress())

    def _lose(self, link: Link, problem: str) -> None:
        self._ready.pop(link.number, None)
        self._dialler.lost(link, problem)

    def _progress(self) -> Progress:
        done = self._outcome
        return Progress(self._dialler.up, done.sent, done.acknowledged, done.refused, self._waiting)

    def _close(self) -> None:
        for link in self._links:
            if link.standing is Standing.UP and not link.outgoing:
                self._write(link, DISCONNECT, 0.0)
            if link.socket is not None:
                link.socket.close()
        self._epoll.close()


def _count(by_second: list[int], at_s: float, count: int) -> None:
    second = max(0, int(at_s))
    if second >= len(by_second):
        by_second += [0] * (second + 1 - len(by_second))
    by_second[second] += count


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
