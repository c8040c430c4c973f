import pytest

from domain.errors import UnknownUnit
from domain.quantities.catalogue import CATALOGUE
from ingest.dialects.senml.units import SENML_TO_UCUM

CONVERSIONS = [  # a reading in a SenML unit, and the same in the canonical unit of the quantity
    ("K", 293.15, "temperature", 20.0),
    ("Cel", 20.0, "temperature", 20.0),
    ("%RH", 55.0, "humidity", 55.0),
    ("%EL", 80.0, "battery_level", 80.0),
    ("/", 0.8, "dimming_level", 80.0),
    ("%", 0.8, "dimming_level", 80.0),
    ("/100", 80.0, "dimming_level", 80.0),
    ("S/m", 0.05, "conductivity", 500.0),
    ("l/s", 10.0, "flow_rate", 36.0),
    ("m3/s", 0.01, "flow_rate", 36.0),
    ("m", 2.116, "distance", 2116.0),
    ("mm", 2116.0, "well_water_level", 2.116),
    ("J", 3_600_000.0, "active_energy", 1.0),
    ("kWh", 1.0, "active_energy", 1.0),
    ("mV", 3297.0, "battery_voltage", 3.297),
    ("rad", 0.5235987755983, "tilt_angle", 30.0),
    ("hPa", 10.0, "pressure", 1.0),
    ("kg/m3", 0.0085, "dissolved_oxygen", 8.5),
    ("ppm", 10.0, "h2s", 10.0),
    ("/", 0.00001, "h2s", 10.0),
    ("mm/h", 12.0, "rain_rate", 12.0),
    ("m/s", 1e-6, "rain_rate", 3.6),
    ("km/h", 3.6, "flow_velocity", 1.0),
    ("var", 5.0, "reactive_power", 5.0),
    ("kvar", 0.005, "reactive_power", 5.0),
    ("dBm", -97.0, "rssi", -97.0),
    ("dBW", -127.0, "rssi", -97.0),
    ("NTU", 18.3, "turbidity", 18.3),
    ("pH", 7.4, "ph", 7.4),
    ("s", 7200.0, "lamp_hours", 2.0),
]  # fmt: skip


@pytest.mark.parametrize(("unit", "value", "quantity", "canonical"), CONVERSIONS)
def test_a_senml_unit_converts_to_the_canonical_one(unit: str, value: float, quantity: str, canonical: float) -> None:
    assert CATALOGUE[quantity].conversion_from(SENML_TO_UCUM[unit])(value) == pytest.approx(canonical, rel=1e-9)


def test_every_unit_of_the_table_is_one_that_some_quantity_can_stand_in() -> None:
    for ucum in SENML_TO_UCUM.values():
        assert any(_converts(ucum, quantity) for quantity in CATALOGUE), ucum


def _converts(ucum: str, quantity: str) -> bool:
    try:
        CATALOGUE[quantity].conversion_from(ucum)
    except UnknownUnit:
        return False
    return True
