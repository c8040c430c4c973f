"""One process of a load: its slice of the devices, on real connections, sending each message when it is meant to be sent.

    schedule ──▶ Outbox ──▶ broker ──PUBACK──▶ books ──▶ room for what waits
                   ▲           │
    Dialler ──up───┘           └──connection lost──▶ Dialler ──▶ up again ──▶ sent again

One loop over epoll, no thread: in each turn all that is due is encoded as one array, and each connection takes its stretch
of it with a single call. Nothing slows the schedule down; what the broker does not take waits, and its intended time stays.
"""

import resource
import select
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from simulators.fleet.dialling import Dialler
from simulators.fleet.link import Link, LinkState
from simulators.fleet.mqtt import DISCONNECT, PINGREQ, ProtocolFault, parse, plain_acks
from simulators.fleet.outbox import Outbox
from simulators.fleet.plan import LoadOutcome, LoadPlan, LoadProgress, count_in_second

_READ_BYTES: Final = 16_384
_HOUSEKEEPING_S: Final = 0.1
_POLL_S: Final = 0.005
_EVENTS: Final = 1024

Ask = Callable[[LoadProgress], bool]
"""Called with the progress ten times a second; True ends the run at once."""


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
        self._outcome = LoadOutcome(connections=own)
        self._outbox: Outbox | None = None
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

    def run(self, start_ms: int, ask: Ask) -> LoadOutcome:
        """Send the whole schedule, wait for what is not acknowledged, and disconnect."""
        plan = self._plan
        self._start_s = time.monotonic() + start_ms / 1000 - time.time()
        self._outbox = outbox = Outbox(
            plan, self._process, start_ms, self._links, self._epoll, self._outcome, self._dialler.lost
        )
        cpu_began_s = _cpu_s()
        while not self._is_done(outbox):
            tick_ends_s = time.monotonic() + plan.tick_s
            behind = outbox.send_due(self._start_s)
            self._turn(0.0 if behind else tick_ends_s - time.monotonic())
            if self._housekeep(outbox, ask):
                break
        self._outcome.took_s = time.monotonic() - self._start_s
        self._outcome.cpu_s = _cpu_s() - cpu_began_s
        self._outcome.reconnects = self._dialler.reconnects
        self._outcome.acknowledged_bits = np.packbits(np.frombuffer(self._acknowledged, np.uint8))
        self._close(outbox)
        return self._outcome

    def _is_done(self, outbox: Outbox) -> bool:
        if not outbox.is_through:
            return False
        outcome, elapsed_s = self._outcome, time.monotonic() - self._start_s
        if outcome.acknowledged + outcome.refused >= outcome.sent and not outbox.waiting:
            return True
        return elapsed_s > self._plan.profile.schedule.duration_s + self._plan.patience_s

    # Receiving

    def _turn(self, wait_s: float) -> None:
        """Handle what the sockets received, and dial.

        While messages wait for room the first answer ends the wait; else answers are gathered over it, which is cheaper.
        """
        if wait_s > 0 and not (self._outbox and self._outbox.waiting):
            time.sleep(wait_s)
            wait_s = 0.0
        before = self._outcome.acknowledged
        events = self._epoll.poll(max(0.0, wait_s), _EVENTS)
        while events:
            for fd, what in events:
                self._receive(fd, what)
            events = self._epoll.poll(0, _EVENTS) if len(events) == _EVENTS else []
        if answered := self._outcome.acknowledged - before:
            count_in_second(self._outcome.acknowledged_by_second, time.monotonic() - self._start_s, answered)
        self._dialler.dial_more()

    def _receive(self, fd: int, what: int) -> None:
        link = self._by_fd.get(fd)
        if link is None:
            return
        if what & select.EPOLLOUT:
            if link.standing is LinkState.DIALLING:
                self._dialler.greet(link)
            elif link.outgoing and self._outbox:
                self._outbox.flush(link)
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
            self._dialler.lost(link, str(error))
            return
        if not data:
            self._dialler.lost(link, "the broker closed the connection")
            return
        plain = None if link.incoming else plain_acks(data)
        if plain is not None:
            self._acknowledge(link, *plain)
        else:
            self._read_all(link, link.incoming + data)

    def _read_all(self, link: Link, data: bytes) -> None:
        try:
            answers, link.incoming = parse(data, mqtt5=self._plan.endpoint.mqtt5)
        except ProtocolFault as fault:
            self._dialler.lost(link, str(fault))
            return
        if answers.connack is not None:
            self._dialler.welcome(link, answers, self._plan.window)
            if link.standing is LinkState.UP and self._outbox:
                self._outbox.resend(link)
        self._acknowledge(link, answers.acknowledged, answers.unheard)
        for packet_id in answers.refused:
            self._outcome.refused += link.in_flight.pop(packet_id, None) is not None
        if answers.goodbye:
            self._dialler.lost(link, "the broker said goodbye")
        if self._outbox:
            self._outbox.note_room(link)

    def _acknowledge(self, link: Link, ids: list[int], unheard: int) -> None:
        pop, marks, count = link.in_flight.pop, self._acknowledged, 0
        for packet_id in ids:
            message = pop(packet_id, -1)
            if message >= 0:
                marks[message] = 1
                count += 1
        self._outcome.acknowledged += count
        self._outcome.unheard += unheard
        if link.waiting and self._outbox:
            self._outbox.note_room(link)

    # Keeping

    def _housekeep(self, outbox: Outbox, ask: Ask) -> bool:
        now_s = time.monotonic()
        if now_s - self._housekept_s < _HOUSEKEEPING_S:
            return False
        self._housekept_s = now_s
        outage, elapsed_s = self._plan.outage, now_s - self._start_s
        if outage is not None and not self._is_out and outage.start_s <= elapsed_s < outage.end_s:
            self._is_out = True
            self._dialler.cut(self._links[: round(len(self._links) * outage.share)], self._start_s + outage.end_s)
        for link in self._links:
            if (
                now_s - link.last_sent_s > self._plan.keepalive_s / 2
                and link.standing is LinkState.UP
                and not link.outgoing
            ):
                outbox.write(link, PINGREQ, now_s)
        return ask(self._progress())

    def _progress(self) -> LoadProgress:
        done = self._outcome
        return LoadProgress(
            self._dialler.up, done.sent, done.acknowledged, done.refused, self._outbox.waiting if self._outbox else 0
        )

    def _close(self, outbox: Outbox) -> None:
        for link in self._links:
            if link.standing is LinkState.UP and not link.outgoing:
                outbox.write(link, DISCONNECT, 0.0)
            if link.socket is not None:
                link.socket.close()
        self._epoll.close()


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
