"""What a channel is to the rest."""

from typing import Protocol

from cases.notification.messages.message import Delivery
from domain.errors import UrbansenseError


class Undelivered(UrbansenseError):
    """A delivery that was not taken. `permanent`: trying again will not help. `retry_after_s`: not before that.

    The message is for people, and never holds an address with a key in it.
    """

    def __init__(self, reason: str, *, permanent: bool = False, retry_after_s: float = 0) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after_s = retry_after_s


class Channel(Protocol):
    """One way to notify somebody. Safe for many deliveries at once."""

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        """Returns once the other side has taken it. Raises: Undelivered."""

    async def close(self) -> None:
        """Let connections go."""
