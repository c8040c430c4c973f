"""Gateways and cabinets that lose what speaks through them."""

from dataclasses import replace

from domain.devices import Device
from tests.simulators.faults.afflicted import Case, afflict
from tests.simulators.faults.small_city import city_of, cover, drain, gateway

NOON = "2026-06-02T12:00:00+08:00"
HUB = gateway()
CABINET = Device("CB-1", "cabinet", "cabinet", lon=120.55, lat=31.87, parent_id="GW-1", report_interval_s=60)
LIDS = [cover(f"MH-{n}", parent="GW-1") for n in range(5)]
FREE = drain("WM-9")
CITY = city_of(HUB, *LIDS, FREE)


def happens(kind: str, told_by: Device, hours: float = 3.0) -> Case:
    return afflict(kind, HUB, NOON, hours=hours, city=CITY, told_by=told_by)


def test_a_gateway_that_is_down_takes_all_behind_it_with_it() -> None:
    case = happens("gateway-down", LIDS[0])
    assert case.label.expects == ("offline",)
    assert case.label.subjects == ("GW-1",)
    assert case.label.by_ms == case.fault.start_ms + 20 * 60_000
    assert set(case.label.affected) == {"GW-1", *(lid.device_id for lid in LIDS)}
    assert case.during == []
    assert case.before
    assert case.after
    assert happens("gateway-down", HUB).during == []
    assert happens("gateway-down", FREE).during


def test_a_short_restart_of_a_gateway_asks_for_nothing() -> None:
    case = happens("gateway-down", HUB, hours=1 / 8)
    assert case.label.expects == ()
    assert "offline" in case.label.explains


def test_a_gateway_that_hears_nobody_any_more_speaks_on_itself() -> None:
    case = happens("link-lost", HUB)
    assert len(case.during) > 100
    assert happens("link-lost", LIDS[3]).during == []
    assert case.label.expects == ("link-lost",)
    assert case.label.subjects == ("GW-1",)
    assert case.label.by_ms == case.fault.start_ms + 130 * 60_000


def test_fewer_than_five_silent_devices_are_single_failures() -> None:
    few = afflict("link-lost", HUB, NOON, hours=3, city=city_of(HUB, *LIDS[:3]))
    assert few.label.expects == ("offline",)
    assert set(few.label.subjects) == {lid.device_id for lid in LIDS[:3]}


def test_what_hangs_on_a_cabinet_behind_the_gateway_is_silent_too() -> None:
    lid = replace(LIDS[0], parent_id="CB-1")
    chain = city_of(HUB, replace(CABINET, attributes={"nominal_power": 0.0, "lamps": 0.0}), lid)
    case = afflict("gateway-down", HUB, NOON, city=chain, told_by=lid)
    assert case.during == []
    assert set(case.label.affected) == {"GW-1", "CB-1", lid.device_id}
