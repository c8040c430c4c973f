"""Sensors that do not measure, or do not speak: how it shows, and what should be said."""

from itertools import pairwise
from statistics import mean, stdev

import pytest

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from simulators.city import build_city
from simulators.faults import Fault, FaultPlan
from simulators.faults.catalogue import FAULTS
from simulators.truth.kinds.catalogue import LABELS
from simulators.truth.labels import Label
from simulators.world.state import World
from tests.simulators.faults.afflicted import Case, afflict
from tests.simulators.faults.small_city import city_of, cover, drain, station

NOON = "2026-06-02T12:00:00+08:00"
LID, STATION, DRAIN, SLEEPER = cover(), station(), drain(), cover("MH-2", every_s=14_400)
CITY = city_of(LID, SLEEPER, STATION, DRAIN)
OXYGEN, SALT = 0.501, 0.5
"""Sizes at which a station's oxygen probe is the faulty one, and its conductivity cell."""


def happens(kind: str, device: Device, *, hours: float, size: float = 0.5, margin_hours: float = 2.0) -> Case:
    return afflict(kind, device, NOON, hours=hours, size=size, margin_hours=margin_hours, city=CITY)


def asked(kind: str, device: Device, *, hours: float, size: float = 0.5) -> Label:
    """Only what should be said of it."""
    start_ms = parse_instant_ms(NOON)
    fault = Fault(device.device_id, kind, start_ms, start_ms + int(hours * 3_600_000), size)
    return LABELS[kind](fault, World(CITY, start_ms, FaultPlan(share=0), (fault,)))


def test_an_offline_device_is_silent_and_asked_for_when_the_silence_is_longer_than_its_kind_may_be() -> None:
    case = happens("offline", LID, hours=3)
    assert case.label.expects == ("offline",)
    assert case.label.by_ms == case.fault.start_ms + (2 * 60 + 10) * 60_000
    assert case.during == []
    assert case.before
    assert case.after


def test_what_sleeps_is_asked_for_after_more_than_two_days_and_none_that_speaks_often_sleeps() -> None:
    long = afflict("sleeper-offline", SLEEPER, NOON, hours=55, city=city_of(SLEEPER))
    assert long.label.expects == ("offline",)
    assert long.label.by_ms == long.fault.start_ms + (50 * 60 + 10) * 60_000
    assert long.during == []
    assert asked("sleeper-offline", SLEEPER, hours=30).expects == ()
    able = FAULTS["sleeper-offline"].able, FAULTS["offline"].able
    assert [one(SLEEPER) for one in able] == [True, False]
    assert [one(LID) for one in able] == [False, True]


def test_a_short_silence_asks_for_nothing_and_one_at_the_edge_is_not_wrong_either_way() -> None:
    short, edge, sleeping = (
        asked("offline", device, hours=hours) for device, hours in ((LID, 1.5), (LID, 1.9), (SLEEPER, 4))
    )
    assert short.expects == short.explains == ()
    assert edge.expects == ()
    assert "offline" in edge.explains
    assert sleeping.expects == sleeping.explains == ()


@pytest.mark.parametrize(
    ("device", "size", "hours", "stuck", "alive"),
    [
        (STATION, OXYGEN, 36, "dissolved_oxygen", "ph"),
        (STATION, SALT, 36, "conductivity", "dissolved_oxygen"),
        (DRAIN, 0.5, 15, "water_level", "rssi"),
    ],
)
def test_a_stuck_sensor_repeats_what_it_told_when_it_got_stuck_and_the_others_live_on(
    device: Device, size: float, hours: float, stuck: str, alive: str
) -> None:
    case = happens("sensor-stuck", device, hours=hours, size=size)
    assert case.label.expects == ("sensor-stuck",)
    assert len(set(case.values(case.during, stuck))) == 1
    assert case.values(case.during, stuck)[0] == pytest.approx(case.values(case.before, stuck)[-1], rel=0.3)
    assert len(set(case.values(case.during, alive))) > 5
    assert len(set(case.values(case.after, stuck))) > 1


