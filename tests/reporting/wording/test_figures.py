"""Durations, shares and instants in words."""

from zoneinfo import ZoneInfo

import pytest

from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS
from reporting.wording.durations import decimal_duration
from reporting.wording.instants import wall, wall_to_the_second
from reporting.wording.shares import percent


@pytest.mark.parametrize(
    ("duration_ms", "words"),
    [
        (None, "–"), (0, "0 min"), (59.4 * MINUTE_MS, "59 min"), (HOUR_MS, "1.0 h"), (47.9 * HOUR_MS, "47.9 h"),
        (2 * DAY_MS, "2.0 d"), (10.25 * DAY_MS, "10.2 d"),
    ],
)  # fmt: skip
def test_a_duration_in_one_unit(duration_ms: float | None, words: str) -> None:
    assert decimal_duration(duration_ms) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(None, "–"), (0, "0.00 %"), (1, "100.00 %"), (0.999999, "99.99 %"), (1e-9, "0.01 %"), (2 / 3, "66.67 %")],
)
def test_a_share_with_two_decimals(share: float | None, words: str) -> None:
    assert percent(share, 2) == words


def test_instants_by_the_clock_of_the_zone() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert wall(1_780_318_859_999, zone) == "2026-06-01 21:00"
    assert wall_to_the_second(1_780_318_859_999, zone) == "2026-06-01 21:00:59"
