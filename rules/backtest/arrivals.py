"""Stored reports as they came, in one stream: the inputs of a backtest.

A store keeps reports by when they were observed; the engine takes them by when they were received. No report is received
more than five minutes before its own time (`bad_time`), so once everything observed up to T is read, everything received up
to T - 5 min is known. What came late waits in a heap until its turn: memory holds one span and the late ones, however long
the period.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from enum import StrEnum
from heapq import heappop, heappush
from typing import Final, Protocol

from domain.telemetry import Telemetry
from domain.time.units import DAY_MS, MINUTE_MS

AHEAD_MS: Final = 300_000
"""How far a device's clock may be ahead of ours at most."""
_FIRST_SPAN_MS: Final = MINUTE_MS
_LONGEST_SPAN_MS: Final = 7 * DAY_MS
_WANTED: Final = 10_000
"""Reports in a span, about: the span grows where there are fewer and shrinks where there are more."""


class History(Protocol):
    """The store's past; see `timeseries.ports.TelemetryHistory`."""

    async def fetch_reports(
        self, kind: str, from_ms: int, to_ms: int, device_id: str | None = None
    ) -> Sequence[Telemetry]: ...


class Order(StrEnum):
    """By receipt, as the rules took them, or by observation, as if nothing had ever been late."""

    RECEIVED = "received"
    OBSERVED = "observed"


def instant_of(report: Telemetry, order: Order) -> int:
    """The clock at which a report comes in that order."""
    return report["received_at_ms"] if order is Order.RECEIVED else report["observed_at_ms"]


async def arrivals(
    history: History, kinds: Iterable[str], from_ms: int, to_ms: int, order: Order, device_id: str | None = None
) -> AsyncIterator[list[Telemetry]]:
    """The reports observed from `from_ms` on that come before `to_ms`, in order, some thousands at a time."""
    waiting: list[tuple[int, int, Telemetry]] = []
    count = 0
    ahead_ms = AHEAD_MS if order is Order.RECEIVED else 0
    async for end_ms, reports in _spans(history, tuple(kinds), from_ms, to_ms + ahead_ms, device_id):
        for report in reports:
            if (at_ms := instant_of(report, order)) < to_ms:
                heappush(waiting, (at_ms, count, report))
                count += 1
        due = []
        while waiting and waiting[0][0] < end_ms - ahead_ms:
            due.append(heappop(waiting)[2])
        yield due
    yield [heappop(waiting)[2] for _ in range(len(waiting))]


async def _spans(
    history: History, kinds: Sequence[str], from_ms: int, to_ms: int, device_id: str | None
) -> AsyncIterator[tuple[int, list[Telemetry]]]:
    """(end, the reports observed in the span), span after span."""
    begin_ms, span_ms = from_ms, _FIRST_SPAN_MS
    while begin_ms < to_ms:
        end_ms = min(begin_ms + span_ms, to_ms)
        reports: list[Telemetry] = []
        for kind in kinds:
            reports += await history.fetch_reports(kind, begin_ms, end_ms, device_id)
        yield end_ms, reports
        begin_ms = end_ms
        if len(reports) > 2 * _WANTED:
            span_ms = max(span_ms // 2, 1000)
        elif len(reports) < _WANTED // 2:
            span_ms = min(span_ms * 4, _LONGEST_SPAN_MS)
