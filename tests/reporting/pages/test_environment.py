"""Templates: everything from outside is escaped, a missing value is an error, and the frame needs nothing else."""

import subprocess
import sys

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from reporting.charts.svg import element
from reporting.pages.cells import Cell, Keyed, Marked
from reporting.pages.environment import page_environment

EVIL = "\"><script>alert('1')</script>&"
SAFE = "&#34;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"
_TABLE = "{% from 'reporting/macros.jinja' import table %}{{ table(heads, rows, numbers=(1,)) }}"


def rendered(source: str, **values: object) -> str:
    return page_environment("reporting.pages").from_string(source).render(values)


def test_a_text_is_escaped_in_content_and_attributes_and_a_chart_is_not() -> None:
    assert rendered('<p title="{{ x }}">{{ x }}</p>', x=EVIL) == f'<p title="{SAFE}">{SAFE}</p>'
    assert rendered("{{ x }}", x=element("svg", EVIL)) == f"<svg>{SAFE}</svg>"


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        rendered("{{ nothing }}")
    with pytest.raises(UndefinedError):
        rendered("{{ x.nothing }}", x=EVIL)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (EVIL, SAFE),
        (Marked(EVIL, "bad"), f'<span class="bad">{SAFE}</span>'),
        (Marked("", "bad"), ""),
        (Keyed(EVIL, "good"), f'<span class="key good"></span>{SAFE}'),
        (Markup("<svg></svg>"), "<svg></svg>"),
    ],
)
def test_a_cell_shows_its_text_escaped_and_markup_as_it_is(cell: Cell, written: str) -> None:
    page = rendered(_TABLE, heads=(("One", "一"), ("Two",)), rows=[("first", cell)])
    assert f'<td class="n">{written}</td>' in page
    assert '<th>One<span class="zh" lang="zh">一</span>' in page


def test_a_page_in_the_frame_needs_no_other_file_and_runs_nothing() -> None:
    body = "{% block title %}{{ x }}{% endblock %}{% block body %}<p>{{ x }}</p>{% endblock %}"
    page = rendered("{% extends 'reporting/frame.jinja' %}" + body, x=EVIL)
    assert page.startswith('<!doctype html>\n<html lang="en">')
    assert f"<title>{SAFE}</title>" in page
    assert page.count("<script") == 0
    assert [part.split('"')[1] for part in page.split("href=")[1:]] == ["data:,"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ 12345 | count }}", "12,345"),
        ("{{ 61000 | duration }}", "1m 1s"),
        ("{{ 5400000 | decimal_duration }}", "1.5 h"),
        ("{{ 0.5 | percent }}", "50.0 %"),
    ],
)
def test_figures_are_written_by_filters(source: str, text: str) -> None:
    assert rendered(source) == text


def test_jinja_is_loaded_only_when_a_page_is_made() -> None:
    code = "import sys, reporting.pages.environment; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
