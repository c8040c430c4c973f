"""A discharge: what comes down the river, and what should be said."""

from statistics import mean

from simulators.faults.catalogue import FAULTS
from tests.simulators.faults.afflicted import Case, afflict
from tests.simulators.faults.small_city import city_of, drain, station

NIGHT = "2026-06-02T01:00:00+08:00"
STATION = station()
CITY = city_of(STATION)


def discharged(size: float) -> Case:
    return afflict("pollution-discharge", STATION, NIGHT, hours=4, size=size, margin_hours=4, city=CITY)


def test_a_discharge_lifts_salt_ammonia_and_oxygen_demand_within_half_an_hour_and_takes_the_oxygen() -> None:
    case = discharged(0.6)
    assert case.label.expects == ("discharge-suspected",)
    assert "water-quality" in case.label.explains
    assert not case.label.hard
    early = [r for r in case.during if 1_800_000 <= r.observed_at_ms - case.fault.start_ms <= 2 * 3_600_000]
    for quantity, times in (("conductivity", 1.8), ("nh3_n", 3), ("cod_cr", 3), ("cod_mn", 3), ("tp", 3)):
        assert mean(case.values(early, quantity)) > times * mean(case.values(case.before, quantity))
    assert max(case.values(early, "dissolved_oxygen")) < min(case.values(case.before, "dissolved_oxygen"))
    for quantity in ("conductivity", "nh3_n", "cod_cr"):
        assert max(case.values(case.after, quantity)) < 1.4 * max(case.values(case.before, quantity))


def test_a_mild_discharge_is_hard_to_tell_from_the_town_s_own_day() -> None:
    case = discharged(0.1)
    assert case.label.hard
    assert case.label.expects == ("discharge-suspected",)
    assert max(case.values(case.during, "conductivity")) < 1.5 * mean(case.values(case.before, "conductivity"))


def test_it_befalls_stations_that_could_see_it() -> None:
    able = FAULTS["pollution-discharge"].able
    assert able(STATION)
    assert not able(drain())
    assert not able(station(every_s=14_400))
