from typing import Any

import orjson
import pytest

from device_registry.records.checks.validation import profile_problems
from device_registry.records.encoding import encode_profile, profile_from_record
from domain.devices import FieldMapping, Profile
from domain.topics import KINDS

NUMBER: dict[str, Any] = {"source": "T", "quantity": "water_temperature", "unit": "Cel"}
TRUTH: dict[str, Any] = {"source": "pump", "quantity": "relay_closed", "unit": "1"}


def problems(mapping: dict[str, Any], **profile: Any) -> list[tuple[str, str]]:
    found = profile_problems(Profile("acme", "water_monitor", (FieldMapping(**mapping),), **profile), KINDS)
    return [(problem.column, problem.what) for problem in found]


@pytest.mark.parametrize(
    "mapping",
    [
        {**NUMBER, "text": True},
        {**NUMBER, "values": {"cold": -1, "1": 3.5}},
        {**TRUTH, "values": {"ON": True, "0": False}},
    ],
)
def test_words_that_can_be_used_have_no_problem(mapping: dict[str, Any]) -> None:
    assert problems(mapping, time="iso8601", ignore=("*",)) == []


@pytest.mark.parametrize(
    ("mapping", "column", "what"),
    [
        ({**TRUTH, "text": True}, "fields.pump", "relay_closed is true or false and no number"),
        ({**TRUTH, "values": {"ON": 1}}, "fields.pump", "'ON' stands for 1, but relay_closed is true or false"),
        ({**NUMBER, "values": {"cold": True}}, "fields.T", "'cold' stands for True, but water_temperature is a number"),
        ({**NUMBER, "values": {"cold": float("inf")}}, "fields.T", "'cold' stands for inf, but water_temperature"),
        ({**NUMBER, "values": {"": 1}}, "fields.T", "'' in `values` is no word"),
        ({**NUMBER, "values": {str(n): n for n in range(101)}}, "fields.T", "101 entries in `values`"),
        ({**NUMBER, "unit": "C"}, "fields.T", "unit 'C' cannot be converted to 'Cel': it measures something else"),
    ],
)
def test_words_that_cannot_be_used_are_named(mapping: dict[str, Any], column: str, what: str) -> None:
    (found,) = problems(mapping)
    assert found[0] == column
    assert found[1].startswith(what)


def test_a_time_and_an_asterisk_that_mean_nothing_are_named() -> None:
    assert problems(NUMBER, time="min") == [("time", "'min' is no format of a time")]
    assert problems(NUMBER, ignore=("temp*",)) == [("ignore", "'temp*' is no pattern")]


def test_a_profile_comes_back_from_its_record_and_is_read_by_earlier_releases_where_it_uses_nothing_new() -> None:
    mappings = (FieldMapping(**{**TRUTH, "values": {"ON": True}}), FieldMapping(**NUMBER))
    profile = Profile("acme", "water_monitor", mappings, ("*",), time="s")
    record = orjson.loads(encode_profile(profile))
    assert profile_from_record(record) == profile
    assert "values" not in record["fields"][1]
    assert profile_from_record({**record, "fields": [{**record["fields"][1], "later": 1}]}).fields == mappings[1:]
