"""The catalogue and its units."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import UnknownUnit
from domain.quantities.catalogue import CATALOGUE, Quantity
from domain.quantities.units import Conversion, compile_conversion


@pytest.mark.parametrize("quantity", CATALOGUE.values(), ids=lambda quantity: quantity.name)
def test_every_quantity_is_whole(quantity: Quantity) -> None:
    assert quantity.title_en
    assert quantity.title_zh
    assert quantity.low < quantity.high
    assert quantity.conversion_from(quantity.unit).is_identity
    assert quantity.name == quantity.name.lower()


@pytest.mark.parametrize(
    ("unit", "canonical", "value", "expected"),
    [
        ("[degF]", "Cel", 212, 100),
        ("K", "Cel", 273.15, 0),
        ("L/s", "m3/h", 100.59, 362.124),
        ("m", "mm", 2.116, 2116),
        ("mm", "cm", 153, 15.3),
        ("mS/cm", "uS/cm", 0.412, 412),
        ("S/m", "uS/cm", 0.0412, 412),
        ("W.h", "kW.h", 1500, 1.5),
        ("mV", "V", 3297, 3.297),
        ("[g]", "m/s2", 1, 9.80665),
        ("ug/L", "mg/L", 620, 0.62),
        ("%", "1", 95, 0.95),
    ],
)
def test_a_unit_is_converted(unit: str, canonical: str, value: float, expected: float) -> None:
    assert compile_conversion(unit, canonical)(value) == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize(
    ("unit", "canonical"),
    [("Cel", "m"), ("zork", "m"), ("%{LEL}", "%"), ("dBm", "dB"), ("[pH]", "1"), ("", "m"), ("m;import os", "m")],
)
def test_a_unit_of_another_dimension_is_refused(unit: str, canonical: str) -> None:
    with pytest.raises(UnknownUnit, match="cannot be converted"):
        compile_conversion(unit, canonical)


@given(st.floats(-1e6, 1e6))
def test_there_and_back_is_where_it_began(value: float) -> None:
    there, back = compile_conversion("Cel", "[degF]"), compile_conversion("[degF]", "Cel")
    assert math.isclose(back(there(value)), value, rel_tol=1e-9, abs_tol=1e-6)


def test_an_identity_is_known_as_one() -> None:
    assert Conversion().is_identity
    assert not Conversion(offset=1.0).is_identity
