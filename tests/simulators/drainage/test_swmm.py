"""Runs of SWMM against what can be worked out by hand: units, balance, a full tank, a throttled pipe."""

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from simulators.drainage import Drain, lay_drains
from simulators.drainage.model import Catchment, swmm_input
from simulators.drainage.pipes import full_flow_m3_s
from simulators.drainage.swmm import HydraulicsFailed, Run, Throttle, run_swmm
from simulators.ground.streets import lay_streets
from simulators.weather.storms import Fall, storm_formula
from tests.simulators.drainage.small import straight_drain

FORMULA = storm_formula("suzhou")
TOWN = Catchment(lay_drains(7, lay_streets(7, 3, 4)), 0)
STORM_ROWS = [row for row, manhole in enumerate(TOWN.manholes) if manhole.drain is Drain.STORM]


def storm_mm(total_mm: float, minutes: int = 240) -> list[float]:
    fall = Fall(600_000, 3_600_000, total_mm, 0.4, FORMULA.b_min, FORMULA.n)
    return [fall.fallen_mm((m + 1) * 60_000) - fall.fallen_mm(m * 60_000) for m in range(minutes)]


def rained_on(total_mm: float) -> Run:
    return run_swmm(TOWN, swmm_input(TOWN, 6.0, storm_mm(total_mm), 240), 240)


def test_half_the_full_flow_fills_half_the_pipe() -> None:
    # A round pipe that is half full has half its area and its full radius: it carries half of what Manning has for it full.
    half_l_s = 1000 * full_flow_m3_s(500, 0.002) / 2
    drain = straight_drain(half_l_s, pipes=8)
    run = run_swmm(drain, swmm_input(drain, 0.0, (), 180), 180)
    assert run.depth_m[0, -1] == pytest.approx(0.25, abs=0.005)
    assert run.flow_l_s[0, -1] == pytest.approx(half_l_s, rel=0.001)


def test_a_tank_fills_as_fast_as_volume_over_area() -> None:
    # 50 l/s onto 1,000 m2 of road, nothing let out: 3 mm a minute, once the pond has its whole area (15 cm over the rim).
    pipe = straight_drain(50.0, length_m=50.0)
    run = run_swmm(pipe, swmm_input(pipe, 0.0, (), 180), 180, throttles=[Throttle(0, 0, 181, 0.001)])
    depth_m = run.depth_m[0]
    first = int(np.argmax(depth_m > 3.2))
    assert 0 < first < 120
    rises_m = np.diff(depth_m[first:])
    assert rises_m == pytest.approx(0.003, rel=0.01)
    # All that came in: the pipe of 50 m holds 9.8 m3, the shafts 6 m2 by 3 m, the road's wedge 75 m3, the rest the pond.
    volume_m3 = 9.8 + 18.0 + (6 + 1000) / 2 * 0.15 + (depth_m[-1] - 3.15) * 1000
    assert volume_m3 == pytest.approx(180 * 3.0, rel=0.02)


def test_the_rain_that_fell_on_the_land_runs_out_of_the_drain() -> None:
    run = rained_on(30.0)
    land_m3 = sum(TOWN.manholes[row].area_ha for row in STORM_ROWS) * 10_000 * 0.030
    outlet = STORM_ROWS[0]
    dry_l_s = sum(TOWN.manholes[row].dry_inflow_l_s for row in STORM_ROWS)
    ran_out_m3 = float(np.sum(run.flow_l_s[outlet, 1:] - dry_l_s)) * 60 / 1000
    # 65 % is paved and loses 1.5 mm where it is not smooth; of the rest some seeps away.
    assert 0.9 * 0.65 * land_m3 * 28.5 / 30 < ran_out_m3 < land_m3
    assert abs(run.lost_percent) < 1
    assert abs(run.runoff_lost_percent) < 1


@pytest.mark.parametrize("total_mm", [20.0, 60.0, 120.0])
def test_no_water_is_lost_in_a_storm(total_mm: float) -> None:
    assert abs(rained_on(total_mm).lost_percent) < 1


