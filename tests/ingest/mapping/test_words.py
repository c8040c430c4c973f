"""Numbers as text, words, times in other formats, and everything else ignored: refused with the remedy, or as the profile
has it."""

from typing import Any

import orjson
import pytest

from domain.devices import Device, FieldMapping, Profile, TimeFormat
from domain.identities import OWN_ID
from domain.rejections import Reason
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage, Uplink
from ingest.mapping.normalise import Normalised, normalise
from ingest.mapping.resolve import DeviceResolver, ReportingDevice
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of

RECEIVED = 1_763_772_000_410
OBSERVED = 1_763_772_000_123
TEXTUAL = (
    FieldMapping("P", "active_power", "kW", scale=2.0, text=True),
    FieldMapping("lamp", "relay_closed", "1", values={"ON": True, "OFF": False, "2": True}),
    FieldMapping("mode", "dimming_level", "%", values={"low": 10, "full": 100.0, "1": 55}),
)


def reporting(profile: Profile) -> ReportingDevice:
    device = Device("SL-1", "streetlight", "model")
    found = DeviceResolver(Topics(), lookup_of(device, profile)).resolve(Uplink("json", {}, OWN_ID.of("SL-1")))
    assert isinstance(found, ReportingDevice)
    return found


def normalised(fields: dict[str, Any], profile: Profile, at: object = OBSERVED, codec: str = "json") -> Normalised:
    uplink = Uplink(codec, fields, OWN_ID.of("SL-1"), observed_at_ms=at)
    return normalise(uplink, reporting(profile), RECEIVED)


def of_model(*fields: FieldMapping, time: TimeFormat | None = None, ignore: tuple[str, ...] = ()) -> Profile:
    return Profile("model", "streetlight", fields, ignore, time=time)


@pytest.mark.parametrize(
    ("fields", "readings"),
    [
        ({"P": "1.5"}, {"active_power": 3000.0}),
        ({"P": " -2e-3 "}, {"active_power": -4.0}),
        ({"P": 0.5}, {"active_power": 1000.0}),
        ({"lamp": "ON"}, {"relay_closed": True}),
        ({"lamp": "OFF"}, {"relay_closed": False}),
        ({"lamp": 2}, {"relay_closed": True}),
        ({"lamp": 2.0}, {"relay_closed": True}),
        ({"lamp": 0}, {"relay_closed": False}),
        ({"lamp": True}, {"relay_closed": True}),
        ({"mode": "low"}, {"dimming_level": 10.0}),
        ({"mode": 1}, {"dimming_level": 55.0}),
        ({"mode": 40}, {"dimming_level": 40.0}),
    ],
)
def test_a_profile_says_what_texts_and_words_are(fields: dict[str, Any], readings: dict[str, Any]) -> None:
    telemetry, refused = normalised(fields, of_model(*TEXTUAL))
    assert refused is None
    assert telemetry is not None
    assert telemetry["readings"] == readings
    assert [type(value) for value in telemetry["readings"].values()] == [type(value) for value in readings.values()]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"P": "1,5"}, "P (text where a number belongs; `values` in the profile"),
        ({"P": "nan"}, "P (text where a number belongs; `values` in the profile"),
        ({"P": "1_000"}, "P (text where a number belongs; `values` in the profile"),
        ({"P": "1e999"}, "P (not finite"),
        ({"P": "9e308"}, "P (not finite"),
        ({"P": ""}, "P (text where a number belongs"),
        ({"lamp": "on"}, "lamp (text where true or false belongs, and `values` of the profile has no such word"),
        ({"lamp": 3}, "lamp (neither true nor false"),
        ({"mode": None}, "mode (null where a number belongs"),
        ({"mode": ["low"]}, "mode (an array where a number belongs"),
    ],
)
def test_what_the_profile_does_not_say_is_refused(fields: dict[str, Any], why: str) -> None:
    _, refused = normalised(fields, of_model(*TEXTUAL))
    assert refused is not None
    assert refused.reason is Reason.BAD_VALUE
    assert why in refused.detail


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"voltage": "229.1"}, "its profile can state `text`: true"),
        (
            {"relay_closed": "ON"},
            "text where true or false belongs; `values` in the profile can state what its words mean",
        ),
        ({"relay_closed": "1"}, "`values` in the profile can state what its words mean"),
        ({"dimming_level": "high"}, "`values` in the profile can state what its words mean"),
    ],
)
def test_without_a_profile_the_refusal_names_the_remedy(fields: dict[str, Any], hint: str) -> None:
    _, refused = normalised(fields, of_model())
    assert refused is not None
    assert hint in refused.detail


