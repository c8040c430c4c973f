"""Transport faults: what leaves for the broker, when, and what the label asks for."""

from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.city import City, build_city
from simulators.dialects.reports import encode_native
from simulators.faults import Fault, FaultPlan
from simulators.faults.transport import CLOCK_OFFSETS_MS
from simulators.publish.departures import Departure, Revelation, spoilt
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import Label

NOON = parse_instant_ms("2026-06-01T12:00:00+08:00")
CITY: City = build_city(7, 60)
LAMP: Device = next(device for device in CITY.devices if device.kind == "streetlight")


def leaving(kind: str, hours: float = 2.0, size: float = 0.5) -> tuple[Fault, list[Departure], Label]:
    """What the lamp sends while it has that fault from noon on, and an hour before and after."""
    fault = Fault(LAMP.device_id, kind, NOON, NOON + int(hours * HOUR_MS), size)
    life = ReportStream(CITY, NOON - HOUR_MS, FaultPlan(share=0), (fault,))
    found = list(life.departures(fault.end_ms + HOUR_MS))
    (label,) = (departure.label for departure in found if isinstance(departure, Revelation))
    own = [d for d in found if isinstance(d, Departure) and d.report.device_id == LAMP.device_id]
    return fault, own, label


def during(fault: Fault, departures: list[Departure]) -> list[Departure]:
    """Those of reports that were made while the fault was on."""
    return [departure for departure in departures if fault.is_on(departure.report.observed_at_ms)]


def test_without_a_fault_everything_leaves_once_and_at_once() -> None:
    found = [
        d for d in ReportStream(CITY, NOON, FaultPlan(share=0)).departures(NOON + HOUR_MS) if isinstance(d, Departure)
    ]
    assert len(found) > 2000
    assert all(d.at_ms == d.report.observed_at_ms and not d.again and d.garbled is None for d in found)


@pytest.mark.parametrize("kind", ["told-again", "reordered", "late-burst", "garbled", "wrong-clock", "gone-mad"])
def test_departures_are_in_order_of_sending_and_the_truth_before_them(kind: str) -> None:
    fault = Fault(LAMP.device_id, kind, NOON + 60_000, NOON + HOUR_MS, 0.3)
    found = list(ReportStream(CITY, NOON, FaultPlan(share=0), (fault,)).departures(NOON + 2 * HOUR_MS))
    assert all(a.at_ms <= b.at_ms for a, b in pairwise(found))
    place = next(n for n, departure in enumerate(found) if isinstance(departure, Revelation))
    assert found[place].at_ms == fault.start_ms <= found[place + 1].at_ms
    assert found[-1].at_ms < NOON + 2 * HOUR_MS


def test_what_is_told_again_is_the_same_and_marked() -> None:
    fault, found, label = leaving("told-again")
    affected = during(fault, found)
    again = [d for d in affected if d.again]
    first = {d.report.observed_at_ms: d for d in affected if not d.again}
    assert len(first) >= 119
    assert len(again) >= len(first)
    assert all(d.report == first[d.report.observed_at_ms].report for d in again)
    assert all(0 <= d.at_ms - d.report.observed_at_ms <= 240_000 for d in again)
    assert label.expects == ()


def test_reordered_messages_overtake_each_other_within_four_minutes() -> None:
    fault, found, label = leaving("reordered")
    affected = during(fault, found)
    observed = [d.report.observed_at_ms for d in affected]
    assert observed != sorted(observed)
    assert len(set(observed)) == len(observed) >= 119
    assert all(0 <= d.at_ms - d.report.observed_at_ms <= 240_000 for d in affected)
    assert label.expects == ()


def test_a_late_burst_holds_everything_back_and_then_sends_it_in_order() -> None:
    fault, found, label = leaving("late-burst")
    affected = during(fault, found)
    assert not [d for d in found if fault.is_on(d.at_ms)]
    assert [d.report.observed_at_ms for d in affected] == sorted(d.report.observed_at_ms for d in affected)
    assert all(fault.end_ms <= d.at_ms < fault.end_ms + 60_000 for d in affected)
    assert (label.expects, label.subjects) == (("offline",), (LAMP.device_id,))


def test_a_short_outage_asks_for_nothing() -> None:
    _, _, label = leaving("late-burst", hours=0.4)
    assert label.expects == ()
    assert "offline" in label.explains


def test_a_garbled_payload_is_no_json_and_the_others_are_whole() -> None:
    fault, found, label = leaving("garbled")
    affected = during(fault, found)
    bad = [d for d in affected if d.garbled is not None]
    assert 0.2 < len(bad) / len(affected) < 0.6
    assert not [d for d in found if d.garbled is not None and d not in affected]
    for departure in bad:
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(spoilt(encode_native(departure.report).payload, departure.garbled or 0))
    assert label.expects == ()


@given(st.binary(min_size=1, max_size=400), st.integers(0, 2**64 - 1))
def test_spoiling_never_gives_the_payload_back(payload: bytes, bits: int) -> None:
    ascii_only = bytes(byte & 0x7F for byte in payload)
    assert spoilt(ascii_only, bits) != ascii_only or len(payload) == 1


SIZES = (0.1, 0.3, 0.6, 0.9)


@pytest.mark.parametrize(("size", "offset_ms"), list(zip(SIZES, CLOCK_OFFSETS_MS, strict=True)))
def test_a_wrong_clock_says_another_time_but_sends_at_the_true_one(size: float, offset_ms: int) -> None:
    fault, found, label = leaving("wrong-clock", size=size)
    affected = [d for d in found if fault.is_on(d.at_ms)]
    assert len(affected) >= 119
    assert all(d.report.observed_at_ms == d.at_ms + offset_ms for d in affected)
    assert all(d.report.observed_at_ms == d.at_ms for d in found if d not in affected)
    assert label.expects == (("offline",) if abs(offset_ms) > 300_000 else ())


def test_a_device_gone_mad_sends_a_hundred_a_second() -> None:
    fault, found, label = leaving("gone-mad", hours=1 / 30)
    affected = during(fault, found)
    assert len(affected) == (fault.end_ms - fault.start_ms - 2_000) // 10
    assert len({d.report.observed_at_ms for d in affected}) == len(affected)
    assert (label.expects, label.subjects) == (("reports-too-often",), (LAMP.device_id,))


def test_the_same_life_departs_the_same_way() -> None:
    plan = FaultPlan(stretch_h=2, share=0.1)
    once, again = (list(ReportStream(build_city(7, 60), NOON, plan).departures(NOON + HOUR_MS)) for _ in range(2))
    assert once == again
    assert any(isinstance(d, Revelation) for d in once)
