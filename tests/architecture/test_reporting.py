"""What people read is made in one place: templates for pages, one module for SVG, and everything escaped."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from reporting.pages.environment import page_environment
from tests.architecture.source import PACKAGES, ROOT, imports_of, product, shown, tree_of

_MARKUP = re.compile(
    r"</?(?:html|head|body|title|meta|link|style|script|main|header|footer|section|div|span|p|br|hr|h[1-6]|ul|ol|li|dl|dt|dd"
    r"|table|thead|tbody|tr|th|td|a|b|small|code|pre|form|input|label|button|details|summary|figure|img|svg|g|path|rect"
    r"|line|circle|polyline)(?=[\s/>{])[^<]*>|<text\s|<!doctype",
    re.IGNORECASE,
)
TEMPLATES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.jinja"))


def _literals(path: Path) -> Iterator[str]:
    """Every string of a module, an f-string as a whole with `{}` for its values; docstrings and bare strings left out."""
    tree = tree_of(path)
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare | parts:
            yield node.value


def test_no_module_writes_markup_by_hand() -> None:
    by_hand = {
        f"{shown(path)}: {found[0]}"
        for path in product().values()
        for text in _literals(path)
        if (found := _MARKUP.search(text))
    }
    assert by_hand == set()


def test_only_the_module_of_svg_declares_a_text_to_be_markup() -> None:
    """Elsewhere only nothing at all is markup, `Markup("")`: a chart that is not drawn."""
    declared = {
        shown(path)
        for path in product().values()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup"
        if [one.value if isinstance(one, ast.Constant) else None for one in node.args] != [""]
    }
    assert declared == {"reporting/charts/svg.py"}


def test_templates_are_filled_in_one_place() -> None:
    users = {
        shown(path) for path in product().values() for name, _ in imports_of(path) if name.split(".")[0] == "jinja2"
    }
    assert users == {"reporting/pages/environment.py"}


@pytest.mark.parametrize("template", TEMPLATES, ids=shown)
def test_a_template_lies_beside_its_page_compiles_and_escapes_everything(template: Path) -> None:
    assert template.parent.name == "templates"
    package = ".".join(template.parent.parent.relative_to(ROOT).parts)
    assert import_module(package).__file__
    environment = page_environment(package)
    environment.get_template(template.name)
    source = template.read_text(encoding="utf-8")
    assert environment.autoescape is True
    assert not re.search(r"\|\s*safe\b|autoescape|<script|\son\w+=|(?:src|href)=['\"]?(?:https?:)?//", source)
