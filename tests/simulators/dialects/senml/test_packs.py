"""SenML packs: what they resolve to, in the units of the registry, in JSON and in CBOR."""

import re
from itertools import pairwise
from typing import Any

import cbor2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.quantities.catalogue import CATALOGUE
from domain.quantities.units import compile_conversion
from simulators.dialects import CannotSay, DialectName, dialects
from simulators.dialects.cbor import encode_cbor
from simulators.dialects.senml.packs import SenmlCbor, SenmlJson, senml_records
from simulators.dialects.senml.units import SENML_UNITS
from tests.golden import golden
from tests.simulators.dialects.senml.resolver import resolve
from tests.simulators.dialects.spoken import EVENING_MS, LAMP, LIT, report

MAIN_REGISTRY = {
    "A", "Cel", "Hz", "J", "K", "N", "NTU", "Pa", "S/m", "V", "VA", "W", "dB", "dBW", "kg", "kg/m3", "lx", "m", "m/s",
    "m/s2", "m2", "m3", "m3/s", "pH", "rad", "s", "var", "%EL", "%RH", "/",
}  # fmt: skip
"""IANA "SenML Units" in part: none of those marked as not recommended."""
UCUM = {
    "/": "1",
    "pH": "[pH]",
    "%RH": "%",
    "%EL": "%",
    "var": "V.A{reactive}",
    "NTU": "[NTU]",
    "kg/m3": "g/L",
    "dBW": "dB[W]",
}
LABELS = {-2: "bn", -3: "bt", 0: "n", 1: "u", 2: "v", 4: "vb"}


def test_the_resolver_resolves_the_examples_of_the_rfc() -> None:
    records = resolve(orjson.loads(golden("senml/multiple_datapoints.json")))
    at_s = 1276020076.001
    current = [(at_s - 5 + i, "A", 1.2 + i / 10) for i in range(6)]
    found = {(r["t"], r["u"], round(r["v"], 9)) for r in records}
    assert found == {(t, u, round(v, 9)) for t, u, v in [(at_s, "V", 120.1), *current]}
    assert [r["t"] for r in records] == sorted(r["t"] for r in records)
    [datum] = resolve(orjson.loads(golden("senml/single_datapoint.json")), now_s=at_s)
    assert datum == {"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1, "t": at_s}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_unit_of_the_main_registry_means_the_same_amount(name: str) -> None:
    quantity = CATALOGUE[name]
    unit, factor, offset = SENML_UNITS[name]
    if quantity.boolean or unit is None:
        assert quantity.boolean or quantity.unit == "%{LEL}"
        return
    assert unit in MAIN_REGISTRY
    back = compile_conversion(UCUM.get(unit, unit), quantity.unit)
    assert back(10 * factor + offset) == pytest.approx(10)
    assert back(20 * factor + offset) == pytest.approx(20)


@given(st.dictionaries(st.sampled_from(sorted(CATALOGUE)), st.floats(-1e6, 1e6), min_size=1))
def test_a_pack_resolves_to_what_was_measured(readings: dict[str, float]) -> None:
    (message,) = SenmlJson().encode(report(LAMP, readings), LAMP)
    for record, (name, value) in zip(resolve(orjson.loads(message.payload)), readings.items(), strict=True):
        _, factor, offset = SENML_UNITS[name]
        assert record["n"] == f"{LAMP.device_id}:{name}"
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9:./_-]*", record["n"])
        assert round(record["t"] * 1000) == EVENING_MS
        assert record["v"] == pytest.approx(value * factor + offset, rel=1e-14, abs=1e-30)


def test_both_forms_say_the_same_and_name_themselves() -> None:
    (text,) = SenmlJson().encode(report(LAMP, LIT), LAMP)
    (binary,) = SenmlCbor().encode(report(LAMP, LIT), LAMP)
    assert (text.content_type, binary.content_type) == ("application/senml+json", "application/senml+cbor")
    records = [{LABELS[key]: value for key, value in record.items()} for record in cbor2.loads(binary.payload)]
    assert records == orjson.loads(text.payload)
    assert text.topic == binary.topic == "city/320582-110-152-102/streetlight/SL-320582-000001/up"


def test_the_base_fields_stand_once() -> None:
    first, *rest = senml_records(report(LAMP, LIT), LAMP)
    assert {"bn", "bt"} <= first.keys()
    assert not any({"bn", "bt"} & record.keys() for record in rest)


def test_a_quantity_that_is_in_no_catalogue_is_named() -> None:
    for name in (DialectName.SENML_JSON, DialectName.SENML_CBOR):
        voice = dialects(1)[name]
        assert voice.unsayable({"voltage", "colour"}, LAMP) == {"colour"}
        with pytest.raises(CannotSay, match="SL-320582-000001: SenML has no word for colour, mood"):
            voice.encode(report(LAMP, {"voltage": 230.0, "colour": 1.0, "mood": 2.0}), LAMP)


NUMBERS = st.integers(-(2**64), 2**64 - 1) | st.floats(allow_nan=False) | st.booleans() | st.text()


@given(st.lists(st.dictionaries(st.integers(-30, 300), NUMBERS)) | st.dictionaries(st.text(), NUMBERS))
def test_cbor_says_what_it_was_given(item: Any) -> None:
    assert cbor2.loads(encode_cbor(item)) == item


def test_cbor_is_written_as_the_rfc_dumps_it() -> None:
    dump = golden("senml/multiple_datapoints.cbor.hex")
    assert encode_cbor(cbor2.loads(dump)) == dump


@pytest.mark.parametrize("width", [23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32])
def test_whole_numbers_take_the_shortest_form(width: int) -> None:
    for number in (width, -1 - width):
        assert encode_cbor(number) == cbor2.dumps(number)
    assert all(len(encode_cbor(a)) <= len(encode_cbor(b)) for a, b in pairwise(range(width, width + 3)))
