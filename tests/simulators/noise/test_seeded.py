"""What wanders, wanders smoothly, each in its own way, and is the same whenever it is asked for."""

from itertools import pairwise
from statistics import mean, pstdev

import pytest

from domain.time.units import HOUR_MS
from simulators.noise.seeded import key_of, wander

KEYS = [key_of(7, f"device-{n}") for n in range(40)]


def test_it_has_no_mean_and_a_deviation_of_about_one() -> None:
    drawn = [wander(key, hour * HOUR_MS, 6 * HOUR_MS, 8) for key in KEYS for hour in range(0, 2400, 7)]
    assert mean(drawn) == pytest.approx(0, abs=0.05)
    assert pstdev(drawn) == pytest.approx(1, abs=0.1)
    assert max(abs(one) for one in drawn) <= 2.4


def test_a_minute_changes_little_and_a_period_much() -> None:
    minutes = [wander(KEYS[0], n * 60_000, 6 * HOUR_MS, 8) for n in range(6 * 60)]
    assert max(abs(a - b) for a, b in pairwise(minutes)) < 0.05
    assert max(minutes) - min(minutes) > 0.8


def test_devices_and_counters_differ() -> None:
    assert len({wander(key, HOUR_MS, 6 * HOUR_MS, counter) for key in KEYS for counter in (0, 8, 16, 24)}) > 150
