"""The source as the laws of the house see it: modules, their imports, their definitions."""

import ast
import gc
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "domain", "documents", "reporting", "accounts", "streams", "timeseries", "device_registry", "ingest", "rules",
    "cases", "simulators", "web", "urbansense",
)  # fmt: skip
NOT_PRODUCT = ("tests", "benchmarks", "supply_chain")


@cache
def product() -> dict[str, Path]:
    """Every module of the product by its dotted name; a package by its own name."""
    return {_name_of(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


@cache
def others() -> dict[str, Path]:
    """Every module of the tests and the benchmarks."""
    return {_name_of(path): path for package in NOT_PRODUCT for path in sorted((ROOT / package).rglob("*.py"))}


@cache
def tree_of(path: Path) -> ast.Module:
    """Parsed without the collector, which may log a traceback: that parses too, and CPython 3.11 does not nest it."""
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    finally:
        gc.enable()


def shown(path: Path) -> str:
    """The path from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


def imports_of(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(module, names) of every import in the file, wherever it stands; `import x` has no names."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, tuple(alias.name for alias in node.names)


def top_level_names(path: Path) -> set[str]:
    """The first words of what the file imports."""
    return {module.split(".")[0] for module, _ in imports_of(path)}


def public_classes(path: Path) -> list[str]:
    return [
        node.name for node in tree_of(path).body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
