"""Cabinets, feeders and lamps: who hangs where, and what the cable loses on the way."""

from itertools import pairwise

import pytest

from domain.devices import Device
from simulators.city import City, build_city
from simulators.city.circuits import circuits_of

CITY = build_city(7, 300)


def test_every_lamp_hangs_on_the_cabinet_and_feeder_that_the_registry_says() -> None:
    circuits = circuits_of(CITY)
    lamps = {device.device_id: device for device in CITY.devices if device.kind == "streetlight"}
    assert set(circuits.lanterns) == set(lamps)
    for cabinet_id, circuit in circuits.cabinets.items():
        for feeder in circuit.feeders:
            on_it = circuit.on_feeder(feeder)
            assert on_it
            assert all(
                lamps[lamp].parent_id == cabinet_id and lamps[lamp].attributes["feeder"] == feeder for lamp in on_it
            )
        assert {lamp for feeder in circuit.feeders for lamp in circuit.on_feeder(feeder)} == set(circuit.lamps())


def test_the_drop_grows_along_the_feeder_and_stays_within_three_percent() -> None:
    drops = []
    for circuit in circuits_of(CITY).cabinets.values():
        for feeder in circuit.feeders:
            along = [lantern.drop_v for lantern in circuit.lanterns if lantern.feeder == feeder]
            assert all(a <= b for a, b in pairwise(along))
            drops.append(along[-1])
    assert 1.0 < max(drops) <= 6.6


def test_a_feeder_loses_what_ohms_law_says() -> None:
    """Two lamps of 300 W on 16 mm² of copper, 100 m and 200 m away, a third of the load on each phase."""
    cabinet = Device("C", "cabinet", "cabinet", lon=0.0, lat=0.0)
    lamps = [
        Device(
            f"L{n}",
            "streetlight",
            "streetlight",
            lon=0.0,
            lat=n * 100 / 111_320,
            parent_id="C",
            attributes={"nominal_power": 300.0, "feeder": "F1"},
        )
        for n in (2, 1)
    ]
    (near, far) = circuits_of(City(1, CITY.place, CITY.plan, (cabinet, *lamps))).cabinets["C"].lanterns
    assert (near.device_id, far.device_id) == ("L1", "L2")
    ampere = 100 / (228 * 0.98)
    assert near.drop_v == pytest.approx(0.115 * 2 * ampere, rel=1e-6)
    assert far.drop_v == pytest.approx(0.115 * 3 * ampere, rel=1e-6)


def test_a_lamp_without_a_cabinet_stands_on_the_mains_alone() -> None:
    lamp = Device("L", "streetlight", "streetlight", parent_id="GW", attributes={"nominal_power": 100.0})
    lantern = circuits_of(City(1, CITY.place, CITY.plan, (lamp,))).lanterns["L"]
    assert lantern.cabinet_id is None
    assert lantern.drop_v == 0


def test_the_circuits_of_a_city_are_worked_out_once_and_another_seed_has_others() -> None:
    assert circuits_of(CITY) is circuits_of(CITY)
    again, other = circuits_of(build_city(7, 300)), circuits_of(build_city(8, 300))
    assert again == circuits_of(CITY)
    assert other != again
