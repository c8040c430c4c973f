"""Running a backtest: history read in the event loop, judged in a thread, a slice at a time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from domain.errors import UrbansenseError
from domain.events import Event, Status
from domain.telemetry import Telemetry
from rules.backtest.arrivals import History, Order, arrivals, instant_of
from rules.backtest.buckets import Buckets
from rules.backtest.comparing import difference
from rules.backtest.plan import BacktestPlan, Variant
from rules.backtest.replay import Replay
from rules.backtest.result import BacktestResult, VariantFindings, findings_of

_SLICE: Final = 2_000
"""Reports judged in one go; between two the event loop has its turn, and a cancelled backtest ends."""


class NothingStored(UrbansenseError):
    """The store holds no report that the rules could judge in that time."""


@dataclass(frozen=True, slots=True)
class BacktestProgress:
    """How far a backtest is: the instant reached on its way from `began_ms` to `to_ms`, and the reports so far."""

    at_ms: int
    began_ms: int
    to_ms: int
    reports: int

    @property
    def share(self) -> float:
        """Between 0 and 1."""
        return min(1.0, max(0.0, (self.at_ms - self.began_ms) / max(1, self.to_ms - self.began_ms)))


class _Received:
    """What came in."""

    def __init__(self) -> None:
        self.reports = 0
        self.devices: set[str] = set()
        self.first_ms: int | None = None
        self.last_ms: int | None = None

    def take_in(self, reports: list[Telemetry], order: Order) -> None:
        self.reports += len(reports)
        self.devices.update(report["device_id"] for report in reports)
        self.first_ms = instant_of(reports[0], order) if self.first_ms is None else self.first_ms
        self.last_ms = instant_of(reports[-1], order)


async def run_backtest(
    history: History,
    plan: BacktestPlan,
    zone: ZoneInfo,
    report_progress: Callable[[BacktestProgress], None] = lambda progress: None,
) -> BacktestResult:
    """Replay the plan's period and what its rules need before it. Cancelling it ends it within a slice.

    Time: the clock ends at the last report or the log's newest tick, if that is later, and never after `to_ms`: what
    nobody knows of is no device's silence. Raises: NothingStored.
    """
    began_ms = plan.from_ms - plan.warm_up_ms
    replays = [_replay(plan, variant) for variant in plan.variants]
    received = _Received()
    async for due in arrivals(history, plan.kinds, began_ms, plan.to_ms, plan.order):
        for at in range(0, len(due), _SLICE):
            reports = due[at : at + _SLICE]
            received.take_in(reports, plan.order)
            for replay in replays:
                await asyncio.to_thread(replay.take_in, reports, plan.order)
            report_progress(BacktestProgress(received.last_ms or began_ms, began_ms, plan.to_ms, received.reports))
    if received.last_ms is None:
        raise NothingStored(_why_nothing(plan))
    for replay in replays:
        await asyncio.to_thread(replay.tick, min(plan.to_ms, max(received.last_ms, plan.clock_ms or 0)))
    return _result(plan, zone, began_ms, received, replays)


def _replay(plan: BacktestPlan, variant: Variant) -> Replay:
    return Replay(variant.rules, plan.devices, plan.calendars, plan.silences, frozenset(plan.names))


def _why_nothing(plan: BacktestPlan) -> str:
    return (
        f"the store holds no report of {' or '.join(plan.kinds)} in that time: nothing was received yet, or it is "
        "older than the store keeps; `urbansense devices show DEVICE` tells when one was last heard"
    )


def _result(
    plan: BacktestPlan, zone: ZoneInfo, began_ms: int, received: _Received, replays: list[Replay]
) -> BacktestResult:
    buckets = Buckets(plan.from_ms, plan.to_ms, zone)
    found = [_findings(plan, variant, replay, buckets) for variant, replay in zip(plan.variants, replays, strict=True)]
    against = found[1] if len(found) > 1 else None
    return BacktestResult(
        from_ms=plan.from_ms,
        to_ms=plan.to_ms,
        began_ms=began_ms,
        reports=received.reports,
        devices=len(received.devices),
        first_report_ms=received.first_ms,
        last_report_ms=received.last_ms,
        timezone=str(zone),
        bucket=buckets.name,
        bucket_starts_ms=buckets.starts_ms,
        candidate=found[0],
        against=against,
        difference=difference(found[0].events, against.events) if against else None,
    )


def _findings(plan: BacktestPlan, variant: Variant, replay: Replay, buckets: Buckets) -> VariantFindings:
    by_rule: dict[str, list[Event]] = {name: [] for name in plan.names}
    for event in replay.events.values():
        by_rule[event.rule].append(event)
    rules = {rule.name: rule for rule in variant.rules}
    kept = [
        event
        for event in replay.events.values()
        if event.status is not Status.WITHDRAWN and buckets.holds(event.opened_at_ms)
    ]
    return VariantFindings(
        label=variant.label,
        judged=replay.judged,
        too_late=replay.too_late,
        rules=[
            findings_of(name, rules[name].title, found, buckets, replay.errors.get(name))
            for name, found in by_rule.items()
            if name in rules
        ],
        events=sorted(kept, key=lambda event: (event.opened_at_ms, event.rule, event.subject)),
    )
