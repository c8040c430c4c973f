"""The audit log: who did what to what, one row behind the other, each sealed by a hash over itself and the one before.

row n ──▶ hash(n) = sha256(hash(n-1), row n) ──▶ row n+1 …
A row that is changed, taken out or put in breaks every hash behind it. The newest rows can be cut off without a trace in
the log itself: whoever must prove that none is missing keeps the last hash elsewhere, and has it checked. Where the oldest
were cut off to bound the log (`accounts.audit.trimming`), the first row left follows the hash in the newest row of that
action.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import Connection, insert, select

from accounts.storage.tables import audit

BEGINNING: Final = "0" * 64
"""What the first row has for the hash before it."""
TRIMMED: Final = "audit.trimmed"
"""The action of the row that records how many of the oldest rows were cut off, and the hash of the last of them."""
_PAGE: Final = 5_000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row. Time: `at_ms` by our clock, epoch ms. `subject` is what was acted on, such as `case/2026-000017`."""

    sequence: int
    at_ms: int
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the chain holds. `broken_at` is the sequence of the first row that does not, with `why`."""

    rows: int
    last_hash: str
    broken_at: int | None = None
    why: str = ""

    @property
    def holds(self) -> bool:
        return self.broken_at is None and not self.why


def append_audit(
    connection: Connection, at_ms: int, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Add a row, in the transaction of the change that it records. One writer at a time, so no two rows follow one."""
    newest = select(audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)
    previous = connection.execute(newest).scalar_one_or_none() or BEGINNING
    written = orjson.dumps(details or {}, option=orjson.OPT_SORT_KEYS).decode()
    sealed = seal(previous, at_ms, actor, action, subject, written)
    row = {
        "at_ms": at_ms,
        "actor": actor,
        "action": action,
        "subject": subject,
        "details": written,
        "previous": previous,
        "hash": sealed,
    }
    connection.execute(insert(audit).values(row))


def seal(previous: str, at_ms: int, actor: str, action: str, subject: str, details: str) -> str:
    """The hash of a row: SHA-256, hexadecimal, over a JSON array of the hash before and the row's columns."""
    return sha256(orjson.dumps([previous, at_ms, actor, action, subject, details])).hexdigest()


def verify_audit(connection: Connection, expected_last: str | None = None) -> AuditVerdict:
    """Walk the whole chain. With `expected_last` that hash must be one of its rows', else the end was cut off."""
    previous, rows = _start_of(connection), 0
    seen = expected_last in (None, BEGINNING, previous)
    for row in _rows(connection):
        sealed = seal(row.previous, row.at_ms, row.actor, row.action, row.subject, row.details)
        if row.previous != previous:
            return AuditVerdict(rows, previous, row.sequence, "it does not follow the row before it")
        if row.hash != sealed:
            return AuditVerdict(rows, previous, row.sequence, "it was changed")
        previous, rows = row.hash, rows + 1
        seen = seen or row.hash == expected_last
    return AuditVerdict(rows, previous, why="" if seen else f"no row has the hash {expected_last}: the end is missing")


def read_audit(
    connection: Connection, *, actor: str | None = None, subject: str | None = None, action: str | None = None,
    from_ms: int | None = None, to_ms: int | None = None, before: int | None = None, limit: int = 100,
) -> list[AuditEntry]:  # fmt: skip
    """The newest rows first, of [from, to); `before` is the sequence at which the last page ended."""
    bounds = (
        None if actor is None else audit.c.actor == actor,
        None if subject is None else audit.c.subject == subject,
        None if action is None else audit.c.action == action,
        None if from_ms is None else audit.c.at_ms >= from_ms,
        None if to_ms is None else audit.c.at_ms < to_ms,
        None if before is None else audit.c.sequence < before,
    )
    asked = [bound for bound in bounds if bound is not None]
    wanted = select(audit).where(*asked).order_by(audit.c.sequence.desc()).limit(limit)
    return [
        AuditEntry(
            row.sequence,
            row.at_ms,
            row.actor,
            row.action,
            row.subject,
            orjson.loads(row.details),
            row.previous,
            row.hash,
        )
        for row in connection.execute(wanted)
    ]


def _start_of(connection: Connection) -> str:
    """The hash that the first row must follow."""
    trimmed = select(audit.c.details).where(audit.c.action == TRIMMED).order_by(audit.c.sequence.desc()).limit(1)
    details = connection.execute(trimmed).scalar_one_or_none()
    return BEGINNING if details is None else str(orjson.loads(details).get("last_hash"))


def _rows(connection: Connection) -> Iterator[Any]:
    last = 0
    while True:
        rows = connection.execute(
            select(audit).where(audit.c.sequence > last).order_by(audit.c.sequence).limit(_PAGE)
        ).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        last = rows[-1].sequence
