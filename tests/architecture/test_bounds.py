"""What a test waits for is bounded against hanging in one place: no bound of its own is too short for a busy machine."""

import ast

import pytest

from tests.architecture.source import ROOT, shown, tree_of

BOUNDED = {"asyncio.timeout": 0, "asyncio.wait_for": 1}
"""Calls, and which argument is their bound."""


def test_tests_wait_as_long_as_patience() -> None:
    own = [
        f"{shown(path)}:{node.lineno}: {ast.unparse(node.args[place])} s"
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and (place := BOUNDED.get(ast.unparse(node.func))) is not None
        if len(node.args) > place and isinstance(node.args[place], ast.Constant)
    ]
    if own:
        pytest.fail("write PATIENCE_S of tests/patience.py, or until(): " + "; ".join(own))
