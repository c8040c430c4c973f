"""Elements of SVG: what is text is escaped, what is markup is not escaped twice."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from reporting.charts.svg import box, chart, element, joined, label

_XML_TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"], exclude_characters="\x7f"))


def test_attributes_are_named_as_svg_names_them_and_none_are_left_out() -> None:
    assert element("text", "a", class_="tick", x=1, y=2.0, text_anchor="end", rx=None) == Markup(
        '<text class="tick" x="1" y="2.0" text-anchor="end">a</text>'
    )


@pytest.mark.parametrize(
    ("number", "written"), [(1.25, "1.2"), (-0.04, "-0.0"), (3, "3"), (31.700000000000003, "31.7")]
)
def test_a_float_has_one_decimal(number: float, written: str) -> None:
    assert f'x="{written}"' in element("rect", x=number)


def test_markup_stands_as_it_is_and_text_is_escaped() -> None:
    inner = element("title", "<b>")
    assert inner == "<title>&lt;b&gt;</title>"
    assert element("g", inner, "&") == "<g><title>&lt;b&gt;</title>&amp;</g>"
    assert joined(["<", inner]) == "&lt;<title>&lt;b&gt;</title>"


@given(_XML_TEXT, _XML_TEXT)
def test_any_text_comes_back_whole_from_a_reader_of_xml(words: str, name: str) -> None:
    drawn = chart(10, 20, name, [box(0, 0, 1, 1, "first", words), label(0, 0, words)], css="all")
    read = ElementTree.fromstring(drawn)
    assert (read.attrib["aria-label"], read.attrib["viewBox"], read.attrib["class"]) == (name, "0 0 10 20", "all")
    assert [(one.text or "") for one in (read[0], read[1][0], read[2])] == [name, words, words]
