"""The oldest rows of the audit log cut off, so that it does not grow for ever; what is left can still be verified.

The cut is itself a row at the end of the chain: it holds the hash of the last row that went, which the first row left has
for the hash before it. A log that was cut by anybody else does not fit its last such row.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Connection, delete, func, select

from accounts.audit.log import TRIMMED, append_audit
from accounts.ports import Database
from accounts.storage.tables import audit
from domain.errors import TransientFault
from domain.retry import pause

_KEPT_SHARE: Final = 0.9
_EVERY_S: Final = 3600.0
_ACTOR: Final = "@audit-keeper"
_log = structlog.get_logger()


def trim_audit(connection: Connection, most_rows: int, at_ms: int) -> int:
    """How many of the oldest rows were deleted: none up to `most_rows`, else a tenth of them and what is beyond.

    In one transaction with the row that records it.
    """
    first, last = _ends(connection)
    if last - first < most_rows:
        return 0
    cut = select(audit.c.sequence, audit.c.hash).where(audit.c.sequence <= last - int(most_rows * _KEPT_SHARE))
    newest = connection.execute(cut.order_by(audit.c.sequence.desc()).limit(1)).one()
    deleted = connection.execute(delete(audit).where(audit.c.sequence <= newest.sequence)).rowcount
    append_audit(connection, at_ms, _ACTOR, TRIMMED, "audit", {"rows": deleted, "last_hash": newest.hash})
    return deleted


def _ends(connection: Connection) -> tuple[int, int]:
    """The sequences of the first row and the last; (0, -1) of an empty log. What was rolled back leaves gaps."""
    first, last = connection.execute(select(func.min(audit.c.sequence), func.max(audit.c.sequence))).one()
    return (0, -1) if first is None else (first, last)


@dataclass
class AuditKeeper:
    """The service that keeps the audit log within `most_rows`; 0 keeps everything. It looks each hour."""

    database: Database
    most_rows: int
    now_ms: Callable[[], int]
    every_s: float = _EVERY_S

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                deleted = await asyncio.to_thread(self.trim)
            except TransientFault as fault:
                _log.warning("the audit log could not be trimmed", error=str(fault))
            else:
                if deleted:
                    _log.warning("the oldest rows of the audit log were deleted", rows=deleted, kept=self.most_rows)
            await pause(stop, self.every_s)

    def trim(self) -> int:
        """How many rows were deleted. Raises: TransientFault when the database does not answer."""
        if not self.most_rows:
            return 0
        with self.database.writing() as connection:
            return trim_audit(connection, self.most_rows, self.now_ms())

    def count(self) -> int:
        """How many rows there are, about. Raises: TransientFault when the database does not answer."""
        with self.database.reading() as connection:
            first, last = _ends(connection)
        return last - first + 1
