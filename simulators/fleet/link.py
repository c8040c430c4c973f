"""One MQTT connection of the load: its socket, what waits for it, and what it has sent and not had acknowledged."""

import socket
from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import Final

from domain.retry import backoff_s

_PACKET_IDS: Final = 65535


class LinkState(Enum):
    """Where a connection stands: off (by an outage, or before its next try), dialling, greeting (CONNECT sent), or up."""

    OFF = 0
    DIALLING = 1
    GREETING = 2
    UP = 3


class Link:
    """A connection and its books. `in_flight` keeps the order of sending: packet id to message.

    `outgoing` are bytes that the socket did not take yet, `incoming` the beginning of a packet that is not whole yet.
    """

    __slots__ = (
        "backoff", "client_id", "deadline_s", "in_flight", "incoming", "last_sent_s", "next_id", "number", "outgoing",
        "socket", "standing", "waiting", "window",
    )  # fmt: skip

    def __init__(self, number: int, client_id: str, window: int) -> None:
        self.number = number
        self.client_id = client_id
        self.window = window
        self.socket: socket.socket | None = None
        self.standing = LinkState.OFF
        self.in_flight: dict[int, int] = {}
        self.waiting: deque[int] = deque()
        self.outgoing = b""
        self.incoming = b""
        self.next_id = 1
        self.last_sent_s = 0.0
        self.deadline_s = 0.0
        self.backoff: Iterator[float] = backoff_s()

    @property
    def room(self) -> int:
        """How many messages may be sent now."""
        if self.standing is not LinkState.UP or self.outgoing:
            return 0
        return self.window - len(self.in_flight)

    def take_ids(self, messages: list[int]) -> list[int]:
        """Packet ids for these messages, which are in flight from now on."""
        count, first = len(messages), self.next_id
        if first + count <= _PACKET_IDS:
            ids = list(range(first, first + count))
            self.next_id = first + count
        else:
            ids = [(first - 1 + i) % _PACKET_IDS + 1 for i in range(count)]
            self.next_id = ids[-1] % _PACKET_IDS + 1
        in_flight = self.in_flight
        if not in_flight or in_flight.keys().isdisjoint(ids):
            in_flight.update(zip(ids, messages, strict=True))
            return ids
        return self._take_free_ids(messages)

    def _take_free_ids(self, messages: list[int]) -> list[int]:
        """One by one, past ids that a broker has left unanswered for a whole round."""
        ids = []
        for message in messages:
            while self.next_id in self.in_flight:
                self.next_id = self.next_id % _PACKET_IDS + 1
            ids.append(self.next_id)
            self.in_flight[self.next_id] = message
            self.next_id = self.next_id % _PACKET_IDS + 1
        return ids
