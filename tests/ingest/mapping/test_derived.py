"""Derived readings and the ranges of profiles, through the whole of normalising."""

from typing import Any

import orjson
import pytest

from domain.devices import DerivedReading, Device, FieldMapping, Profile
from domain.identities import OWN_ID
from domain.rejections import Reason
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage, Uplink
from ingest.mapping.normalise import Normalised, normalise
from ingest.mapping.resolve import DeviceResolver, ReportingDevice
from ingest.pipeline.message_to_records import Pipeline
from tests.ingest.lookup import lookup_of

RECEIVED = 1_763_772_000_410
LEVEL = DerivedReading("water_level", "device.installed_height - distance / 1000")
MAPPED = (FieldMapping("distance", "distance", "mm"), FieldMapping("level", "water_level", "m"))


def _profile(*derived: DerivedReading, fields: tuple[FieldMapping, ...] = MAPPED) -> Profile:
    return Profile("model", "water_monitor", fields, derived=derived)


def _normalised(fields: dict[str, Any], profile: Profile, **attributes: Any) -> Normalised:
    device = Device("WM-1", "water_monitor", "model", attributes=attributes)
    sender = DeviceResolver(Topics(), lookup_of(device, profile)).resolve(Uplink("json", {}, OWN_ID.of("WM-1")))
    assert isinstance(sender, ReportingDevice)
    return normalise(Uplink("json", fields, OWN_ID.of("WM-1"), observed_at_ms=RECEIVED), sender, RECEIVED)


def _telemetry(fields: dict[str, Any], profile: Profile, **attributes: Any) -> Any:
    telemetry, refused = _normalised(fields, profile, **attributes)
    assert refused is None
    assert telemetry is not None
    return telemetry


def test_a_level_is_derived_from_the_distance_and_the_height_of_the_device() -> None:
    told = _telemetry({"distance": 2116}, _profile(LEVEL), installed_height=5)

    assert told["readings"] == {"distance": 2116.0, "water_level": pytest.approx(2.884)}
    assert "quality" not in told


@pytest.mark.parametrize("attributes", [{}, {"installed_height": "five"}])
def test_without_its_attribute_nothing_is_derived(attributes: dict[str, Any]) -> None:
    assert _telemetry({"distance": 2116}, _profile(LEVEL), **attributes)["readings"] == {"distance": 2116.0}


def test_without_its_reading_nothing_is_derived_and_a_measured_one_wins() -> None:
    told = _telemetry({"level": 1.25}, _profile(LEVEL), installed_height=5)
    assert told["readings"] == {"water_level": 1.25}

    told = _telemetry({"distance": 2000, "level": 1.25}, _profile(LEVEL), installed_height=5)
    assert told["readings"] == {"distance": 2000.0, "water_level": 1.25}


def test_a_derived_reading_is_as_good_as_the_worst_it_comes_from() -> None:
    ranged = (FieldMapping("distance", "distance", "m", low=0.3, high=4.5, outside="suspect"),)
    profile = _profile(LEVEL, fields=ranged)

    assert "quality" not in _telemetry({"distance": 0.3}, profile, installed_height=5)
    told = _telemetry({"distance": 0.29}, profile, installed_height=5)
    assert told["quality"] == {"distance": "suspect", "water_level": "suspect"}
    told = _telemetry({"distance": 40}, profile, installed_height=5)
    assert told["quality"] == {"distance": "bad", "water_level": "bad"}
    assert _telemetry({"distance": 1}, profile, installed_height=1e6)["quality"] == {"water_level": "bad"}


def test_a_formula_may_use_what_an_earlier_one_gave() -> None:
    depth = DerivedReading("ponding_depth", "max(0, water_level - device.kerb) * 100")
    told = _telemetry({"distance": 1000}, _profile(LEVEL, depth), installed_height=3, kerb=1.5)

    assert told["readings"]["ponding_depth"] == pytest.approx(50.0)


def test_what_cannot_be_computed_is_left_out_and_told() -> None:
    profile = _profile(DerivedReading("water_level", "1 / (distance - distance)"))
    telemetry, refused = _normalised({"distance": 5}, profile)

    assert telemetry is not None
    assert telemetry["readings"] == {"distance": 5.0}
    assert refused is not None
    assert refused.reason is Reason.BAD_VALUE
    assert "water_level (derived: " in refused.detail


@pytest.mark.parametrize(("value", "quality"), [(10, None), (9.9, "suspect"), (100, None), (100.1, "suspect")])
def test_a_value_beyond_the_range_of_its_profile_is_marked_on_both_ways(value: float, quality: str | None) -> None:
    fields = (FieldMapping("u", "voltage", "V", low=10, high=100, outside="suspect"),)
    device = Device("SL-1", "streetlight", "model")
    pipeline = Pipeline(Topics(), lookup_of(device, Profile("model", "streetlight", fields)))
    payload = orjson.dumps({"ts": RECEIVED, "readings": {"u": value}})

    (record,) = pipeline.records(MqttMessage("city/a/streetlight/SL-1/up", payload, RECEIVED))

    told = orjson.loads(record.value or b"")
    assert told["readings"] == {"voltage": value}
    assert told.get("quality", {}).get("voltage") == quality


def test_native_reports_of_a_device_with_derived_readings_get_them_too() -> None:
    device = Device("WM-1", "water_monitor", "model", attributes={"installed_height": 5})
    pipeline = Pipeline(Topics(), lookup_of(device, _profile(LEVEL)))
    payload = orjson.dumps({"ts": RECEIVED, "readings": {"distance": 1000}})

    (record,) = pipeline.records(MqttMessage("city/a/water_monitor/WM-1/up", payload, RECEIVED))

    assert orjson.loads(record.value or b"")["readings"] == {"distance": 1000.0, "water_level": 4.0}