@pytest.mark.parametrize(
    ("time", "given", "observed"),
    [
        ("s", 1_763_772_000, OBSERVED - 123),
        ("s", 1_763_772_000.123, OBSERVED),
        ("s", "1763772000.123", OBSERVED),
        ("ms", "1763772000123", OBSERVED),
        ("ms", 1_763_772_000_123, OBSERVED),
        ("us", 1_763_772_000_123_999, OBSERVED),
        ("us", "1763772000123999", OBSERVED),
        ("ns", 1_763_772_000_123_456_789, OBSERVED),
        ("iso8601", "2025-11-22T00:40:00.123Z", OBSERVED),
        ("iso8601", "2025-11-22T08:40:00.123456+08:00", OBSERVED),
    ],
)
def test_a_profile_says_how_the_time_is_given(time: TimeFormat, given: object, observed: int) -> None:
    telemetry, refused = normalised({"voltage": 229.1}, of_model(time=time), given)
    assert refused is None
    assert telemetry is not None
    assert telemetry["observed_at_ms"] == observed
    assert "time_source" not in telemetry


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (
            1_763_772_000,
            'this looks like seconds: send milliseconds since 1970 as a number, or give the profile "time": "s"',
        ),
        (1_763_772_000.5, "this looks like seconds"),
        ("1763772000", "this looks like seconds"),
        ("1763772000123", "this looks like milliseconds as text: send milliseconds since 1970 as a number, or give"),
        (1_763_772_000_123_000, "this looks like microseconds"),
        (1_763_772_000_123_000_000, "this looks like nanoseconds"),
        (
            "2025-11-22T00:40:00.123Z",
            "this looks like ISO 8601: send milliseconds since 1970 as a number, or give the profile",
        ),
        ("2025-11-22 08:40:00", "this looks like ISO 8601 without its UTC offset"),
    ],
)
def test_a_time_in_another_format_is_refused_with_what_it_looks_like(given: object, hint: str) -> None:
    telemetry, refused = normalised({"voltage": 229.1}, of_model(), given)
    assert telemetry is None
    assert refused is not None
    assert refused.reason is Reason.BAD_TIME
    assert hint in refused.detail


@pytest.mark.parametrize("given", [-1, 0, 12, "now", True, None, [1], 1e300, "9" * 30, 1_763_772_000_123 * 10**15])
@pytest.mark.parametrize("time", [None, "s", "us", "iso8601"])
def test_an_absurd_time_is_refused_without_a_hint(given: object, time: TimeFormat | None) -> None:
    if given is None:
        return  # without a time it is a device without a clock
    telemetry, refused = normalised({"voltage": 229.1}, of_model(time=time), given)
    assert telemetry is None
    assert refused is not None
    assert refused.reason is Reason.BAD_TIME
    assert "looks like" not in refused.detail


def test_a_time_of_another_format_than_the_profiles_is_refused() -> None:
    _, refused = normalised({"voltage": 229.1}, of_model(time="s"), OBSERVED)
    assert refused is not None
    assert refused.reason is Reason.BAD_TIME


def test_the_time_of_other_dialects_stands_in_their_own_format() -> None:
    telemetry, _ = normalised({"voltage": 229.1}, of_model(time="s"), OBSERVED, codec="senml+json")
    assert telemetry is not None
    assert telemetry["observed_at_ms"] == OBSERVED


def test_an_asterisk_ignores_whatever_else_a_device_sends() -> None:
    """Before, it was the name of a field like any other, and nothing was ignored."""
    fields = {"voltage": 229.1, "colour": "red", "*": 1}
    telemetry, refused = normalised(fields, of_model(ignore=("*",)))
    assert refused is None
    assert telemetry is not None
    assert telemetry["readings"] == {"voltage": 229.1}
    _, named = normalised({"voltage": "red", "colour": 1}, of_model(ignore=("*",)))
    assert named is not None
    assert named.detail.startswith("voltage (text")


@pytest.mark.parametrize(
    "report",
    [
        {"ts": OBSERVED, "readings": {"P": "1.5", "lamp": "ON"}},
        {"ts": OBSERVED, "readings": {"P": 1.5, "lamp": True, "mode": 1}},
        {"ts": OBSERVED, "readings": {"voltage": 229.1}},
        {"ts": OBSERVED // 1000, "readings": {"P": 1.5}},
        {"readings": {"P": 1.5}},
    ],
)
@pytest.mark.parametrize("time", [None, "s", "ms"])
def test_both_ways_through_ingest_agree(report: dict[str, Any], time: TimeFormat | None) -> None:
    lookup = lookup_of(Device("SL-1", "streetlight", "model"), of_model(*TEXTUAL, time=time))
    message = MqttMessage("city/320582/streetlight/SL-1/up", orjson.dumps(report), RECEIVED)
    usual, long_way = Pipeline(Topics(), lookup), Pipeline(Topics(), lookup)
    long_way._fast_path.records = lambda message: None  # type: ignore[method-assign]
    assert usual.records(message) == long_way.records(message)


def test_a_device_of_another_profile_keeps_its_short_way() -> None:
    """Nothing is paid where nothing is asked for: the field that is plain stays on the fast path."""
    plain = reporting(of_model(FieldMapping("U", "voltage", "V"), *TEXTUAL)).profile
    assert plain.fast_targets.keys() == {"U", "rssi", "snr"}
    assert reporting(of_model(time="s")).profile.fast_targets == {}
