"""Rates with how sure they are, handling times, and scores."""

from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.appraisal.indicators import Rate, durations_of
from cases.appraisal.score import Weights, load_weights, ranking, score_of
from domain.errors import ConfigurationError
from tests.cases.appraisal.stories import Story, appraised


def test_of_nothing_there_is_no_rate() -> None:
    rate = Rate(0, 0)
    assert (rate.value, rate.low, rate.high) == (None, None, None)


@pytest.mark.parametrize(
    ("counted", "among", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_wilsons(counted: int, among: int, low: float, high: float) -> None:
    rate = Rate(counted, among)
    assert (rate.low, rate.high) == pytest.approx((low, high), abs=5e-5)


def test_two_of_two_is_praised_less_than_two_hundred_of_two_hundred() -> None:
    assert Rate(2, 2).low == pytest.approx(0.342, abs=1e-3)
    assert Rate(200, 200).low == pytest.approx(0.981, abs=1e-3)


@given(st.integers(1, 5_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_rate_and_stays_between_nought_and_one(case: tuple[int, int]) -> None:
    rate = Rate(*case)
    ends = [0, rate.low, rate.value, rate.high, 1]
    assert ends == sorted(end for end in ends if end is not None)


def test_durations_are_exact_and_ties_at_a_bound_fall_below_it() -> None:
    hour = 3_600_000
    found = durations_of(array("q", [hour, 2 * hour, 3 * hour, 200 * hour]))
    assert (found.mean_ms, found.median_ms, found.p90_ms) == (51.5 * hour, 2.5 * hour, 200 * hour)
    assert found.per_class == (1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1)


@given(st.lists(st.integers(0, 10**10), min_size=1))
def test_nine_tenths_do_not_exceed_the_ninetieth_percentile(times_ms: list[int]) -> None:
    found = durations_of(array("q", times_ms))
    assert found.p90_ms is not None
    assert sum(one <= found.p90_ms for one in times_ms) * 10 >= 9 * len(times_ms)
    assert sum(one < found.p90_ms for one in times_ms) * 10 < 9 * len(times_ms)
    assert sum(found.per_class) == len(times_ms)


def good(n: int, to: str) -> list[Story]:
    return [Story().dispatched(to=to).handled(2).closed(3) for _ in range(n)]


def test_the_ranking_praises_many_good_cases_more_than_few_and_leaves_the_fewest_out() -> None:
    bad = [Story().dispatched(to="roads").handled(9).closed(10) for _ in range(12)]
    found = appraised(*good(40, "drainage"), *good(10, "lighting"), *good(2, "parks"), *bad, Story())
    by_department = next(iter(found.parts.values()))
    placed = ranking(by_department, load_weights())
    assert [(one.name, one.rank) for one in placed] == [("drainage", 1), ("lighting", 2), ("roads", 3), ("parks", None)]


def test_a_score_by_plain_rates_is_the_weighed_mean_of_what_went_well() -> None:
    weights = Weights(weights={"on_time_handling": 3, "rework": 1, "filing": 5}, least=1, cautious=False)
    story = Story().dispatched().handled(2).do(3, "fail").handled(8).closed(9)
    whole = appraised(story).whole  # on time 1 of 2, checks failed 1 of 2, filed 1 of 1
    assert score_of(whole, weights) == pytest.approx(100 * (3 * 0.5 + 1 * 0.5 + 5 * 1) / 9)


def test_weights_of_unknown_rates_are_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "weights.yaml"
    file.write_text("weights: {on_time: 3}\n")
    with pytest.raises(ConfigurationError, match="on_time: no such rate; known are filing"):
        load_weights(file)
