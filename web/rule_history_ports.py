"""What the web needs of rules and the past: trying rules over it, and telling why there is an event or none."""

from collections.abc import Callable
from typing import Protocol

from domain.events import Event
from rules.backtest import BacktestPlan, BacktestResult, Progress
from rules.backtest.preparing import BacktestRequest
from rules.explaining import Explanation, WhyNot


class RuleHistory(Protocol):
    """Safe to use from many tasks of one event loop, which none of it blocks for long."""

    async def prepare(self, request: BacktestRequest) -> BacktestPlan:
        """Raises: rules.definitions.UnknownRule, rules.problems.BadRules, ValueError with what is wrong."""

    async def backtest(
        self, request: BacktestRequest, plan: BacktestPlan, tell: Callable[[Progress], None]
    ) -> BacktestResult:
        """Run it; cancelling the call ends it. Raises: rules.backtest.NothingStored."""

    async def explain(self, event: Event) -> Explanation:
        """Why an event was raised. Raises: UnknownRule where the version that raised it is not known any more."""

    async def why_not(self, name: str, device_id: str, at_ms: int | None) -> WhyNot:
        """Why no event of a rule is open for a device, now if no instant is given. Raises: UnknownRule."""
