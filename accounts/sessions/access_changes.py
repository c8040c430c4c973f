"""Whether anybody may have lost access since the last look, in this process or another: the audit log has a row of it."""

from typing import Final

from sqlalchemy import func, select

from accounts.ports import Database
from accounts.storage.tables import audit

_ENDING: Final = (
    "logout", "logout-everywhere", "password-changed", "token-revoked", "user-changed", "user-disabled",
)  # fmt: skip


class AccessChanges:
    """One reader's place in the audit log. Synchronous. Raises, from `any`: domain.errors.TransientFault."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last: int | None = None

    def any(self) -> bool:
        """Whether a session, a token or a right ended since the last call; at the first one, nobody knows: it is so."""
        with self._database.reading() as connection:
            newest = connection.execute(select(func.max(audit.c.sequence))).scalar() or 0
            first, since = self._last is None, self._last or 0
            ending = select(audit.c.sequence).where(
                audit.c.sequence > since, audit.c.sequence <= newest, audit.c.action.in_(_ENDING)
            )
            found = first or (newest > since and connection.execute(ending.limit(1)).first() is not None)
        self._last = newest
        return found
