from typing import Any

import pytest

from domain.devices import Device, FieldMapping, Profile
from domain.identities import OWN_ID
from domain.rejections import Reason
from domain.time.units import DAY_MS
from domain.topics import Topics
from ingest.dialects.messages import Refused, Uplink
from ingest.mapping.normalise import Normalised, normalise
from ingest.mapping.resolve import DeviceResolver, ReportingDevice
from tests.ingest.lookup import lookup_of

RECEIVED = 1_763_772_000_410
OBSERVED = 1_763_772_000_123
LAMP = Device("SL-320582-000123", "streetlight", "streetlight", area="320582/110/152/102")


def sender(*fields: FieldMapping, ignore: tuple[str, ...] = (), area: str | None = LAMP.area) -> ReportingDevice:
    device = Device(LAMP.device_id, "streetlight", "model", area=area)
    profile = Profile("model", "streetlight", fields, ignore)
    found = DeviceResolver(Topics(), lookup_of(device, profile)).resolve(
        Uplink("json", {}, OWN_ID.of(device.device_id))
    )
    assert isinstance(found, ReportingDevice)
    return found


def normalised(fields: dict[str, Any], of: ReportingDevice | None = None, **words: Any) -> Normalised:
    uplink = Uplink("json", fields, OWN_ID.of(LAMP.device_id), **{"observed_at_ms": OBSERVED, **words})
    return normalise(uplink, of or sender(), RECEIVED)


def readings(fields: dict[str, Any], of: ReportingDevice | None = None, **words: Any) -> dict[str, Any]:
    telemetry, refused = normalised(fields, of, **words)
    assert telemetry is not None, refused
    return telemetry["readings"]


def refusal(fields: dict[str, Any], of: ReportingDevice | None = None, **words: Any) -> Refused:
    telemetry, refused = normalised(fields, of, **words)
    assert telemetry is None
    assert refused is not None
    return refused


def test_a_good_report_becomes_the_record_of_the_design_with_its_keys_in_order() -> None:
    fields = {"active_power": 96.2, "voltage": 229.1, "dimming_level": 80.0}
    telemetry, refused = normalised(fields, message_id=41)
    assert refused is None
    assert telemetry is not None
    assert list(telemetry.items()) == [
        ("device_id", "SL-320582-000123"),
        ("kind", "streetlight"),
        ("observed_at_ms", OBSERVED),
        ("received_at_ms", RECEIVED),
        ("message_id", "41"),
        ("codec", "json"),
        ("readings", fields),
        ("area", "320582/110/152/102"),
    ]


def test_what_is_not_known_is_not_told() -> None:
    telemetry, _ = normalised({"voltage": 229.1}, sender(area=None))
    assert telemetry is not None
    assert {"message_id", "quality", "area", "time_source", "replay_of"}.isdisjoint(telemetry)


def test_whole_numbers_become_floats() -> None:
    value = readings({"voltage": 229})["voltage"]
    assert (value, type(value)) == (229.0, float)


@pytest.mark.parametrize("value", [-0.1, 500.1, 1e308, 10**30])
def test_an_implausible_value_stays_and_is_marked_bad(value: float) -> None:
    telemetry, refused = normalised({"voltage": value, "current": 0.4})
    assert refused is None
    assert telemetry is not None
    assert telemetry["readings"] == {"voltage": float(value), "current": 0.4}
    assert telemetry["quality"] == {"voltage": "bad"}


@pytest.mark.parametrize("value", [0, 0.0, 500])
def test_the_bounds_of_what_is_plausible_are_plausible(value: float) -> None:
    telemetry, _ = normalised({"voltage": value})
    assert telemetry is not None
    assert "quality" not in telemetry


BAD_NUMBERS = [
    (float("nan"), "not finite"), (float("inf"), "not finite"), (-float("inf"), "not finite"), (10**400, "not finite"),
    ("229", "text"), (None, "null"), (True, "true or false"), ([229], "an array"), ({}, "an object"), (b"\x00", "bytes"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "why"), BAD_NUMBERS)
def test_a_reading_that_is_no_finite_number_is_left_out_and_told(value: object, why: str) -> None:
    telemetry, refused = normalised({"voltage": value, "current": 0.4})
    assert telemetry is not None
    assert telemetry["readings"] == {"current": 0.4}
    assert refused is not None
    assert (refused.reason, refused.device_id) == (Reason.BAD_VALUE, LAMP.device_id)
    assert refused.detail.startswith("voltage (")
    assert why in refused.detail


