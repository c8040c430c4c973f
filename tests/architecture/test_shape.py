"""How big things may be, and what they may be called."""

import ast
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGES, ROOT, others, product, public_classes, shown, tree_of

WIDEST = 15
LONGEST_MODULE = 350
LONGEST_FUNCTION = 60
LONG_BY_NATURE = {
    # One statement a table, read from top to bottom.
    "cases/storage/migrations/versions/v0001_cases.py: upgrade",
    # One inner function a route: FastAPI reads each from its signature.
    "web/api/cases/routes.py: case_routes",
    "web/api/devices/routes.py: device_routes",
}


@pytest.mark.parametrize("package", [name for name in PACKAGES if name != "domain"])
def test_the_root_of_a_room_holds_its_face_and_its_ports(package: str) -> None:
    loose = {path.name for path in (ROOT / package).glob("*.py")} - {"__init__.py", "ports.py"}
    assert loose <= ({"__main__.py"} if package == "urbansense" else set())


def test_no_folder_is_wider_than_a_glance() -> None:
    width = Counter(path.parent for path in _all() if path.name != "__init__.py")
    assert {shown(folder): count for folder, count in width.items() if count > WIDEST} == {}


def test_no_module_is_longer_than_a_sitting() -> None:
    length = {shown(path): path.read_text(encoding="utf-8").count("\n") for path in product().values()}
    assert {path for path, lines in length.items() if lines > LONGEST_MODULE} == set()


def test_no_function_is_longer_than_a_page() -> None:
    long = {
        f"{shown(path)}: {node.name}"
        for path in product().values()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
    }
    assert long == LONG_BY_NATURE


def test_no_public_class_name_stands_in_three_modules() -> None:
    where = defaultdict(list)
    for name, path in product().items():
        for class_name in public_classes(path):
            where[class_name].append(name)
    assert {name: modules for name, modules in where.items() if len(modules) > 2} == {}


def test_a_file_name_repeats_no_folder_it_lies_in() -> None:
    """`kafka/reader.py`, never `kafka/kafka_reader.py`."""
    repeated = [
        shown(path)
        for path in product().values()
        if "_" in path.stem and not path.stem.startswith("__") and path.parent.name != "versions"
        if {_singular(word) for word in path.stem.split("_")}
        & {_singular(folder) for folder in path.relative_to(ROOT).parts[:-1]}
    ]
    assert repeated == []


def test_a_file_name_opens_with_no_technology_or_room() -> None:
    """What a technology, a dialect or a room owns lies in its folder: `kafka/reader.py`, never `kafka_reader.py`."""
    owners = {path.parent.name for path in product().values() if path.name == "__init__.py"} & _OWNERS
    assert owners == _OWNERS
    strayed = [shown(path) for path in product().values() if path.stem.split("_")[0] in owners and "_" in path.stem]
    assert strayed == []


_OWNERS = {
    "kafka", "sqlite", "duckdb", "influxdb", "sparkplug", "hj212", "senml", "chirpstack", "things_stack", "lorawan",
    "email", "webhook", "wecom", "dingtalk", "sta", "ngsi_ld",
}  # fmt: skip


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "common", "manager", "misc"}
    assert [shown(path) for path in _all() if drawers & {path.stem, path.parent.name}] == []


def _all() -> list[Path]:
    return [*product().values(), *others().values()]


def _singular(word: str) -> str:
    return re.sub(r"ies$", "y", word).removesuffix("s")
