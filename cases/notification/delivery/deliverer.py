"""From the outbox to the channels: who is notified now, and what became of it."""

import asyncio
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final

import structlog
from sqlalchemy import Connection

from cases.notification.channels.ports import Channel, Undelivered
from cases.notification.delivery import outbox
from cases.notification.delivery.outbox import MessageStatus, Recipient
from cases.notification.messages.message import Delivery
from cases.notification.recipients.delivery_preferences import DeliveryPreferences
from cases.notification.recipients.preferences import read_preferences
from cases.notification.timing.scheduling import schedule_deliveries
from cases.storage import Database
from domain.errors import TransientFault
from domain.retry import backoff_s
from domain.time.units import MINUTE_MS

_FIRST_WAIT_S: Final = 5.0
_LONGEST_WAIT_S: Final = 900.0
_LONGEST_SLEEP_MS: Final = MINUTE_MS
"""After that a recipient is looked at again in any case: somebody may have changed their quiet hours."""
_AT_ONCE: Final = 16
_log = structlog.get_logger()


class Deliverer:
    """Sends what is due, several recipients at once and never two deliveries of one recipient's plan apart.

    `lease_ms` is how long a delivery that was begun is nobody else's; it is longer than any channel takes. A process that
    is killed meanwhile leaves it to the next one after that, under the same id.
    """

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        preferences: DeliveryPreferences,
        clock: Callable[[], int],
        lease_ms: int,
    ) -> None:
        self._database = database
        self._channels = channels
        self._preferences = preferences
        self._clock = clock
        self._lease_ms = lease_ms
        self._under_way: dict[Recipient, asyncio.Task[None]] = {}
        self._asleep: dict[Recipient, tuple[tuple[int, int], int]] = {}
        self._failing: set[str] = set()

    async def step(self) -> None:
        """Begin whatever can be sent now."""
        self._reap()
        waiting = await asyncio.to_thread(self._waiting)
        now_ms = self._clock()
        self._asleep = {one: sleep for one, sleep in self._asleep.items() if one in waiting}
        self._name_strangers({channel for channel, _ in waiting} - self._channels.keys())
        for recipient, state in waiting.items():
            if len(self._under_way) >= _AT_ONCE:
                return
            sleep = self._asleep.get(recipient)
            is_asleep = sleep is not None and sleep[0] == state and now_ms < sleep[1]
            if recipient not in self._under_way and recipient[0] in self._channels and not is_asleep:
                claimed, again_ms = await asyncio.to_thread(self._claim, recipient)
                until_ms = now_ms + _LONGEST_SLEEP_MS
                self._asleep[recipient] = (state, until_ms if again_ms is None else min(again_ms, until_ms))
                if claimed:
                    del self._asleep[recipient]
                    self._under_way[recipient] = asyncio.create_task(self._send_all(claimed))

    def _name_strangers(self, channels: set[str]) -> None:
        """Messages for a channel that the document names no more wait until it does again."""
        for channel in channels - self._failing:
            self._failing.add(channel)
            _log.warning("messages wait", channel=channel, reason="the document has no such channel")

    async def finish(self) -> None:
        """Wait for what is under way; the channels' time limits bound it."""
        for ended in await asyncio.gather(*self._under_way.values(), return_exceptions=True):
            if isinstance(ended, BaseException) and not isinstance(ended, TransientFault):
                raise ended
        self._under_way.clear()

    def _reap(self) -> None:
        for recipient, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[recipient]
                task.result()

    def _waiting(self) -> dict[Recipient, tuple[int, int]]:
        with self._database.reading() as connection:
            return outbox.recipients(connection)

    def _claim(self, recipient: Recipient) -> tuple[list[Delivery], int | None]:
        """What is to be sent to a recipient now, and when to look again."""
        with self._database.reading() as connection:
            again_ms = self._plan(connection, recipient)[1]
            if again_ms is not None:
                return [], again_ms
        with self._database.writing() as connection:
            return self._plan(connection, recipient, claims=True)

    def _plan(
        self, connection: Connection, recipient: Recipient, claims: bool = False
    ) -> tuple[list[Delivery], int | None]:
        waiting, person = outbox.waiting_for(connection, recipient)
        preference = read_preferences(connection).get(person) if person is not None else None
        wanted = self._preferences.of(recipient[0], person, preference, connection)
        now_ms = self._clock()
        planned = schedule_deliveries(waiting, wanted, outbox.full_at_ms(connection, recipient), now_ms)
        if not planned.batches:
            return [], planned.look_again_ms or now_ms + _LONGEST_SLEEP_MS
        if not claims:
            return [], None
        outbox.keep_bucket(connection, recipient, planned.full_at_ms)
        lease_ms = now_ms + self._lease_ms
        return [outbox.claim(connection, recipient, batch, lease_ms, now_ms) for batch in planned.batches], None

    async def _send_all(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            await self._send(delivery)

    async def _send(self, delivery: Delivery) -> None:
        try:
            await self._channels[delivery.channel].send(delivery, self._clock())
        except Undelivered as fault:
            await asyncio.to_thread(self._note_failure, delivery, fault)
            return
        await asyncio.to_thread(self._note, delivery, MessageStatus.SENT, "")
        if delivery.channel in self._failing:
            self._failing.discard(delivery.channel)
            _log.info("messages go out again", channel=delivery.channel)

    def _note(self, delivery: Delivery, standing: MessageStatus, reason: str) -> None:
        with self._database.writing() as connection:
            outbox.settle(connection, delivery, standing, reason, self._clock())

    def _note_failure(self, delivery: Delivery, fault: Undelivered) -> None:
        now_ms = self._clock()
        with self._database.writing() as connection:
            tries, first_ms = outbox.tried(connection, delivery)
            wait_s = max(fault.retry_after_s, next(islice(backoff_s(_FIRST_WAIT_S, _LONGEST_WAIT_S), tries - 1, None)))
            next_ms = now_ms + round(wait_s * 1000)
            given_up = tries >= self._preferences.most_tries or next_ms >= first_ms + self._preferences.give_up_after_ms
            if fault.permanent or given_up:
                why = str(fault) if fault.permanent else f"given up after {tries} tries: {fault}"
                outbox.settle(connection, delivery, MessageStatus.DEAD, why, now_ms)
            else:
                outbox.postpone(connection, delivery, next_ms, str(fault))
        if fault.permanent or given_up:
            ids = [str(identity) for identity, _ in delivery.messages]
            _log.error("messages are dead letters", channel=delivery.channel, reason=why, messages=ids)
        elif delivery.channel not in self._failing:
            self._failing.add(delivery.channel)
            _log.warning("messages wait", channel=delivery.channel, reason=str(fault))