@pytest.mark.parametrize(("value", "why"), BAD_NUMBERS)
def test_without_another_reading_the_report_is_refused_whole(value: object, why: str) -> None:
    assert refusal({"voltage": value}).reason is Reason.BAD_VALUE


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), (False, False), (1, True), (0, False), (1.0, True), (0.0, False)]
)
def test_a_boolean_quantity_takes_true_false_one_and_zero(value: object, truth: bool) -> None:
    assert readings({"cover_open": value})["cover_open"] is truth


@pytest.mark.parametrize("value", [2, -1, 0.5, "true", None, float("nan")])
def test_a_boolean_quantity_takes_nothing_else(value: object) -> None:
    assert refusal({"cover_open": value}).reason is Reason.BAD_VALUE


def test_unknown_quantities_are_left_out_and_all_of_a_report_told_in_one() -> None:
    telemetry, refused = normalised({"voltage": 229, "colour": 1, "mood": "good"})
    assert telemetry is not None
    assert telemetry["readings"] == {"voltage": 229.0}
    assert refused == Refused(Reason.UNKNOWN_QUANTITY, "unknown: colour, mood", LAMP.device_id)


def test_only_unknown_quantities_refuse_the_report_whole() -> None:
    assert refusal({"colour": 1}).reason is Reason.UNKNOWN_QUANTITY


def test_bad_and_unknown_ones_together_count_as_bad_and_both_are_named() -> None:
    _, refused = normalised({"voltage": 229, "colour": 1, "current": "x"})
    assert refused == Refused(
        Reason.BAD_VALUE, "current (text where a number belongs); unknown: colour", LAMP.device_id
    )


def test_a_thousand_unknown_names_are_told_in_a_few_words() -> None:
    assert len(refusal({f"{'x' * 1000}{i}": 1 for i in range(1000)}).detail) < 2000


def test_what_the_profile_ignores_is_left_out_without_a_word() -> None:
    telemetry, refused = normalised({"voltage": 229, "mood": "good"}, sender(ignore=("mood",)))
    assert telemetry is not None
    assert telemetry["readings"] == {"voltage": 229.0}
    assert refused is None


@pytest.mark.parametrize("fields", [{}, {"mood": 1}])
def test_a_report_without_any_reading_is_refused(fields: dict[str, object]) -> None:
    refused = refusal(fields, sender(ignore=("mood",)))
    assert (refused.reason, refused.detail) == (Reason.BAD_VALUE, "no reading that the profile takes")


WELL = (
    FieldMapping("distance", "distance", "mm"),
    FieldMapping("distance", "well_water_level", "mm", scale=-1.0, offset=3000.0),
    FieldMapping("temperature", "temperature", "K", scale=0.1),
    FieldMapping("lid", "cover_open", "1", scale=-1.0, offset=1.0),
)


def test_a_profile_maps_source_fields_by_scale_offset_and_unit_and_one_field_to_several_quantities() -> None:
    assert readings({"distance": 2116, "temperature": 2931.5}, sender(*WELL)) == {
        "distance": 2116.0,
        "well_water_level": pytest.approx(0.884),
        "temperature": pytest.approx(20.0),
    }


@pytest.mark.parametrize(("value", "truth"), [(True, False), (0, True)])
def test_a_profile_turns_a_boolean_round(value: object, truth: bool) -> None:
    assert readings({"lid": value}, sender(*WELL)) == {"cover_open": truth}


def test_a_profile_with_fields_takes_nothing_else_but_the_link() -> None:
    telemetry, refused = normalised({"distance": 1, "voltage": 229, "rssi": -97, "snr": 4.5}, sender(*WELL))
    assert telemetry is not None
    assert set(telemetry["readings"]) == {"distance", "well_water_level", "rssi", "snr"}
    assert refused is not None
    assert refused.detail == "unknown: voltage"


def test_a_field_that_the_profile_maps_to_nothing_usable_is_told_as_the_profiles_fault() -> None:
    broken = (FieldMapping("a", "colour", "1"), FieldMapping("b", "voltage", "Cel"), FieldMapping("c", "current", "A"))
    telemetry, refused = normalised({"a": 1, "b": 2, "c": 3}, sender(*broken))
    assert telemetry is not None
    assert telemetry["readings"] == {"current": 3.0}
    assert refused is not None
    assert "a (the profile maps it to 'colour', which is no quantity)" in refused.detail
    assert "b (the profile cannot be used: unit 'Cel'" in refused.detail


def test_of_two_fields_for_one_quantity_the_first_wins_and_the_second_is_told() -> None:
    twice = (FieldMapping("a", "voltage", "V"), FieldMapping("b", "voltage", "V"))
    telemetry, refused = normalised({"a": 1, "b": 2}, sender(*twice))
    assert telemetry is not None
    assert telemetry["readings"] == {"voltage": 1.0}
    assert refused is not None
    assert refused.detail == "b (another field already gave voltage)"


