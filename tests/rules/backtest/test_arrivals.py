"""Stored reports in the order in which they came, with bounded memory."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from domain.telemetry import Telemetry
from domain.time.units import MINUTE_MS
from rules.backtest.arrivals import Order, arrivals
from tests.rules.engines import T0_MS, report


class Shelf:
    """A history in memory, that knows the largest answer it gave."""

    def __init__(self, reports: Sequence[Telemetry]) -> None:
        self._reports = reports
        self.questions = 0

    async def fetch_reports(
        self, kind: str, from_ms: int, to_ms: int, device_id: str | None = None
    ) -> Sequence[Telemetry]:
        self.questions += 1
        assert self.questions < 500
        return [r for r in self._reports if r["kind"] == kind and from_ms <= r["observed_at_ms"] < to_ms]


def reported(observed_s: int, late_s: int, kind: str = "streetlight") -> Telemetry:
    at_ms = T0_MS + observed_s * 1000
    return {**report(0), "kind": kind, "observed_at_ms": at_ms, "received_at_ms": at_ms + late_s * 1000}


async def all_of(shelf: Shelf, order: Order = Order.RECEIVED, to_ms: int = T0_MS + 90_000_000) -> list[Telemetry]:
    kinds = ("streetlight", "cabinet")
    return [one async for due in arrivals(shelf, kinds, T0_MS, to_ms, order) for one in due]


_REPORTS = st.lists(
    st.builds(reported, st.integers(0, 80_000), st.integers(-299, 5_000), st.sampled_from(["streetlight", "cabinet"])),
    max_size=40,
)


@given(_REPORTS)
async def test_every_report_comes_once_in_order_of_receipt(reports: list[Telemetry]) -> None:
    found = await all_of(Shelf(reports))
    assert [one["received_at_ms"] for one in found] == sorted(one["received_at_ms"] for one in reports)


@given(_REPORTS)
async def test_by_observation_nothing_is_late(reports: list[Telemetry]) -> None:
    found = await all_of(Shelf(reports), Order.OBSERVED)
    assert [one["observed_at_ms"] for one in found] == sorted(one["observed_at_ms"] for one in reports)


async def test_what_is_received_at_the_end_or_later_stays_out_and_a_clock_that_is_ahead_does_not() -> None:
    ahead, late = reported(100 * 60, -240), reported(90 * 60, 3600)
    end_ms = T0_MS + 100 * MINUTE_MS
    assert await all_of(Shelf([ahead, late]), to_ms=end_ms) == [ahead]
    assert await all_of(Shelf([ahead]), to_ms=ahead["received_at_ms"]) == []


async def test_a_long_empty_time_takes_few_questions() -> None:
    shelf = Shelf([])
    assert [one async for due in arrivals(shelf, ("a",), 0, 365 * 86_400_000, Order.RECEIVED) for one in due] == []
    assert shelf.questions < 80
