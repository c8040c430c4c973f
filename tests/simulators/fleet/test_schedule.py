"""Schedules are pure functions: when each message is meant, how many are due, and that no device speaks twice at once."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import ConfigurationError
from simulators.fleet.schedule import (
    LoadProfile,
    PlannedOutage,
    ProfileName,
    Schedule,
    check_fit,
    per_second,
    profile_of,
)

START_MS = 1_763_772_000_000
PROFILES = st.builds(profile_of, st.sampled_from(ProfileName), st.floats(1, 3000), st.floats(1, 8))


def intended_s(schedule: Schedule) -> npt.NDArray[np.float64]:
    return schedule.intended_s(np.arange(schedule.total))


@given(PROFILES)
def test_messages_are_meant_in_order_and_inside_the_run(profile: LoadProfile) -> None:
    times = intended_s(profile.schedule)
    assert (np.diff(times) > 0).all()
    assert times[0] == 0
    assert times[-1] < profile.schedule.duration_s + 1e-6


@given(PROFILES, st.floats(0, 1))
def test_what_is_due_is_what_was_meant_by_then(profile: LoadProfile, share: float) -> None:
    at_s = share * profile.schedule.duration_s
    times = intended_s(profile.schedule)
    due = profile.schedule.due(at_s)
    assert np.count_nonzero(times <= at_s - 1e-3) <= due <= np.count_nonzero(times <= at_s + 1e-3)


@given(PROFILES, st.integers(1, 50))
def test_no_device_tells_two_reports_in_one_millisecond_if_the_schedule_fits(
    profile: LoadProfile, devices: int
) -> None:
    schedule = profile.schedule
    try:
        check_fit(schedule, devices)
    except ConfigurationError:
        return
    messages = np.arange(schedule.total)
    told = set(zip((messages % devices).tolist(), schedule.intended_ms(messages, START_MS).tolist(), strict=True))
    assert len(told) == schedule.total


@given(PROFILES)
def test_the_seconds_hold_all_messages(profile: LoadProfile) -> None:
    assert sum(per_second(profile.schedule)) == profile.schedule.total


def test_steady_is_evenly_spaced() -> None:
    schedule = profile_of(ProfileName.STEADY, 100, 2).schedule
    assert schedule.total == 200
    assert intended_s(schedule) == pytest.approx(np.arange(200) / 100)
    assert per_second(schedule) == [100, 100]


def test_a_ramp_grows_evenly_and_sends_half() -> None:
    schedule = profile_of(ProfileName.RAMP, 1000, 10).schedule
    assert schedule.total == 5000
    assert per_second(schedule)[0] == pytest.approx(50, abs=1)
    assert per_second(schedule)[-1] == pytest.approx(950, abs=1)


def test_bursts_are_four_times_the_calm_and_come_to_their_stated_mean() -> None:
    schedule = profile_of(ProfileName.BURST, 1000, 20).schedule
    assert schedule.mean_rate == pytest.approx(800, rel=0.01)
    assert per_second(schedule)[:10] == [500] * 8 + [2000] * 2


def test_an_outage_lies_in_the_middle_unless_told() -> None:
    assert profile_of(ProfileName.OUTAGE, 100, 60).outage == PlannedOutage(24, 36)
    assert profile_of(ProfileName.OUTAGE, 100, 600).outage == PlannedOutage(290, 310)
    told = PlannedOutage(5, 7, 0.5)
    assert profile_of(ProfileName.OUTAGE, 100, 60, told).outage == told


def test_too_few_devices_for_the_rate_are_refused_with_how_many_it_takes() -> None:
    schedule = profile_of(ProfileName.STEADY, 60_000, 10).schedule
    with pytest.raises(ConfigurationError, match="at least 61 devices"):
        check_fit(schedule, 60)
    check_fit(schedule, 61)
