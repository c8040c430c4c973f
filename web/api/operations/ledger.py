"""`/api/v1/ledger`: what became of every report."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import APIRouter

from domain.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerStatement(Ledger):
    """Both ledgers, the rejections by reason, and whether the sums agree."""

    store_balances: bool
    rules_balance: bool


def statement_of(ledger: Ledger) -> LedgerStatement:
    return LedgerStatement(
        store=ledger.store,
        rules=ledger.rules,
        rejected=ledger.rejected,
        rejected_in_part=ledger.rejected_in_part,
        store_balances=ledger.store.balances,
        rules_balance=ledger.rules.balances,
    )


def ledger_routes(ledger: Callable[[], Awaitable[Ledger]]) -> APIRouter:
    router = APIRouter(prefix="/ledger", tags=["ledger"])

    @router.get("")
    async def get_ledger() -> LedgerStatement:
        """accepted = stored + duplicate + refused + pending, and likewise for the rules, or reports were lost."""
        return statement_of(await ledger())

    return router
