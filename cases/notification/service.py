"""What people may see and do about messages, whether or not a notifier runs here."""

from collections.abc import Collection
from uuid import UUID

from accounts.audit.log import append_audit
from cases.notification.delivery import outbox
from cases.notification.delivery.outbox import MessageStatus, Posted
from cases.notification.recipients.preferences import Preference, read_preferences, store_preference
from cases.storage import CaseStore


class NotificationService:
    """What people may see and do about messages, without a notifier running here. Synchronous; one transaction a call."""

    def __init__(self, store: CaseStore) -> None:
        self._database = store.database

    def posted(
        self,
        *,
        standing: MessageStatus | None = None,
        case_id: UUID | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Posted]:
        """Messages, the newest first; `before` is the sequence of the last one of the page before."""
        with self._database.reading() as connection:
            return outbox.read_posted(connection, standing=standing, case_id=case_id, before=before, limit=limit)

    def counts(self) -> dict[MessageStatus, int]:
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
        """How somebody wants to be notified; all open where they never chose."""
        with self._database.reading() as connection:
            return read_preferences(connection).get(username, Preference())

    def prefer(self, username: str, preference: Preference, actor: str, now_ms: int) -> None:
        """Keep how somebody wants to be notified. Noted in the audit log."""
        with self._database.writing() as connection:
            store_preference(connection, username, preference)
            details = preference.model_dump(mode="json", exclude_none=True)
            append_audit(connection, now_ms, actor, "notify.prefer", f"user/{username}", details)
