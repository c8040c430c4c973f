"""How it is known that a session's queue is received to its end."""

import asyncio
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Final

_CONNECTIONS: Final = 3
"""On so many connections a queue is begun. Each one more was cut by another client that has the same id."""


@dataclass(slots=True)
class EndMark:
    """A message of our own that the broker queues behind all that it holds for the session.

    Only the payload of this mark counts, so nobody else can end the wait. `over` is set once the mark is received, or the
    connection was lost again and again: then `reached` is false.
    """

    payload: bytes = field(default_factory=lambda: token_hex(16).encode())
    over: asyncio.Event = field(default_factory=asyncio.Event)
    reached: bool = False
    _connections: int = 0

    def connected(self) -> None:
        """The session is connected, for the first time or once more."""
        self._connections += 1
        if self._connections > _CONNECTIONS:
            self.over.set()

    def receive(self, payload: bytes) -> None:
        """A message on the mark's topic."""
        if payload == self.payload:
            self.reached = True
            self.over.set()
