from dataclasses import replace
from typing import Any
from unicodedata import normalize

import pytest

from device_registry.records.checks.validation import device_problems, normalise_device
from domain.identities import normalise_eui
from domain.topics import KINDS
from tests.device_registry.samples import LAMP


def test_a_good_device_has_no_problem() -> None:
    assert list(device_problems(LAMP, KINDS)) == []


@pytest.mark.parametrize("name", ["井深_m", "깊이", "Größe", "_a", "глубина2"])
def test_an_attribute_has_a_name_in_any_script(name: str) -> None:
    assert list(device_problems(replace(LAMP, attributes={name: 1}), KINDS)) == []


@pytest.mark.parametrize(
    ("facts", "column"),
    [
        ({"device_id": ""}, "device_id"),
        ({"device_id": "a/b"}, "device_id"),
        ({"device_id": "a\n"}, "device_id"),
        ({"device_id": "x" * 65}, "device_id"),
        ({"kind": "boat"}, "kind"),
        ({"name": "x" * 201}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "nul\x00"}, "name"),
        ({"area": "320582//110"}, "area"),
        ({"area": "/320582"}, "area"),
        ({"area": "320582/1 10"}, "area"),
        ({"lon": 180.1}, "lon"),
        ({"lat": -90.5}, "lat"),
        ({"lon": float("nan")}, "lon"),
        ({"lon": 31.87, "lat": 120.55}, "lat"),
        ({"lat": None}, "lat"),
        ({"lon": None}, "lon"),
        ({"parent_id": "SL-1"}, "parent_id"),
        ({"component_code": "1" * 33}, "component_code"),
        ({"department": "x" * 101}, "department"),
        ({"report_interval_s": 0}, "report_interval_s"),
        ({"report_interval_s": -5}, "report_interval_s"),
        ({"report_interval_s": 2**31}, "report_interval_s"),
        ({"dev_eui": "a840419edb62011"}, "dev_eui"),
        ({"dev_eui": "g840419edb62011c"}, "dev_eui"),
        ({"mn": "1" * 25}, "mn"),
        ({"attributes": {"a": None}}, "attributes"),
        ({"attributes": {"a": [1]}}, "attributes"),
        ({"attributes": {"a": float("inf")}}, "attributes"),
        ({"attributes": {"a": 2**53 + 1}}, "attributes"),
        ({"attributes": {"a": "nul\x00"}}, "attributes"),
        ({"attributes": {"a": "x" * 1001}}, "attributes"),
        ({"attributes": {"not a name": 1}}, "attributes"),
        ({"attributes": {"2e": 1}}, "attributes"),
        ({"attributes": {normalize("NFD", "깊이"): 1}}, "attributes"),
        ({"attributes": {"department": "x"}}, "attributes"),
        ({"attributes": {f"a{number}": 1 for number in range(101)}}, "attributes"),
    ],
)
def test_each_kind_of_bad_value_is_one_problem_of_its_column(facts: dict[str, Any], column: str) -> None:
    problems = list(device_problems(replace(LAMP, **facts), KINDS))

    assert [problem.column for problem in problems] == [column]
    assert all(problem.what and problem.remedy for problem in problems)


@pytest.mark.parametrize(
    ("written", "eui"),
    [
        ("A840419EDB62011C", "a840419edb62011c"),
        ("a8-40-41-9e-db-62-01-1c", "a840419edb62011c"),
        ("a8:40:41:9e:db:62:01:1c ", "a840419edb62011c"),
        ("a840.419e.db62.011c", "a840419edb62011c"),
        ("a840419edb62011", None),
        ("", None),
    ],
)
def test_an_eui_has_one_form(written: str, eui: str | None) -> None:
    assert normalise_eui(written) == eui


def test_normalising_twice_is_normalising_once() -> None:
    once = normalise_device(replace(LAMP, name="  x ", mn="", dev_eui="A8-40-41-9E-DB-62-01-1C"))

    assert normalise_device(once) == once
    assert (once.name, once.mn) == ("x", None)
