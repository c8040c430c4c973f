"""`/api/v1/audit`: who did what, and whether the log was left alone."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from accounts import AuditEntry, read_audit, verify_audit
from accounts.service.services import AccountServices
from web.http.parameters import Cursor, From, Limit, Page, To, refuse_cursor, refuse_empty_range
from web.login.password import TAG


class AuditRow(BaseModel):
    """One row: who did what to what, and the hashes that hold it in place. Time: epoch ms."""

    sequence: int
    at_ms: int
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    previous: str
    hash: str


class Verdict(BaseModel):
    """Whether the chain holds. `broken_at` is the first row that does not; keep `last_hash` elsewhere."""

    holds: bool
    rows: int
    last_hash: str
    broken_at: int | None
    why: str


def audit_routes(people: AccountServices) -> APIRouter:
    router = APIRouter(prefix="/audit", tags=[TAG])

    @router.get("")
    async def list_audit(
        actor: Annotated[str | None, Query(description="What this one did.")] = None,
        subject: Annotated[str | None, Query(description="What was done to this, such as `user/olga`.")] = None,
        action: str | None = None,
        from_ms: From = None,
        to_ms: To = None,
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[AuditRow]:
        """The audit log, newest first."""
        refuse_empty_range(from_ms, to_ms)
        if cursor is not None and not (cursor.isdecimal() and cursor.isascii() and len(cursor) < 19):
            raise refuse_cursor(ValueError(f"{cursor!r} is no cursor of the audit log"))

        def read() -> list[AuditEntry]:
            with people.users.database.reading() as connection:
                return read_audit(
                    connection, actor=actor, subject=subject, action=action, from_ms=from_ms, to_ms=to_ms,
                    before=int(cursor) if cursor else None, limit=limit + 1,
                )  # fmt: skip

        rows = await asyncio.to_thread(read)
        shown = [AuditRow.model_validate(row, from_attributes=True) for row in rows[:limit]]
        return Page(items=shown, next=str(shown[-1].sequence) if len(rows) > limit else None)

    @router.get("/verify")
    async def verify(
        last: Annotated[
            str | None,
            Query(pattern="^[0-9a-f]{64}$", description="A hash kept from before: that row must still be there."),
        ] = None,
    ) -> Verdict:
        """Walk the whole chain, row by row."""

        def walk() -> Verdict:
            with people.users.database.reading() as connection:
                return Verdict.model_validate(verify_audit(connection, last), from_attributes=True)

        return await asyncio.to_thread(walk)

    return router
