"""What of a device becomes which attribute of a Smart Data Model, and what does not."""

from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import Device
from domain.quantities.catalogue import CATALOGUE
from tests.web.standards.ngsi_ld.schemas import SCHEMAS
from timeseries.queries.samples import Sample
from web.standards.ngsi_ld.smart_data_models import MODELS, EntityType, entity_of

AT_MS = 1_763_697_600_000
AT = "2025-11-21T04:00:00.000Z"
LAMP = Device("SL-1", "streetlight", "streetlight", "Lamp 1", lon=120.55, lat=31.87, attributes={"nominal_power": 100})
WATER = Device("WM-1", "water_monitor", "water_monitor", lon=120.55, lat=31.87)


def read(**readings: float) -> dict[str, Sample]:
    return {quantity: Sample(AT_MS, value) for quantity, value in readings.items()}


def valid(entity_type: EntityType, device: Device, samples: dict[str, Sample]) -> dict[str, Any]:
    entity = entity_of(entity_type, device, samples)
    assert entity is not None
    jsonschema.validate(entity, SCHEMAS[entity_type])
    return entity


def test_a_lamp_tells_its_readings_with_unit_and_instant() -> None:
    readings = read(voltage=229.1, current=0.42, active_power=96.2, power_factor=0.95, dimming_level=80.0)
    entity = valid(EntityType.STREETLIGHT, LAMP, readings)
    assert entity["id"] == "urn:ngsi-ld:Streetlight:SL-1"
    assert entity["voltage"] == {"type": "Property", "value": 229.1, "unitCode": "VLT", "observedAt": AT}
    assert entity["illuminanceLevel"]["value"] == 0.8
    assert entity["powerState"]["value"] == "on"
    assert entity["powerRating"] == {"type": "Property", "value": 100, "unitCode": "WTT"}
    assert entity["location"]["value"] == {"type": "Point", "coordinates": [120.55, 31.87]}


@pytest.mark.parametrize(
    ("readings", "state"),
    [
        ({"relay_closed": 1.0}, "on"),
        ({"relay_closed": 0.0, "dimming_level": 80.0}, "off"),
        ({"dimming_level": 0.0}, "off"),
        ({"dimming_level": 5.0}, "on"),
    ],
)
def test_a_lamp_is_off_by_an_open_relay_or_a_level_of_zero(readings: dict[str, float], state: str) -> None:
    assert valid(EntityType.STREETLIGHT, LAMP, read(**readings))["powerState"]["value"] == state


@pytest.mark.parametrize(("failure", "status"), [(1.0, "defectiveLamp"), (0.0, "ok")])
def test_the_status_is_what_the_lamp_says_of_itself(failure: float, status: str) -> None:
    assert valid(EntityType.STREETLIGHT, LAMP, read(lamp_failure=failure))["status"]["value"] == status


def test_what_is_not_known_is_left_out() -> None:
    entity = valid(EntityType.STREETLIGHT, replace(LAMP, name="", attributes={}), {})
    assert set(entity) == {"id", "type", "location", "@context"}


def test_a_bad_reading_is_left_out_and_a_doubtful_one_says_so() -> None:
    marked = {"voltage": Sample(AT_MS, 999.0, "bad"), "current": Sample(AT_MS, 0.4, "suspect")}
    entity = valid(EntityType.STREETLIGHT, LAMP, marked)
    assert "voltage" not in entity
    assert entity["current"]["quality"] == {"type": "Property", "value": "suspect"}


def test_water_quality_comes_in_the_models_units() -> None:
    readings = read(
        water_temperature=18.5, ph=7.2, dissolved_oxygen=6.1, conductivity=512.0, turbidity=9.0, cod_cr=14.0
    )
    entity = valid(EntityType.WATER_QUALITY_OBSERVED, WATER, readings)
    assert entity["conductivity"]["value"] == 0.0512
    assert "unitCode" not in entity["turbidity"]
    assert entity["dateObserved"]["value"] == {"@type": "DateTime", "@value": AT}


@pytest.mark.parametrize("quantity", ["nh3_n", "cod_mn", "tp", "tn", "battery_level"])
def test_a_quantity_that_the_model_does_not_have_makes_no_entity(quantity: str) -> None:
    assert entity_of(EntityType.WATER_QUALITY_OBSERVED, WATER, read(**{quantity: 1.0})) is None


def test_a_flood_station_tells_level_distance_and_its_own_thresholds() -> None:
    station = replace(WATER, attributes={"installed_height": 4.5, "alert_level": 3, "danger_level": 3.5})
    entity = valid(EntityType.FLOOD_MONITORING, station, read(distance=2116.0, water_level=2.384))
    assert entity["currentLevel"]["value"] == 2.384
    assert entity["measuredDistance"]["value"] == 2.116
    levels = {name: entity[name]["value"] for name in ("referenceLevel", "alertLevel", "dangerLevel")}
    assert levels == {"referenceLevel": 4.5, "alertLevel": 3, "dangerLevel": 3.5}
    assert "floodLevelStatus" not in entity


def test_a_device_without_what_the_model_requires_is_no_entity() -> None:
    assert entity_of(EntityType.STREETLIGHT, replace(LAMP, lon=None, lat=None), read(voltage=230.0)) is None
    assert entity_of(EntityType.STREETLIGHT, WATER, read(voltage=230.0)) is None
    assert entity_of(EntityType.FLOOD_MONITORING, WATER, read(ph=7.0)) is None


def test_the_schemas_refuse_an_invented_attribute_and_a_missing_unit() -> None:
    entity = valid(EntityType.STREETLIGHT, LAMP, read(voltage=230.0))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**entity, "colour": {"type": "Property", "value": "warm"}}, SCHEMAS["Streetlight"])
    del entity["voltage"]["unitCode"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(entity, SCHEMAS["Streetlight"])


def plausible_samples() -> st.SearchStrategy[dict[str, Sample]]:
    def sample(quantity: str) -> st.SearchStrategy[Sample]:
        known = CATALOGUE[quantity]
        values = st.sampled_from([0.0, 1.0]) if known.boolean else st.floats(known.low, known.high)
        return st.builds(Sample, st.integers(0, 4_000_000_000_000), values, st.sampled_from([None, "suspect", "bad"]))

    return st.fixed_dictionaries({}, optional={quantity: sample(quantity) for quantity in CATALOGUE})


@given(samples=plausible_samples(), entity_type=st.sampled_from(EntityType))
def test_whatever_plausible_a_device_tells_the_entity_is_valid(
    samples: dict[str, Sample], entity_type: EntityType
) -> None:
    device = replace(LAMP, kind=MODELS[entity_type].kind)
    entity = entity_of(entity_type, device, samples)
    if entity is not None:
        jsonschema.validate(entity, SCHEMAS[entity_type])