def test_a_unit_in_the_message_counts_instead_of_the_profiles() -> None:
    mapped = sender(FieldMapping("t", "temperature", "Cel", scale=0.1))
    assert readings({"t": 2931.5}, mapped, units={"t": "K"}) == {"temperature": pytest.approx(20.0)}
    assert readings({"voltage": 229_100.0}, units={"voltage": "mV"}) == {"voltage": pytest.approx(229.1)}


@pytest.mark.parametrize("unit", ["Cel", "furlong", "m**9**9**9", ""])
def test_a_unit_of_another_dimension_or_none_at_all_makes_a_bad_value(unit: str) -> None:
    refused = refusal({"voltage": 229.0}, units={"voltage": unit})
    assert (refused.reason, refused.detail) == (Reason.BAD_VALUE, f"voltage (its unit {unit!r} is not one of 'V')")


def test_an_overflow_by_conversion_is_not_finite() -> None:
    assert refusal({"distance": 1e308}, units={"distance": "km"}).reason is Reason.BAD_VALUE


GOOD_TIMES = {
    "the time of receipt": (RECEIVED, RECEIVED),
    "30 days before": (RECEIVED - 30 * DAY_MS, RECEIVED - 30 * DAY_MS),
    "5 minutes after": (RECEIVED + 300_000, RECEIVED + 300_000),
    "a float that is whole": (float(OBSERVED), OBSERVED),
}
BAD_TIMES = {
    "1970": 0,
    "1970 in seconds": 1_763_772_000,
    "next year": RECEIVED + 365 * DAY_MS,
    "a millisecond too old": RECEIVED - 30 * DAY_MS - 1,
    "a millisecond too new": RECEIVED + 300_001,
    "nanoseconds": OBSERVED * 1_000_000,
    "a fraction": OBSERVED + 0.5,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "a text": str(OBSERVED),
    "an object": {"ms": OBSERVED},
    "a huge number": 10**400,
    "negative": -OBSERVED,
}


@pytest.mark.parametrize(("said", "observed_at_ms"), GOOD_TIMES.values(), ids=GOOD_TIMES.keys())
def test_a_sane_time_is_the_devices_own_and_is_kept(said: object, observed_at_ms: int) -> None:
    telemetry, _ = normalised({"voltage": 1}, observed_at_ms=said)
    assert telemetry is not None
    assert (telemetry["observed_at_ms"], type(telemetry["observed_at_ms"])) == (observed_at_ms, int)
    assert "time_source" not in telemetry


@pytest.mark.parametrize("said", BAD_TIMES.values(), ids=BAD_TIMES.keys())
def test_an_absurd_time_refuses_the_report(said: object) -> None:
    assert refusal({"voltage": 1}, observed_at_ms=said).reason is Reason.BAD_TIME


def test_a_device_without_a_clock_gets_the_gateways_time_and_that_is_told() -> None:
    telemetry, _ = normalised({"voltage": 1}, observed_at_ms=None)
    assert telemetry is not None
    assert (telemetry["observed_at_ms"], telemetry["time_source"]) == (RECEIVED, "gateway")


def test_a_device_that_counts_from_now_is_observed_that_much_earlier() -> None:
    telemetry, _ = normalised({"voltage": 1}, observed_at_ms=None, offset_ms=-5000)
    assert telemetry is not None
    assert (telemetry["observed_at_ms"], telemetry["time_source"]) == (RECEIVED - 5000, "gateway")
    assert refusal({"voltage": 1}, observed_at_ms=None, offset_ms=-31 * DAY_MS).reason is Reason.BAD_TIME


@pytest.mark.parametrize(("said", "message_id"), [(41, "41"), (-1, "-1"), ("41", "41"), ("", ""), (2**70, str(2**70))])
def test_a_sequence_number_or_a_text_identifies_the_message(said: object, message_id: str) -> None:
    telemetry, refused = normalised({"voltage": 1}, message_id=said)
    assert telemetry is not None
    assert telemetry["message_id"] == message_id
    assert refused is None


@pytest.mark.parametrize("said", [True, 4.5, [], {}, "x" * 129, 10**128])
def test_an_identity_of_another_type_is_left_out_and_told(said: object) -> None:
    telemetry, refused = normalised({"voltage": 1}, message_id=said)
    assert telemetry is not None
    assert "message_id" not in telemetry
    assert refused is not None
    assert "seq" in refused.detail
