"""The latency histogram against exact quantiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.fleet.histogram import LatencyHistogram

QUANTILES = (0.0, 0.5, 0.95, 0.99, 1.0)
LATENCIES = st.lists(st.floats(0.2, 1e7), min_size=1, max_size=300)


def histogram(values: list[float]) -> LatencyHistogram:
    counted = LatencyHistogram()
    counted.add(np.array(values))
    return counted


def exact(values: list[float], share: float) -> float:
    return sorted(values)[max(1, int(np.ceil(share * len(values) - 1e-9))) - 1]


@given(LATENCIES)
def test_every_quantile_is_within_two_percent_of_the_exact_one(values: list[float]) -> None:
    counted = histogram(values)
    for share in QUANTILES:
        assert counted.quantile(share) == pytest.approx(exact(values, share), rel=0.02)


@given(LATENCIES, LATENCIES)
def test_merging_two_gives_what_one_would_hold_that_saw_both(a: list[float], b: list[float]) -> None:
    merged = histogram(a)
    merged.merge(histogram(b))
    both = histogram(a + b)
    assert (merged.counts == both.counts).all()
    assert merged.max_ms == both.max_ms
    assert merged.count == len(a) + len(b)


def test_the_maximum_is_exact() -> None:
    assert histogram([1.0, 2.0, 1234.5678]).quantile(1.0) == 1234.5678


def test_nothing_has_no_quantile() -> None:
    assert LatencyHistogram().quantile(0.5) is None


def test_a_clock_that_went_back_counts_as_no_latency() -> None:
    assert histogram([-5.0, -1.0, 3.0]).quantile(0.5) == 0.0
