"""Rules and the past: backtests and reasons over log, store and registry."""

from collections.abc import Callable
from time import time
from zoneinfo import ZoneInfo

from domain.events import Event
from domain.time.units import DAY_MS
from domain.topics import Topics
from rules.backtest import BacktestPlan, BacktestProgress, BacktestResult, run_backtest
from rules.backtest.preparing import BacktestContext, BacktestRequest, prepare
from rules.backtest.raising import missing_events, raised_records
from rules.definitions.silences import SilenceTable, read_rules_and_silences
from rules.explaining import Explanation, WhyNot
from rules.ports import Devices
from rules.service.reasons import ReasonService
from streams.ports import Log
from streams.reading.ticks import last_tick_ms
from timeseries.ports import Store
from timeseries.queries.events import EventQuery

_EARLIER_MS = 30 * DAY_MS
"""How long before a period an event may have opened that is looked for as known."""


class RuleHistoryService:
    """On one log and store; `devices` follows the registry.

    Safe to use from many tasks of one event loop, which none of it blocks for long.
    """

    def __init__(self, log: Log, topics: Topics, store: Store, devices: Devices, timezone: str) -> None:
        self._log = log
        self._topics = topics
        self._store = store
        self._devices = devices
        self._timezone = timezone
        self._reasons = ReasonService(log, topics, store, devices, timezone)

    async def prepare(self, request: BacktestRequest) -> BacktestPlan:
        """Raises: UnknownRule, BadRules, ValueError with what is wrong."""
        table, silences = await read_rules_and_silences(self._log, self._topics)
        return prepare(request, table, await self._surroundings(silences))

    async def backtest(
        self, request: BacktestRequest, plan: BacktestPlan, report_progress: Callable[[BacktestProgress], None]
    ) -> BacktestResult:
        """Run it; cancelling the call ends it. Raises: rules.backtest.NothingStored."""
        result = await run_backtest(self._store, plan, ZoneInfo(self._timezone), report_progress)
        return await self._raise_missing(plan, result) if request.raise_missing else result

    async def explain(self, event: Event) -> Explanation:
        """Why an event was raised. Raises: UnknownRule where the version that raised it is not known any more."""
        return await self._reasons.explain(event)

    async def why_not(self, name: str, device_id: str, at_ms: int | None) -> WhyNot:
        """Why no event of a rule is open for a device, now if no instant is given. Raises: UnknownRule."""
        if at_ms is None:
            at_ms = await last_tick_ms(self._log, self._topics) or int(time() * 1000)
        return await self._reasons.why_not(name, device_id, at_ms)

    async def _raise_missing(self, plan: BacktestPlan, result: BacktestResult) -> BacktestResult:
        known = [event for name in plan.names for event in await self._events_of(name, result.began_ms, plan.to_ms)]
        rules = {rule.name: rule for rule in plan.candidate.rules}
        missing = missing_events(result.candidate.events, known, rules)
        clock_ms = plan.clock_ms or int(time() * 1000)
        if missing.raised:
            await self._log.append(raised_records(self._topics, missing.raised, clock_ms))
        return result.model_copy(update={"raised": list(missing.raised), "not_raised": list(missing.not_raised)})

    async def _events_of(self, rule: str, from_ms: int, to_ms: int) -> list[Event]:
        found: list[Event] = []
        cursor = None
        while True:
            query = EventQuery(from_ms - _EARLIER_MS, to_ms, rule=rule, limit=1000, cursor=cursor)
            page = await self._store.fetch_events(query)
            found += page.items
            if (cursor := page.next) is None:
                return found

    async def _surroundings(self, silences: SilenceTable) -> BacktestContext:
        devices = {device.device_id: device for device in self._devices.devices()}
        clock_ms = await last_tick_ms(self._log, self._topics)
        return BacktestContext(devices, silences.silences(), self._timezone, clock_ms or None)
