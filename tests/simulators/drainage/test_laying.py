"""The drains below a city: where they lie, how deep, how wide, how steep."""

import pytest

from simulators.drainage import Drain, lay_drains
from simulators.drainage.net import CLEANEST_M_S
from simulators.drainage.pipes import full_flow_m3_s, least_slope
from simulators.ground.streets import lay_streets

PLAN = lay_streets(7, 15, 16)
NET = lay_drains(7, PLAN)


def test_every_junction_has_one_manhole_of_each_drain() -> None:
    assert len(NET.manholes) == 2 * len(PLAN.junctions)
    for junction in PLAN.junctions:
        assert NET.at(Drain.STORM, junction).spot == NET.at(Drain.SEWAGE, junction).spot == junction
        assert NET.at(Drain.STORM, junction).ground_m == NET.at(Drain.SEWAGE, junction).ground_m


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (4, 5), (9, 3), (15, 16), (40, 40)])
def test_manholes_are_one_and_a_half_to_five_metres_deep(rows: int, columns: int) -> None:
    for manhole in lay_drains(rows, lay_streets(rows, rows, columns)).manholes:
        assert 1.5 <= manhole.depth_m <= 5.0


def test_pipes_fall_at_least_as_steeply_as_keeps_them_clean() -> None:
    for pipe in NET.pipes:
        speed_m_s = CLEANEST_M_S[NET.manhole(pipe.from_id).drain]
        assert pipe.slope * pipe.length_m >= least_slope(pipe.diameter_mm, speed_m_s) * pipe.length_m - 0.0011


def test_pipes_end_at_or_above_the_bed_they_run_into_and_never_narrow() -> None:
    below = {pipe.from_id: pipe for pipe in NET.pipes}
    for pipe in NET.pipes:
        if (after := below.get(pipe.to_id)) is not None:
            assert pipe.to_invert_m >= after.from_invert_m - 1e-6
            assert pipe.diameter_mm <= after.diameter_mm


def test_all_water_finds_its_outfall_within_its_catchment() -> None:
    outfalls = {outfall.outfall_id: outfall for outfall in NET.outfalls}
    below = {pipe.from_id: pipe.to_id for pipe in NET.pipes}
    for manhole in NET.manholes:
        at, steps = manhole.manhole_id, 0
        while at not in outfalls:
            at, steps = below[at], steps + 1
            assert steps < 60
        assert (outfalls[at].catchment, outfalls[at].drain) == (manhole.catchment, manhole.drain)


def test_a_big_city_has_a_net_for_about_a_hundred_manholes() -> None:
    assert NET.catchments == 4
    sizes = [sum(manhole.catchment == number for manhole in NET.manholes) for number in range(NET.catchments)]
    assert all(60 <= size <= 140 for size in sizes)


def test_the_flow_of_a_dry_day_is_what_comes_in_above() -> None:
    for manhole in NET.manholes:
        all_above = [NET.manhole(other) for other in NET.above(manhole.manhole_id)]
        total_l_s = manhole.dry_inflow_l_s + sum(other.dry_inflow_l_s for other in all_above)
        assert manhole.mean_flow_m3_h == pytest.approx(3.6 * total_l_s, rel=0.01)


def test_some_roads_sag_and_those_are_the_lower_ones() -> None:
    storm = [manhole for manhole in NET.manholes if manhole.drain is Drain.STORM]
    low = [manhole for manhole in storm if manhole.is_low]
    assert 0.15 < len(low) / len(storm) < 0.35
    assert max(manhole.ponds_m2 for manhole in low) < min(m.ponds_m2 for m in storm if not m.is_low)


def test_the_same_seed_lays_the_same_drains() -> None:
    lay_drains.cache_clear()
    assert lay_drains(7, lay_streets(7, 15, 16)) == NET
    assert lay_drains(8, PLAN) != NET


def test_a_full_pipe_carries_what_manning_says() -> None:
    # By hand: D = 1 m, S = 0.001, n = 0.013: A = 0.7854, R = 0.25, R^(2/3) = 0.3969, Q = 0.7854 * 0.3969 * 0.03162 / 0.013
    assert full_flow_m3_s(1000, 0.001) == pytest.approx(0.758, abs=0.001)
    assert least_slope(300, 0.75) == pytest.approx(0.003, abs=0.0001)
