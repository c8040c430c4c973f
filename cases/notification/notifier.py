"""Notification as a service: what happens to cases is sent to whom it concerns.

cases_history ──▶ HistoryFollower ──▶ outbox ──▶ Deliverer ──▶ channels
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from cases.deadlines import CityTimes
from cases.notification.channels.ports import Channel
from cases.notification.channels.register import open_channels
from cases.notification.delivery.deliverer import Deliverer
from cases.notification.document.model import NotifyDocument
from cases.notification.escalation import Escalations
from cases.notification.history_follower import HistoryFollower
from cases.notification.recipients.decision import Decision
from cases.notification.recipients.delivery_preferences import DeliveryPreferences
from cases.notification.recipients.directory import read_staff
from cases.notification.recipients.preferences import read_preferences
from cases.storage import CaseStore
from domain.errors import TransientFault
from domain.retry import Outage, pause

_POLL_S: Final = 0.5
_LEASE_MS: Final = 120_000
_log = structlog.get_logger()


class Notifier:
    """One notifier for one platform; a second one on the same database helps, and sends nothing twice.

    `escalations` are the policy's (`CasePolicy.escalations`), `times` its calendar; `clock` is the wall's, epoch ms.
    Delivery: at least once. A message that a killed process had under way goes out again under the same id.
    """

    def __init__(
        self,
        store: CaseStore,
        document: NotifyDocument,
        times: CityTimes,
        escalations: Escalations,
        clock: Callable[[], int],
        *,
        channels: Mapping[str, Channel] | None = None,
        poll_s: float = _POLL_S,
        lease_ms: int = _LEASE_MS,
    ) -> None:
        zone = times.calendar.zone
        self._clock = clock
        self._poll_s = poll_s
        self._channels = open_channels(document.channels) if channels is None else dict(channels)
        self._follower = HistoryFollower(store, _decided(document, zone), escalations, times)
        self._deliverer = Deliverer(
            store.database, self._channels, DeliveryPreferences(document, zone), clock, lease_ms
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Notify until `stop` is set; then finish what is under way. Waits out a database that is away."""
        outage = Outage(lambda fault: _log.warning("notification waits", error=str(fault)))
        try:
            while not stop.is_set():
                try:
                    busy = await asyncio.to_thread(self._follower.step, self._clock())
                    await self._deliverer.step()
                    outage.end()
                    await pause(stop, 0 if busy else self._poll_s)
                except TransientFault as fault:
                    await outage.wait(fault, stop)
        finally:
            try:
                await self._deliverer.finish()
            finally:
                for channel in self._channels.values():
                    await channel.close()


def _decided(document: NotifyDocument, zone: ZoneInfo) -> Callable[[Connection], Decision]:
    def decide(connection: Connection) -> Decision:
        return Decision(document, zone, read_staff(connection), read_preferences(connection))

    return decide
