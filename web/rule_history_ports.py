"""What the web needs of rules and the past: trying rules over it, and telling why there is an event or none."""

from collections.abc import Callable
from typing import Protocol

from rules.backtest import BacktestPlan, BacktestResult, Progress
from rules.backtest.preparing import BacktestRequest


class RuleHistory(Protocol):
    """Safe to use from many tasks of one event loop, which none of it blocks for long."""

    async def prepare(self, request: BacktestRequest) -> BacktestPlan:
        """Raises: rules.definitions.UnknownRule, rules.problems.BadRules, ValueError with what is wrong."""

    async def backtest(
        self, request: BacktestRequest, plan: BacktestPlan, tell: Callable[[Progress], None]
    ) -> BacktestResult:
        """Run it; cancelling the call ends it. Raises: rules.backtest.NothingStored."""
