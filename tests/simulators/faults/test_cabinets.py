"""Faults of cabinets and feeders: the label, and what cabinet and lamps tell before, during and after."""

import pytest

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.city import build_city
from simulators.faults import Fault, FaultPlan
from simulators.faults.cabinets import feeder_hit
from simulators.faults.catalogue import FAULTS
from simulators.weather.sky import Sky
from simulators.world.state import World
from tests.simulators.faults.afflicted import Case, afflict

CITY = build_city(7, 60)
CABINET = next(device for device in CITY.devices if device.kind == "cabinet")
WORLD = World(CITY, 0, FaultPlan(share=0))
CIRCUIT = WORLD.circuits.cabinets[CABINET.device_id]
LAMP = WORLD.device(CIRCUIT.lanterns[0].device_id)
NEIGHBOUR = next(
    device for device in CITY.devices if device.kind == "streetlight" and device.parent_id != CABINET.device_id
)
NOMINAL_W = float(CABINET.attributes["nominal_power"])
EVENING, MORNING = "2026-06-01T20:00:00+08:00", "2026-06-01T09:00:00+08:00"


def befall(
    kind: str, start: str = EVENING, *, told_by: Device = CABINET, hours: float = 2.0, size: float = 0.5
) -> Case:
    return afflict(kind, CABINET, start, hours=hours, size=size, city=CITY, told_by=told_by)


def within_min(case: Case) -> float:
    assert case.label.by_ms is not None
    return (case.label.by_ms - case.label.start_ms) / MINUTE_MS


def test_a_meter_with_a_battery_tells_of_an_outage_to_its_end() -> None:
    case = befall("cabinet-outage", size=0.9)
    assert case.label.expects == ("cabinet-power-loss",)
    assert case.label.subjects == (CABINET.device_id,)
    assert within_min(case) == 4
    assert set(case.label.affected) == {CABINET.device_id, *CIRCUIT.lamps()}
    assert {"lamp-out", "offline", "feeder-fault"} <= set(case.label.explains)
    assert case.during[0].observed_at_ms <= case.fault.start_ms + 2_000
    assert len(case.during) >= 120
    assert set(case.values(case.during, "voltage")) == {0.0}
    assert not any(report.readings["mains_present"] for report in case.during)
    assert all(report.readings["mains_present"] for report in case.before + case.after)
    assert min(case.values(case.after, "active_power")) > 0.5 * NOMINAL_W


def test_a_meter_without_a_battery_falls_silent_with_its_last_breath() -> None:
    case = befall("cabinet-outage", size=0.3)
    assert case.label.expects == ("cabinet-power-loss", "offline")
    assert within_min(case) == 18
    assert 1 <= len(case.during) <= 2
    assert not case.during[-1].readings["mains_present"]
    assert len(case.after) >= 58


@pytest.mark.parametrize(("size", "speaks"), [(0.1, False), (0.3, True), (0.6, False), (0.9, True)])
def test_in_an_outage_lamps_are_silent_or_speak_on_another_supply(size: float, speaks: bool) -> None:
    case = befall("cabinet-outage", told_by=LAMP, size=size)
    assert bool(case.during) is speaks
    for report in case.during:
        assert report.readings["dimming_level"] == 100.0
        assert report.readings["active_power"] == report.readings["voltage"] == 0.0
    assert min(case.values(case.after, "active_power")) > 0.4 * float(LAMP.attributes["nominal_power"])


def test_an_outage_leaves_the_lamps_of_other_cabinets_alone() -> None:
    case = befall("cabinet-outage", told_by=NEIGHBOUR, size=0.9)
    assert len(case.during) >= 119
    assert min(case.values(case.during, "active_power")) > 0.9 * float(NEIGHBOUR.attributes["nominal_power"])
    assert min(case.values(case.during, "voltage")) > 200


def on_its_feeder(fault: Fault, *, hit: bool) -> Device:
    feeder = feeder_hit(fault, CIRCUIT.feeders)
    return WORLD.device(next(one.device_id for one in CIRCUIT.lanterns if (one.feeder == feeder) is hit))


