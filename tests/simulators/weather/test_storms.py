"""Design storms: their sums, their peak, and the formula they follow."""

import pytest

from domain.errors import ConfigurationError
from simulators.weather.storms import Fall, storm_formula

MINUTE = 60_000
SUZHOU = storm_formula("suzhou")
STORM = Fall(10 * MINUTE, 120 * MINUTE, 60.0, 0.4, SUZHOU.b_min, SUZHOU.n)


def test_the_formula_of_suzhou_gives_what_its_government_published() -> None:
    # 17.969 (1 + 1.24 lg 10) / (60 + 18.415)^0.785, by hand: 40.2506 / 30.68 = 1.312 mm/min, 78.7 mm in the hour
    assert SUZHOU.intensity_mm_min(60, 10) == pytest.approx(1.312, abs=0.002)
    assert SUZHOU.depth_mm(60, 10) == pytest.approx(78.7, abs=0.2)


def test_a_formula_that_is_not_in_the_table_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"atlantis.*suzhou"):
        storm_formula("atlantis")


def test_a_storm_brings_exactly_its_total_and_nothing_before_or_after() -> None:
    assert STORM.fallen_mm(0) == STORM.fallen_mm(STORM.start_ms) == 0
    assert STORM.fallen_mm(STORM.end_ms) == pytest.approx(60.0)
    assert STORM.fallen_mm(STORM.end_ms + 99 * MINUTE) == pytest.approx(60.0)
    assert STORM.rain_mm_h(STORM.start_ms - 1) == STORM.rain_mm_h(STORM.end_ms) == 0


def test_the_sum_in_closed_form_is_the_sum_of_the_rates() -> None:
    seconds = range(STORM.start_ms + 500, STORM.end_ms, 1000)
    assert sum(STORM.rain_mm_h(at_ms) for at_ms in seconds) / 3600 == pytest.approx(60.0, rel=1e-4)


def test_it_rains_hardest_two_fifths_through() -> None:
    times = range(STORM.start_ms, STORM.end_ms, MINUTE)
    hardest_ms = max(times, key=STORM.rain_mm_h)
    assert hardest_ms == pytest.approx(STORM.start_ms + 48 * MINUTE, abs=MINUTE)


def test_the_worst_half_hour_holds_what_the_formula_has_for_half_an_hour() -> None:
    total_mm = SUZHOU.depth_mm(120, 5)
    storm = Fall(0, 120 * MINUTE, total_mm, 0.4, SUZHOU.b_min, SUZHOU.n)
    worst_mm = max(storm.fallen_mm(m * MINUTE + 30 * MINUTE) - storm.fallen_mm(m * MINUTE) for m in range(90))
    assert worst_mm == pytest.approx(SUZHOU.depth_mm(30, 5), rel=0.002)
