"""Notification as a service: what happens to cases is told to whom it concerns.

cases_history ──▶ Following ──▶ outbox ──▶ Delivering ──▶ e-mail, WeCom, DingTalk, webhooks
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection

from cases.deadlines import CityTimes
from cases.notification import outbox
from cases.notification.channels import Channel, open_channels
from cases.notification.decision import Decision
from cases.notification.delivering import Delivering
from cases.notification.directory import read_staff
from cases.notification.document import NotifyDocument
from cases.notification.following import Following
from cases.notification.manners import Manners
from cases.notification.outbox import Posted, Standing
from cases.notification.preferences import Preference, read_preferences, store_preference
from cases.notification.watching import Escalations
from cases.people.audit import append_audit
from cases.storage import CaseBook
from domain.errors import TransientFault
from domain.retry import backoff_s, pause

_POLL_S: Final = 0.5
_LEASE_MS: Final = 120_000
_log = structlog.get_logger()


class Notifier:
    """One notifier for one platform; a second one on the same database helps, and tells nothing twice.

    `escalations` are the policy's (`CasePolicy.escalations`), `times` its calendar; `clock` is the wall's, epoch ms.
    Delivery: at least once. A message that a killed process had under way goes out again under the same id.
    """

    def __init__(
        self,
        book: CaseBook,
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
        self._channels = open_channels(document) if channels is None else dict(channels)
        self._following = Following(book, _decided(document, zone), escalations, times)
        self._delivering = Delivering(book.database, self._channels, Manners(document, zone), clock, lease_ms)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell until `stop` is set; then finish what is under way. Waits out a database that is away."""
        waits = None
        try:
            while not stop.is_set():
                try:
                    busy = await asyncio.to_thread(self._following.step, self._clock())
                    await self._delivering.step()
                    waits = None
                    await pause(stop, 0 if busy else self._poll_s)
                except TransientFault as fault:
                    if waits is None:
                        _log.warning("notification waits", error=str(fault))
                        waits = backoff_s()
                    await pause(stop, next(waits))
        finally:
            try:
                await self._delivering.finish()
            finally:
                for channel in self._channels.values():
                    await channel.close()


class Mailroom:
    """What people may see and do about messages, without a notifier running here. Synchronous; one transaction a call."""

    def __init__(self, book: CaseBook) -> None:
        self._database = book.database

    def posted(
        self,
        *,
        standing: Standing | None = None,
        case_id: UUID | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Posted]:
        """Messages, the newest first; `before` is the sequence of the last one of the page before."""
        with self._database.reading() as connection:
            return outbox.read_posted(connection, standing=standing, case_id=case_id, before=before, limit=limit)

    def counts(self) -> dict[Standing, int]:
        """How many messages there are of each standing."""
        with self._database.reading() as connection:
            return outbox.counts(connection)

    def retry(self, ids: Collection[UUID] | None, actor: str, now_ms: int) -> int:
        """How many dead letters wait anew; None is all of them. Others are left as they are. Noted in the audit log."""
        with self._database.writing() as connection:
            count = outbox.revive(connection, ids, now_ms)
            if count:
                append_audit(connection, now_ms, actor, "notify.retry", "notify/messages", {"messages": count})
            return count

    def preference(self, username: str) -> Preference:
        """How somebody wants to be told; all open where they never said."""
        with self._database.reading() as connection:
            return read_preferences(connection).get(username, Preference())

    def prefer(self, username: str, preference: Preference, actor: str, now_ms: int) -> None:
        """Keep how somebody wants to be told. Noted in the audit log."""
        with self._database.writing() as connection:
            store_preference(connection, username, preference)
            details = preference.model_dump(mode="json", exclude_none=True)
            append_audit(connection, now_ms, actor, "notify.prefer", f"user/{username}", details)


def _decided(document: NotifyDocument, zone: ZoneInfo) -> Callable[[Connection], Decision]:
    def decide(connection: Connection) -> Decision:
        return Decision(document, zone, read_staff(connection), read_preferences(connection))

    return decide