@pytest.mark.parametrize("size", [0.5, 0.501])
def test_a_feeder_fault_darkens_the_lamps_of_one_feeder(size: float) -> None:
    fault = Fault(CABINET.device_id, "feeder-fault", 0, 1, size)
    dark = befall("feeder-fault", told_by=on_its_feeder(fault, hit=True), size=size)
    lamps = CIRCUIT.on_feeder(feeder_hit(fault, CIRCUIT.feeders))
    assert dark.label.expects == ("feeder-fault",)
    assert dark.label.subjects == (CABINET.device_id,)
    assert within_min(dark) == 8
    assert set(dark.label.affected) == {CABINET.device_id, *lamps}
    assert "lamp-out" in dark.label.explains
    assert max(dark.values(dark.during, "active_power")) < 1.2
    assert set(dark.values(dark.during, "dimming_level")) == {100.0}
    assert min(dark.values(dark.during, "voltage")) > 200
    burning = befall("feeder-fault", told_by=on_its_feeder(fault, hit=False), size=size)
    assert min(burning.values(burning.during, "active_power")) > 50
    assert FAULTS["feeder-fault"].claims(fault, CITY) == lamps


def test_a_feeder_that_fails_by_day_is_asked_for_at_dusk() -> None:
    case = befall("feeder-fault", "2026-06-01T15:00:00+08:00", hours=6)
    assert case.label.expects == ("feeder-fault",)
    assert within_min(case) == pytest.approx(4 * 60 + 13 + 8, abs=4)


def test_the_cabinet_carries_less_while_a_feeder_is_dark() -> None:
    case = befall("feeder-fault")
    feeder = feeder_hit(case.fault, CIRCUIT.feeders)
    lost_w = sum(one.full_w for one in CIRCUIT.lanterns if one.feeder == feeder)
    whole_w = sum(one.full_w for one in CIRCUIT.lanterns)
    before = case.values(case.before, "active_power")[-1]
    for during in case.values(case.during, "active_power"):
        assert before - during == pytest.approx(before * lost_w / whole_w, rel=0.05)


def test_a_feeder_whose_controllers_hang_on_it_falls_silent() -> None:
    fault = Fault(CABINET.device_id, "feeder-fault", 0, 1, 0.1)
    case = befall("feeder-fault", told_by=on_its_feeder(fault, hit=True), size=0.1)
    assert case.during == []
    assert case.label.expects == ("link-lost",)
    assert "offline" in case.label.explains
    assert within_min(case) == 35


def test_a_circuit_that_is_not_switched_on_is_asked_for_after_civil_dusk() -> None:
    case = befall("circuit-unlit", "2026-06-01T17:00:00+08:00", hours=4)
    assert case.label.expects == ("circuit-unlit",)
    assert within_min(case) == pytest.approx(2 * 60 + 28 + 18, abs=4)
    assert max(case.values(case.during, "active_power")) < 0.02 * NOMINAL_W
    assert min(case.values(case.after, "active_power")) > 0.9 * NOMINAL_W
    lamp = befall("circuit-unlit", "2026-06-01T17:00:00+08:00", hours=4, told_by=LAMP)
    assert set(lamp.values(lamp.during, "dimming_level")) == {0.0}
    assert max(lamp.values(lamp.during, "active_power")) < 1.2
    assert set(lamp.values(lamp.after, "dimming_level")) == {100.0}
    assert "lamp-unlit" in lamp.label.explains


def test_a_contactor_that_sticks_lets_all_lamps_burn_by_day() -> None:
    case = befall("circuit-day-burner", MORNING, hours=3)
    assert case.label.expects == ("day-burner",)
    assert case.label.subjects == (CABINET.device_id,)
    assert within_min(case) == 35
    assert max(case.values(case.before + case.after, "active_power")) < 0.02 * NOMINAL_W
    assert min(case.values(case.during, "active_power")) > 0.9 * NOMINAL_W
    lamp = befall("circuit-day-burner", MORNING, hours=3, told_by=LAMP)
    assert set(lamp.values(lamp.during, "dimming_level")) == {0.0}
    assert min(lamp.values(lamp.during, "active_power")) > 0.9 * float(LAMP.attributes["nominal_power"])


