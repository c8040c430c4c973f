"""The water of a city over days: always the same, dry days alike, storms and blockages in their own catchment only."""

import os
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest

from domain.time.durations import parse_instant_ms
from simulators.drainage import Blockage, Drain, Drainage, lay_drains
from simulators.drainage.model import swmm_input
from simulators.drainage.swmm import run_swmm
from simulators.drainage.water import SLOT_MINUTES
from simulators.ground.streets import lay_streets
from simulators.weather import DRY, Storm, Weather, WeatherPlan

START = parse_instant_ms("2026-06-01T07:30:00+08:00")
MINUTE, HOUR = 60_000, 3_600_000
NET = lay_drains(7, lay_streets(7, 3, 3))
SEWERS = [manhole for manhole in NET.manholes if manhole.drain is Drain.SEWAGE]
STORM_DRAINS = [manhole for manhole in NET.manholes if manhole.drain is Drain.STORM]
RAINY = WeatherPlan(storms=(Storm(after_h=0.1, lasts_h=1, total_mm=60),))


def drainage(plan: WeatherPlan = DRY, blockages: Sequence[Blockage] = (), timezone: str = "Asia/Shanghai") -> Drainage:
    def of(catchment: int, from_ms: int, to_ms: int) -> list[Blockage]:
        return [
            one
            for one in blockages
            if NET.manhole(one.manhole_id).catchment == catchment and one.start_ms < to_ms and from_ms < one.end_ms
        ]

    return Drainage(NET, Weather(7, START, plan), START, timezone, of)


def test_sewers_follow_the_day_of_the_town_and_storm_drains_hardly_run() -> None:
    water, outlet = drainage(), SEWERS[0]
    by_hour = [water.flow_m3_h(outlet, START - 450 * MINUTE + hour * HOUR) for hour in range(24)]
    assert sum(by_hour) / 24 == pytest.approx(outlet.mean_flow_m3_h, rel=0.02)
    assert max(by_hour[7:10]) > 2 * max(by_hour[2:4])
    assert all(0 < water.depth_m(manhole, START) < 0.4 * manhole.depth_m for manhole in NET.manholes)
    assert water.flow_m3_h(STORM_DRAINS[0], START) == pytest.approx(STORM_DRAINS[0].mean_flow_m3_h, rel=0.02)


def test_a_dry_day_is_like_any_other_and_running_it_would_say_the_same() -> None:
    water = drainage()
    basin, slot = water._basin(0), water.slot(START) + 1
    assert water.is_usual(SEWERS[0], slot)
    ran = basin.run(slot - 1)
    hour = slot % 4 * 6
    on = run_swmm(basin.catchment, swmm_input(basin.catchment, hour, (), SLOT_MINUTES), SLOT_MINUTES, ran.state)
    assert np.abs(on.depth_m - basin.run(slot).depth_m).max() < 0.0001
    assert np.abs(on.flow_l_s - basin.run(slot).flow_l_s).max() < 0.01
    tomorrow = START + 24 * HOUR
    assert [water.depth_m(m, tomorrow) for m in NET.manholes] == [water.depth_m(m, START) for m in NET.manholes]


def test_a_storm_fills_the_drains_and_they_empty_again() -> None:
    water, dry = drainage(RAINY), drainage()
    outlet = STORM_DRAINS[0]
    before, amid, after = (START + minutes * MINUTE for minutes in (5, 45, 24 * 60))
    assert water.flow_m3_h(outlet, before) == pytest.approx(dry.flow_m3_h(outlet, before), rel=0.01)
    assert water.flow_m3_h(outlet, amid) > 50 * dry.flow_m3_h(outlet, amid)
    assert not water.is_usual(outlet, water.slot(amid))
    assert water.is_usual(outlet, water.slot(after))
    assert water.depth_m(outlet, after) == dry.depth_m(outlet, after)
    low = max(STORM_DRAINS, key=lambda manhole: water.ponding_cm(manhole, amid))
    assert water.ponding_cm(low, amid) > 3
    assert dry.ponding_cm(low, amid) == 0


def test_levels_run_on_over_the_ends_of_slots() -> None:
    water = drainage(RAINY)
    edge = water.slot_start_ms(water.slot(START) + 1)
    for manhole in NET.manholes:
        assert water.depth_m(manhole, edge - 1) == pytest.approx(water.depth_m(manhole, edge), abs=0.003)


def test_a_storm_that_rains_on_into_the_next_slot_loses_nothing() -> None:
    first_ms = drainage().slot_start_ms(drainage().slot(START) + 1)
    across = WeatherPlan(storms=(Storm(after_h=(first_ms - START) / HOUR - 0.5, lasts_h=1, total_mm=60),))
    outlet = STORM_DRAINS[0]
    ran_m3 = [
        sum(water.flow_m3_h(outlet, since + minute * MINUTE) / 60 for minute in range(9 * 60))
        for water, since in ((drainage(across), first_ms - HOUR), (drainage(RAINY), START - 24 * MINUTE))
    ]
    assert ran_m3[0] == pytest.approx(ran_m3[1], rel=0.02)


def test_a_blocked_pipe_raises_what_is_above_it_and_nothing_else() -> None:
    blocked = SEWERS[1]
    blockage = Blockage(blocked.manhole_id, START + HOUR, START + 4 * HOUR, 0.1 * blocked.mean_flow_m3_h / 3.6)
    water, free = drainage(blockages=[blockage]), drainage()
    amid = START + 3 * HOUR
    assert water.flow_m3_h(blocked, amid) == pytest.approx(0.1 * blocked.mean_flow_m3_h, rel=0.01)
    assert water.depth_m(blocked, amid) > free.depth_m(blocked, amid) + 0.3
    assert water.depth_m(SEWERS[0], amid) < free.depth_m(SEWERS[0], amid)
    for manhole in STORM_DRAINS:
        assert water.depth_m(manhole, amid) == pytest.approx(free.depth_m(manhole, amid), abs=0.0005)
    day_after = START + 28 * HOUR
    assert water.depth_m(blocked, day_after) == free.depth_m(blocked, day_after)


def test_it_does_not_matter_in_what_order_one_asks() -> None:
    forwards, backwards = drainage(RAINY), drainage(RAINY)
    times = [START + hours * HOUR for hours in range(0, 40, 5)]
    said = {at_ms: [forwards.depth_m(m, at_ms) for m in NET.manholes] for at_ms in times}
    for at_ms in reversed(times):
        assert [backwards.depth_m(m, at_ms) for m in NET.manholes] == said[at_ms]


def test_the_hours_are_those_of_the_city_s_own_clock() -> None:
    here, there = drainage(), drainage(timezone="Europe/Rome")
    assert there.depth_m(SEWERS[0], START + 6 * HOUR) == here.depth_m(SEWERS[0], START)


SAY = """
import hashlib
from tests.simulators.drainage.test_water import NET, RAINY, START, drainage
water = drainage(RAINY)
said = b"".join(water.levels_m(m, water.slot(START)).tobytes() for m in NET.manholes)
print(hashlib.sha256(said).hexdigest())
"""


def test_two_processes_say_the_same_bytes() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", SAY],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.getcwd()},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(said) == 1
    assert len(said.pop().strip()) == 64
