import json
from typing import Any

import pytest

from domain.errors import Unreadable
from domain.identities import OWN_ID
from domain.rejections import Reason
from ingest.dialects.messages import Refused, Uplink
from ingest.dialects.senml.reports import decode_senml
from tests.golden import golden

LAMP, KIND, CODEC = "SL-1", "streetlight", "senml+json"
RECEIVED = 1_763_772_000_410


def decode(pack: object, topic_device: str = LAMP) -> list[Uplink | Refused]:
    return decode_senml(pack, CODEC, topic_device, KIND, RECEIVED)


def reports(pack: object, topic_device: str = LAMP) -> list[Uplink]:
    return [item for item in decode(pack, topic_device) if isinstance(item, Uplink)]


def test_plain_names_are_quantities_of_the_device_on_the_topic_in_one_report_an_instant() -> None:
    pack = [{"bt": 1763772000, "n": "voltage", "u": "V", "v": 229}, {"n": "active_power", "u": "kW", "v": 0.1}]
    assert decode(pack) == [
        Uplink(
            CODEC, {"voltage": 229.0, "active_power": 0.1}, OWN_ID.of(LAMP), kind=KIND, observed_at_ms=1763772000000,
            units={"voltage": "V", "active_power": "kW"},
        )
    ]  # fmt: skip


def test_the_datapoints_of_the_rfc_are_six_reports_of_the_device_in_their_names_prefix_in_order_of_time() -> None:
    device = "urn:dev:ow:10e2073a0108006"
    found = reports(json.loads(golden("senml/multiple_datapoints.json")), device)
    assert [(report.identity.value, report.observed_at_ms, report.fields) for report in found] == [
        (device, 1276020071001, {"current": 1.2}),
        (device, 1276020072001, {"current": 1.3}),
        (device, 1276020073001, {"current": 1.4}),
        (device, 1276020074001, {"current": 1.5}),
        (device, 1276020075001, {"current": 1.6}),
        (device, 1276020076001, {"voltage": 120.1, "current": 1.7}),
    ]
    assert all((report.speaker, report.kind) == (None, KIND) for report in found)


def test_a_pack_with_other_devices_names_makes_the_topics_device_their_speaker() -> None:
    found = reports(json.loads(golden("senml/collection_of_resources.json")), "2001:db8::2")
    assert [(report.identity.value, report.speaker, report.kind, report.fields) for report in found] == [
        ("2001:db8::2", None, KIND, {"temperature": 25.2, "humidity": 30.0}),
        ("2001:db8::1", "2001:db8::2", None, {"temperature": 12.3, "humidity": 67.0}),
    ]
    assert found[0].units == {"temperature": "Cel", "humidity": "%"}


NAMES = {
    "plain": ("voltage", LAMP, "voltage"),
    "behind the topic's device and a colon": ("SL-1:voltage", LAMP, "voltage"),
    "behind the topic's device and a slash": ("SL-1/lamp/voltage", LAMP, "lamp/voltage"),
    "the topic's device alone": ("SL-1", LAMP, "V"),
    "behind another device": ("SL-2:voltage", "SL-2", "voltage"),
    "a device URN alone": ("urn:dev:mac:0024befffe804ff1", "urn:dev:mac:0024befffe804ff1", "V"),
    "behind a device URN": ("urn:dev:mac:0024befffe804ff1:voltage", "urn:dev:mac:0024befffe804ff1", "voltage"),
    "longer than the topic's device": ("SL-10:voltage", "SL-10", "voltage"),
}


@pytest.mark.parametrize(("name", "device_id", "field"), NAMES.values(), ids=NAMES.keys())
def test_a_name_is_split_into_device_and_field(name: str, device_id: str, field: str) -> None:
    [report] = reports([{"n": name, "u": "V", "v": 1}])
    assert (report.identity.value, list(report.fields)) == (device_id, [field])


def test_a_series_that_is_told_apart_by_its_units_gives_fields_named_by_them() -> None:
    first, *_, last = reports(json.loads(golden("senml/multiple_measurements.json")), "urn:dev:ow:10e2073a01080063")
    assert first.fields == {"%RH": 20.0, "lon": 24.30621, "lat": 60.07965}
    assert last.observed_at_ms == 1320067644000


def test_a_time_from_now_is_an_offset_and_no_clock() -> None:
    found = reports([{"n": "a", "t": -2.5, "v": 1}, {"n": "a", "t": 3, "v": 2}, {"n": "a", "v": 3}])
    assert [(r.observed_at_ms, r.offset_ms, r.message_id, r.fields["a"]) for r in found] == [
        (None, -2500, "-2500ms", 1.0),
        (None, 0, None, 3.0),
        (None, 3000, "+3000ms", 2.0),
    ]


@pytest.mark.parametrize(("time_s", "observed_at_ms"), [(2**28 - 1, None), (2**28, 268_435_456_000)])
def test_from_2_to_the_28_on_a_time_is_absolute(time_s: float, observed_at_ms: int | None) -> None:
    [report] = reports([{"n": "a", "t": time_s, "v": 1}])
    assert report.observed_at_ms == observed_at_ms


@pytest.mark.parametrize("time_s", [float("nan"), float("inf"), -1e300, 1e12])
def test_a_time_that_cannot_be_is_refused_alone(time_s: float) -> None:
    refused, report = decode([{"n": "a", "t": time_s, "v": 1}, {"n": "b", "v": 1}])
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.BAD_TIME
    assert isinstance(report, Uplink)
    assert report.fields == {"b": 1.0}


def test_what_is_told_twice_for_an_instant_makes_a_second_report_and_is_not_dropped() -> None:
    found = reports([{"n": "a", "v": 1}, {"n": "a", "v": 2}, {"n": "b", "v": 3}])
    assert [report.fields for report in found] == [{"a": 1.0, "b": 3.0}, {"a": 2.0}]


def test_texts_booleans_data_and_sums_are_fields_too() -> None:
    pack: list[Any] = [
        {"n": "a", "vs": "on"},
        {"n": "b", "vb": True},
        {"n": "c", "vd": "aGk"},
        {"n": "d", "u": "W", "v": 2, "s": 9},
    ]
    [report] = reports(pack)
    assert report.fields == {"a": "on", "b": True, "c": "aGk", "d": 2.0, "d.sum": 9.0}
    assert report.units == {"d": "W"}


def test_a_unit_that_senml_does_not_know_is_passed_on_for_normalising_to_refuse() -> None:
    [report] = reports([{"n": "a", "u": "furlong", "v": 1}])
    assert report.units == {"a": "furlong"}


@pytest.mark.parametrize("pack", [[{}], [{"bn": "SL-1:"}], [{"bn": "SL-1:"}, {"ut": 60}], [{"l": "[]"}]])
def test_a_pack_without_any_value_is_refused(pack: object) -> None:
    with pytest.raises(Unreadable, match="no record"):
        decode(pack)
