"""Readings of a city over time: what is normal, and how each fault shows."""

from collections import defaultdict
from itertools import pairwise
from statistics import mean

import orjson
import pytest

from domain.quantities.catalogue import CATALOGUE
from domain.time.durations import parse_instant_ms
from simulators.city import City, build_city
from simulators.dialects.reports import Report, encode_native
from simulators.faults import FaultPlan
from simulators.publish.report_stream import ReportStream

EVENING = parse_instant_ms("2026-06-01T20:00:00+08:00")
HOUR = 3_600_000
NO_FAULTS = FaultPlan(share=0)
MANY = FaultPlan(stretch_h=2, share=0.02)


@pytest.fixture(scope="module")
def city() -> City:
    return build_city(seed=7, devices=300)


@pytest.fixture(scope="module")
def evening(city: City) -> ReportStream:
    return ReportStream(city, EVENING, MANY)


@pytest.fixture(scope="module")
def reports(evening: ReportStream) -> list[Report]:
    return list(evening.reports(EVENING + 2 * HOUR))


def one_round(city: City, at: str) -> list[Report]:
    start_ms = parse_instant_ms(at)
    return list(ReportStream(city, start_ms, NO_FAULTS).reports(start_ms + 60_500))


def readings(reports: list[Report], kind: str, quantity: str) -> list[float]:
    return [float(report.readings[quantity]) for report in reports if report.kind == kind]


def test_the_same_life_gives_the_same_bytes(evening: ReportStream, reports: list[Report]) -> None:
    again = ReportStream(build_city(7, 300), EVENING, MANY).reports(EVENING + 2 * HOUR)
    assert [encode_native(report) for report in again] == [encode_native(report) for report in reports]


def test_a_shorter_look_at_a_life_is_the_beginning_of_a_longer_one(
    evening: ReportStream, reports: list[Report]
) -> None:
    shorter = list(evening.reports(EVENING + HOUR))
    assert shorter == reports[: len(shorter)]
    assert len(shorter) < len(reports)


def test_reports_come_in_order_each_device_and_instant_once(reports: list[Report]) -> None:
    assert all(a.observed_at_ms <= b.observed_at_ms for a, b in pairwise(reports))
    assert len({(report.device_id, report.observed_at_ms) for report in reports}) == len(reports)


def test_every_device_keeps_its_interval_though_a_message_is_lost_now_and_then(city: City) -> None:
    instants: dict[str, list[int]] = defaultdict(list)
    for report in ReportStream(city, EVENING, NO_FAULTS).reports(EVENING + HOUR):
        instants[report.device_id].append(report.observed_at_ms)
    for device in city.devices:
        due = 3600 // device.report_interval_s
        assert due - 2 <= len(instants[device.device_id]) <= due + 1
        for a, b in pairwise(instants[device.device_id]):
            turns = round((b - a) / (device.report_interval_s * 1000))
            assert turns in (1, 2)
            assert b - a == pytest.approx(turns * device.report_interval_s * 1000, abs=500)


def test_a_report_counts_its_device_s_messages_and_speaks_native_json(reports: list[Report]) -> None:
    lamp = [report for report in reports if report.device_id == "SL-320582-000001"]
    assert [report.seq for report in lamp] == list(range(len(lamp)))
    message = encode_native(lamp[1])
    assert message.topic == "city/320582-110-152-102/streetlight/SL-320582-000001/up"
    payload = orjson.loads(message.payload)
    assert payload == {"ts": lamp[1].observed_at_ms, "seq": 1, "readings": dict(lamp[1].readings)}


def test_every_reading_is_in_the_catalogue_plausible_and_typed(reports: list[Report]) -> None:
    for report in reports:
        for name, value in report.readings.items():
            assert CATALOGUE[name].is_plausible(value), (name, value)
            assert isinstance(value, bool) is CATALOGUE[name].boolean


def test_lamps_are_off_at_noon(city: City) -> None:
    noon = one_round(city, "2026-06-01T12:00:00+08:00")
    assert set(readings(noon, "streetlight", "dimming_level")) == {0.0}
    assert max(readings(noon, "streetlight", "active_power")) < 2


def test_lamps_are_on_and_dimmed_at_midnight(city: City) -> None:
    nominal_w = {device.device_id: device.attributes.get("nominal_power") for device in city.devices}
    midnight = one_round(city, "2026-06-02T00:00:00+08:00")
    assert set(readings(midnight, "streetlight", "dimming_level")) == {60.0}
    for lamp in (report for report in midnight if report.kind == "streetlight"):
        assert lamp.readings["active_power"] == pytest.approx(0.6 * float(nominal_w[lamp.device_id] or 0), rel=0.06)


def test_lamps_are_full_in_the_evening_and_agree_with_ohm_s_law(city: City) -> None:
    evening = one_round(city, "2026-06-01T20:00:00+08:00")
    assert set(readings(evening, "streetlight", "dimming_level")) == {100.0}
    for lamp in (report.readings for report in evening if report.kind == "streetlight"):
        apparent_w = lamp["voltage"] * lamp["current"] * lamp["power_factor"]
        assert apparent_w == pytest.approx(lamp["active_power"], rel=0.005)


def test_a_cabinet_carries_its_lamps(city: City) -> None:
    evening = one_round(city, "2026-06-01T20:00:00+08:00")
    parents = {device.device_id: device.parent_id for device in city.devices}
    for cabinet in (report for report in evening if report.kind == "cabinet"):
        lamps = {r.device_id: r.readings["active_power"] for r in evening if parents[r.device_id] == cabinet.device_id}
        assert cabinet.readings["active_power"] == pytest.approx(sum(lamps.values()), rel=0.05)


def test_flow_follows_the_day_of_the_town(city: City) -> None:
    night = [r for hour in (2, 3) for r in one_round_of_monitors(city, f"2026-06-02T0{hour}:00:00+08:00")]
    morning = [r for hour in (7, 8) for r in one_round_of_monitors(city, f"2026-06-02T0{hour}:00:00+08:00")]
    assert mean(readings(morning, "water_monitor", "flow_rate")) > 1.3 * mean(
        readings(night, "water_monitor", "flow_rate")
    )
    assert mean(readings(morning, "manhole_cover", "well_water_level")) > mean(
        readings(night, "manhole_cover", "well_water_level")
    )


def one_round_of_monitors(city: City, at: str) -> list[Report]:
    start_ms = parse_instant_ms(at)
    return list(ReportStream(city, start_ms, NO_FAULTS).reports(start_ms + 600_500))


def test_batteries_run_down_over_months(city: City) -> None:
    def levels(at: str) -> dict[str, float]:
        found = one_round_of_monitors(city, at)
        return {r.device_id: float(r.readings["battery_level"]) for r in found if r.kind == "manhole_cover"}

    june, july = levels("2026-06-01T12:00:00+08:00"), levels("2026-07-01T12:00:00+08:00")
    falls = [june[device] - july[device] for device in june if july[device] < june[device]]
    assert len(falls) >= 0.8 * len(june)
    assert all(0 < fall < 5 for fall in falls)


def test_a_life_without_faults_has_none(city: City) -> None:
    assert ReportStream(city, EVENING, NO_FAULTS).labels(EVENING + 4 * HOUR) == ()


def test_asking_for_the_truth_first_changes_no_report(city: City, reports: list[Report]) -> None:
    life = ReportStream(city, EVENING, MANY)
    assert life.labels(EVENING + 9 * HOUR)
    assert list(life.reports(EVENING + 2 * HOUR)) == reports
