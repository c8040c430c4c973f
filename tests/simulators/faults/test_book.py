"""The book of faults: what is drawn, for whom, and that it never changes."""

from itertools import pairwise

from domain.time.durations import parse_instant_ms
from domain.time.units import DAY_MS
from simulators.city import build_city
from simulators.faults import Fault, FaultPlan
from simulators.faults.catalogue import FAULTS
from simulators.world.state import World

START = parse_instant_ms("2026-06-01T18:00:00+08:00")
PLAN = FaultPlan(stretch_h=6, share=0.05)
CITY = build_city(7, 300)


def test_the_book_is_the_same_however_it_grew() -> None:
    at_once, by_and_by = World(CITY, START, PLAN), World(CITY, START, PLAN)
    at_once.grow_until(START + 2 * DAY_MS)
    for hours in range(1, 49):
        by_and_by.grow_until(START + hours * 3_600_000)
    assert at_once.faults.all == by_and_by.faults.all
    assert at_once.faults.all


def test_a_device_has_one_fault_at_a_time_and_a_rest_after_it() -> None:
    world = World(CITY, START, PLAN)
    world.grow_until(START + 4 * DAY_MS)
    spans: dict[str, list[tuple[int, int]]] = {}
    for fault in world.faults.all:
        for device_id in (fault.device_id, *FAULTS[fault.kind].claims(fault, CITY)):
            spans.setdefault(device_id, []).append((fault.start_ms, fault.end_ms))
    assert any(len(found) > 1 for found in spans.values())
    for found in spans.values():
        found.sort()
        for (_, ended_ms), (started_ms, _) in pairwise(found):
            assert started_ms >= ended_ms + PLAN.rest_h * 3_600_000


def test_every_kind_that_can_befall_anyone_is_drawn_and_only_for_those_it_can_befall() -> None:
    world = World(CITY, START, PLAN)
    world.grow_until(START + 2 * DAY_MS)
    befalls = {spec.kind for spec in FAULTS.values() if any(spec.able(device) for device in CITY.devices)}
    assert {fault.kind for fault in world.faults.all} == befalls
    assert all(FAULTS[fault.kind].able(world.device(fault.device_id)) for fault in world.faults.all)


def test_a_kind_with_no_share_is_never_drawn() -> None:
    world = World(CITY, START, FaultPlan(stretch_h=6, share=0.05, shares={"cover-open": 0}))
    world.grow_until(START + DAY_MS)
    kinds = {fault.kind for fault in world.faults.all}
    assert "cover-open" not in kinds
    assert "cover-tilted" in kinds


def test_a_given_fault_happens_and_is_drawn_around() -> None:
    device = next(device for device in CITY.devices if device.kind == "manhole_cover")
    given = Fault(device.device_id, "cover-open", START + 3_600_000, START + 20 * 3_600_000, 0.5)
    world = World(CITY, START, FaultPlan(stretch_h=6, share=1.0), (given,))
    world.grow_until(START + DAY_MS)
    assert world.faults.on(device.device_id, START + 7_200_000) == given
    assert given in world.faults.all
    others = [fault for fault in world.faults.of(device.device_id) if fault != given]
    assert not any(fault.start_ms < given.end_ms and given.start_ms < fault.end_ms for fault in others)