def test_a_sensor_that_is_stuck_for_half_a_day_only_is_not_asked_for() -> None:
    label = asked("sensor-stuck", DRAIN, hours=11)
    assert label.expects == ()
    assert "sensor-stuck" in label.explains


def test_a_level_that_is_stuck_in_a_dry_drain_says_what_a_sound_one_would() -> None:
    dry = next(device for device in build_city(7, 60).devices if device.device_id == "WM-320582-000002")
    case = afflict("sensor-stuck", dry, NOON, hours=15, city=city_of(dry))
    assert max(case.values(case.during, "water_level")) < 0.12
    assert case.label.expects == ()
    assert "sensor-stuck" in case.label.explains


def test_a_fouled_oxygen_probe_shows_less_and_less_until_it_cannot_be_true() -> None:
    case = happens("sensor-drifting", STATION, hours=48, size=0.8)
    assert case.label.expects == ("sensor-drifting", "water-quality")
    assert case.label.by_ms is not None
    told = case.values(case.during, "dissolved_oxygen")
    days = [mean(told[n * len(told) // 4 : (n + 1) * len(told) // 4]) for n in range(4)]
    assert all(a > b for a, b in pairwise(days))
    due = [r for r in case.during if r.observed_at_ms > case.label.by_ms]
    assert max(case.values(due, "dissolved_oxygen")) < 5
    assert min(case.values(case.before + case.after, "dissolved_oxygen")) > 5


@pytest.mark.parametrize(("device", "size"), [(STATION, 0.3), (DRAIN, 0.9)])
def test_a_small_drift_asks_for_nothing(device: Device, size: float) -> None:
    case = happens("sensor-drifting", device, hours=16, size=size)
    assert case.label.expects == ()
    assert "sensor-drifting" in case.label.explains
    quantity = "dissolved_oxygen" if device is STATION else "water_level"
    first, last = case.values(case.during, quantity)[0], case.values(case.after, quantity)[0]
    assert case.values(case.during, quantity)[-1] != pytest.approx(last, rel=0.05)
    assert first == pytest.approx(case.values(case.before, quantity)[-1], rel=0.3)


def test_a_noisy_level_jumps_by_metres_around_the_truth() -> None:
    case = happens("sensor-noisy", DRAIN, hours=6, size=0.7)
    assert case.label.expects == ("sensor-noisy",)
    assert "water-level-high" in case.label.explains
    assert stdev(case.values(case.during, "water_level")) > 2
    assert stdev(case.values(case.before + case.after, "water_level")) < 0.5
    quiet, hard = (asked("sensor-noisy", DRAIN, hours=6, size=size) for size in (0.1, 0.3))
    assert quiet.expects == ()
    assert hard.hard


def test_a_dying_battery_falls_fast_and_the_device_falls_silent_until_it_is_changed() -> None:
    case = happens("battery-dying", LID, hours=24)
    assert case.label.expects == ("battery-low", "battery-draining")
    assert "offline" in case.label.explains
    levels = case.values(case.during, "battery_level")
    assert all(a >= b for a, b in pairwise(levels))
    assert levels[0] == pytest.approx(case.values(case.before, "battery_level")[-1], abs=2)
    assert levels[-1] < 3
    assert case.values(case.during, "battery_voltage")[-1] < case.values(case.before, "battery_voltage")[-1] - 0.3
    assert max(r.observed_at_ms for r in case.during) <= case.fault.start_ms + 18 * 3_600_000
    assert min(case.values(case.after, "battery_level")) > 20


def test_the_label_of_a_dying_battery_gives_time_until_twenty_percent_at_the_latest() -> None:
    case = happens("battery-dying", LID, hours=48, size=0.2)
    assert case.label.by_ms is not None
    left = [r for r in case.during if r.observed_at_ms >= case.label.by_ms - 600_000]
    assert max(case.values(left, "battery_level")) <= 20
    assert asked("battery-dying", SLEEPER, hours=14).hard