def test_more_rain_never_lowers_the_peak() -> None:
    peaks = [rained_on(total_mm).depth_m[STORM_ROWS].max(axis=1) for total_mm in (10.0, 30.0, 60.0, 90.0, 130.0)]
    for less, more in pairwise(peaks):
        assert np.all(more >= less - 0.005)
    assert np.all(peaks[-1] > peaks[0])


def test_heavy_rain_floods_the_low_roads_first_and_light_rain_none() -> None:
    depths_m = np.array([TOWN.manholes[row].depth_m for row in STORM_ROWS])
    light, heavy = (rained_on(total_mm).depth_m[STORM_ROWS].max(axis=1) for total_mm in (12.0, 120.0))
    assert np.all(light < 0.8 * depths_m)
    ponding_cm = 100 * (heavy - depths_m)
    assert 15 < ponding_cm.max() < 120
    assert TOWN.manholes[STORM_ROWS[int(ponding_cm.argmax())]].is_low


def test_water_runs_downhill() -> None:
    run = run_swmm(TOWN, swmm_input(TOWN, 6.0, (), 180), 180)
    assert np.all(run.flow_l_s[:, -1] > 0)
    heads = {m.manhole_id: m.invert_m + run.depth_m[row, -1] for row, m in enumerate(TOWN.manholes)}
    for pipe in TOWN.pipes:
        if pipe.to_id in heads:
            assert heads[pipe.from_id] > heads[pipe.to_id]


def test_a_throttled_pipe_backs_up_above_and_runs_low_until_it_is_cleared() -> None:
    rows = [row for row, manhole in enumerate(TOWN.manholes) if manhole.drain is Drain.SEWAGE]
    outlet, text = rows[0], swmm_input(TOWN, 8.0, (), 300)
    warm = run_swmm(TOWN, swmm_input(TOWN, 2.0, (), 360), 360).state
    free = run_swmm(TOWN, text, 300, warm)
    held = run_swmm(TOWN, text, 300, warm, [Throttle(outlet, 60, 180, 1.5)])
    assert np.array_equal(free.depth_m[:, :61], held.depth_m[:, :61])
    assert held.flow_l_s[outlet, 62:181].max() <= 1.5001
    assert free.flow_l_s[outlet, 62:181].min() > 10
    assert held.depth_m[outlet, 180] > free.depth_m[outlet, 180] + 0.5
    assert held.flow_l_s[outlet, 182:].max() > 10
    assert held.depth_m[outlet, 300] == pytest.approx(free.depth_m[outlet, 300], abs=0.2)


def test_a_run_goes_on_from_a_state_as_if_it_had_never_stopped() -> None:
    rain = storm_mm(60.0)
    whole = run_swmm(TOWN, swmm_input(TOWN, 6.0, rain, 240), 240)
    first = run_swmm(TOWN, swmm_input(TOWN, 6.0, rain[:120], 120), 120)
    rest = run_swmm(TOWN, swmm_input(TOWN, 8.0, rain[120:], 120), 120, first.state)
    assert np.array_equal(first.depth_m, whole.depth_m[:, :121])
    assert rest.depth_m == pytest.approx(whole.depth_m[:, 120:], abs=0.02)


def test_what_swmm_refuses_is_told_in_its_words_and_the_next_run_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pipe = straight_drain(10.0)
    text = swmm_input(pipe, 0.0, (), 10)
    with pytest.raises(HydraulicsFailed, match="invalid keyword TRIANGLISH"):
        run_swmm(pipe, text.replace("CIRCULAR", "TRIANGLISH"), 10)
    with pytest.raises(HydraulicsFailed, match="catchment 0"):
        run_swmm(pipe, text, 10, b"no state at all")
    assert run_swmm(pipe, text, 10).depth_m.shape == (1, 11)
    assert list(tmp_path.iterdir()) == []
