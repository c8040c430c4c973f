"""The bill of materials: whole, valid, and the same bytes again."""

import json
import re
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from supply_chain.bill_of_materials import bill_of_materials
from supply_chain.images import images
from supply_chain.locked import EVERYTHING, RUNTIME, normalised, read_lock
from tests.architecture.source import pyproject


@pytest.fixture(scope="module")
def text() -> str:
    return bill_of_materials()


@pytest.fixture(scope="module")
def bill(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def components(bill: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in bill["components"] if one["purl"].startswith(f"pkg:{kind}/")]


def test_it_is_the_same_again(text: str) -> None:
    assert bill_of_materials() == text


def test_it_is_valid(text: str, bill: dict[str, Any]) -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    broken = json.dumps({**bill, "components": [{"name": "x"}]})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_it_is_about_this_version_of_urbansense(bill: dict[str, Any]) -> None:
    project = pyproject()["project"]
    root = bill["metadata"]["component"]
    assert (root["name"], root["version"]) == (project["name"], project["version"])


def test_every_locked_distribution_stands_in_it_with_its_version_and_hashes(bill: dict[str, Any]) -> None:
    held = {
        (one["name"], one["version"]): {found["content"] for found in one["hashes"]} for one in components(bill, "pypi")
    }
    assert held == {(one.name, one.version): set(one.hashes) for one in read_lock(EVERYTHING)}


def test_what_the_project_needs_stands_in_it_as_required(bill: dict[str, Any]) -> None:
    required = {one["name"] for one in components(bill, "pypi") if one["scope"] == "required"}
    declared = {normalised(re.split(r"[\[<>=;]", one)[0]) for one in pyproject()["project"]["dependencies"]}
    assert declared <= required
    assert required == {one.name for one in read_lock(RUNTIME)}
    needed = next(one for one in bill["dependencies"] if one["ref"] == "urbansense")["dependsOn"]
    assert {ref.partition("@")[0].removeprefix("pkg:pypi/") for ref in needed} == declared


def test_the_servers_stand_in_it(bill: dict[str, Any]) -> None:
    assert {(one["name"], one["version"]) for one in components(bill, "docker")} == set(images())
    assert len(components(bill, "maven")) == 1


def test_nearly_all_that_the_runtime_installs_has_a_licence_in_it(bill: dict[str, Any]) -> None:
    required = [one for one in components(bill, "pypi") if one["scope"] == "required"]
    assert sum("licenses" in one for one in required) > 0.9 * len(required)