@pytest.mark.parametrize(
    ("kind", "problem", "size", "low_v", "high_v", "hard"),
    [
        ("voltage-sag", "voltage-low", 0.6, 185, 191, False),
        ("voltage-sag", "voltage-low", 0.05, 195, 199, True),
        ("voltage-swell", "voltage-high", 0.6, 237.5, 243, False),
        ("voltage-swell", "voltage-high", 0.05, 233.5, 238, True),
    ],
)
def test_the_mains_leaves_its_limits_for_a_cabinet_and_its_lamps(
    kind: str, problem: str, size: float, low_v: float, high_v: float, hard: bool
) -> None:
    case = befall(kind, size=size, hours=1)
    assert case.label.expects == (problem,)
    assert case.label.explains == (problem,)
    assert within_min(case) == 13
    assert bool(case.label.hard) is hard
    assert low_v < min(case.values(case.during, "voltage"))
    assert max(case.values(case.during, "voltage")) < high_v
    assert all(205 < volts < 235.4 for volts in case.values(case.before + case.after, "voltage"))
    assert min(case.values(case.during, "active_power")) > 0.9 * NOMINAL_W
    lamp = befall(kind, size=size, hours=1, told_by=LAMP)
    assert LAMP.device_id in lamp.label.affected
    assert low_v - 7 < min(lamp.values(lamp.during, "voltage"))
    assert max(lamp.values(lamp.during, "voltage")) < high_v


def test_a_dip_of_less_than_a_minute_is_no_fault() -> None:
    case = befall("voltage-dip", hours=0.01)
    assert case.label.expects == ()
    assert len(case.during) >= 1
    assert max(case.values(case.during, "voltage")) < 198
    assert all(volts > 205 for volts in case.values(case.before + case.after, "voltage"))


def test_a_door_left_open_is_a_fault_and_a_visit_is_none() -> None:
    forgotten, visit = befall("door-open", hours=3), befall("cabinet-visit", hours=0.4)
    assert forgotten.label.expects == ("door-open",)
    assert within_min(forgotten) == 63
    assert visit.label.expects == ()
    for case in (forgotten, visit):
        assert case.during[0].observed_at_ms <= case.fault.start_ms + 2_000
        assert all(report.readings["door_open"] for report in case.during)
        assert not any(report.readings["door_open"] for report in case.before + case.after)


def test_only_a_cabinet_with_a_contact_can_have_its_door_open() -> None:
    mute = Device("CB", "cabinet", "cabinet", attributes={"door_contact": False, "lamps": 20.0})
    assert not FAULTS["door-open"].able(mute)
    assert not FAULTS["cabinet-visit"].able(mute)
    assert FAULTS["cabinet-outage"].able(mute)
    assert not FAULTS["feeder-fault"].able(Device("CB", "cabinet", "cabinet", attributes={"lamps": 4.0}))


@pytest.mark.parametrize(
    ("kind", "start", "hours", "fits"),
    [
        ("feeder-fault", EVENING, 3, True),
        ("feeder-fault", "2026-06-01T15:00:00+08:00", 5, True),
        ("feeder-fault", "2026-06-01T15:00:00+08:00", 4.6, False),
        ("feeder-fault", MORNING, 3, False),
        ("circuit-unlit", "2026-06-01T17:00:00+08:00", 4, True),
        ("circuit-unlit", "2026-06-01T17:00:00+08:00", 3, False),
        ("circuit-unlit", EVENING, 5, False),
        ("circuit-day-burner", MORNING, 2, True),
        ("circuit-day-burner", EVENING, 5, False),
        ("circuit-day-burner", "2026-06-02T00:00:00+08:00", 8, True),
    ],
)
def test_a_fault_falls_only_where_it_can_show(kind: str, start: str, hours: float, fits: bool) -> None:
    start_ms = parse_instant_ms(start)
    fault = Fault(CABINET.device_id, kind, start_ms, start_ms + int(hours * HOUR_MS), 0.5)
    assert FAULTS[kind].fits(fault, Sky(CITY.place)) is fits
