"""Who may import whom: the import contracts, the rooms' faces, and what every tool must know of."""

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.architecture.source import (
    NOT_PRODUCT,
    PACKAGES,
    ROOT,
    imports_of,
    product,
    pyproject,
    shown,
    top_level_names,
    tree_of,
)


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout


def test_no_module_imports_the_face_of_a_package_it_lies_in() -> None:
    """A circle through an `__init__` is not seen by `acyclic_siblings`."""
    modules = product()
    packages = {name for name, path in modules.items() if path.name == "__init__.py"}
    through_a_face = [
        f"{name} imports {module}"
        for name, path in modules.items()
        for module, names in imports_of(path)
        if module in packages and name.startswith(f"{module}.")
        if not names or any(f"{module}.{one}" not in modules for one in names)
    ]
    assert through_a_face == []


def test_every_package_stands_in_the_import_contracts_the_type_checker_and_the_distribution() -> None:
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - set(NOT_PRODUCT)
    tools = pyproject()["tool"]
    acyclic = next(c for c in tools["importlinter"]["contracts"] if c["type"] == "acyclic_siblings")
    included = {name.rstrip("*") for name in tools["setuptools"]["packages"]["find"]["include"]}
    assert found == set(PACKAGES)
    assert set(tools["importlinter"]["root_packages"]) == found
    assert set(acyclic["ancestors"]) == found
    assert included == found
    assert set(tools["mypy"]["packages"]) == found | set(NOT_PRODUCT)


def test_no_installed_distribution_takes_the_name_of_a_package() -> None:
    """Top-level packages of common names are the project's card (docs/adr/0012); another's would be imported instead."""
    owners = packages_distributions()
    taken = {name: set(owners.get(name, ())) - {"urbansense"} for name in PACKAGES}
    assert {name: who for name, who in taken.items() if who} == {}


def test_the_domain_needs_only_the_standard_library_pydantic_and_pint() -> None:
    allowed = set(sys.stdlib_module_names) | {"domain", "pydantic", "pint", "typing_extensions"}
    too_much = {shown(p): top_level_names(p) - allowed for n, p in product().items() if n.split(".")[0] == "domain"}
    assert {path: names for path, names in too_much.items() if names} == {}


@pytest.mark.parametrize(("packages", "extras"), [(PACKAGES, ("postgresql",)), (NOT_PRODUCT, ("postgresql", "dev"))])
def test_whatever_is_imported_is_declared(packages: tuple[str, ...], extras: tuple[str, ...]) -> None:
    project = pyproject()["project"]
    declared = project["dependencies"] + [one for extra in extras for one in project["optional-dependencies"][extra]]
    distributions = {_distribution(requirement) for requirement in declared}
    own = {*PACKAGES, *NOT_PRODUCT, *sys.stdlib_module_names, *_INSTALLED_APART}
    owners = packages_distributions()
    undeclared = {
        f"{shown(path)}: {name}"
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        for name in top_level_names(path) - own
        if not {_distribution(owner) for owner in owners.get(name, ())} & distributions
    }
    assert undeclared == set()


_INSTALLED_APART = {"bytewax", "quixstreams", "atheris"}
"""By the requirements.txt in benchmarks/peers and in tests/fuzz."""


def _distribution(requirement: str) -> str:
    name = requirement.split(";")[0].split("[")[0]
    for sign in "<>=!~ ":
        name = name.split(sign)[0]
    return name.strip().lower().replace("_", "-").replace(".", "-")


def test_the_environment_is_read_in_one_place() -> None:
    readers = [
        shown(path)
        for path in product().values()
        if any(word in path.read_text(encoding="utf-8") for word in ("os.environ", "os.getenv", "getenv("))
    ]
    assert readers == ["urbansense/configuration/settings.py"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_face_says_what_the_package_is_and_does_nothing_else(package: str) -> None:
    tree = tree_of(ROOT / package / "__init__.py")
    assert ast.get_docstring(tree)
    assert all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign) for node in tree.body[1:])
