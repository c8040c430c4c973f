"""The text of a filter and the tree it stands for."""

import contextlib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.standards.sta.query.building import conditions
from web.standards.sta.query.expressions import (
    Binary,
    Call,
    Constant,
    Expression,
    InvalidQuery,
    Junction,
    Not,
    Path,
    render,
)
from web.standards.sta.query.filter_parser import parse_filter, parse_orderby

A, B, C = (Binary("eq", Path((name,)), Constant(1)) for name in "abc")


@given(conditions())
def test_what_is_written_out_is_read_back_the_same(condition: Expression) -> None:
    assert parse_filter(render(condition)) == condition


@given(st.text(max_size=60) | st.text("abe'()qnotrd 1.-/T:,@$", max_size=60))
def test_any_text_is_either_read_or_refused_in_words(text: str) -> None:
    for parse in (parse_filter, parse_orderby):
        with contextlib.suppress(InvalidQuery):
            assert parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a eq 1 or b eq 1 and c eq 1", Junction("or", (A, Junction("and", (B, C))))),
        ("(a eq 1 or b eq 1) and c eq 1", Junction("and", (Junction("or", (A, B)), C))),
        ("not a eq 1 and b eq 1", Junction("and", (Not(A), B))),
        ("1 eq a add 2 mul 3",
         Binary("eq", Constant(1), Binary("add", Path(("a",)), Binary("mul", Constant(2), Constant(3))))),
        ("name eq 'it''s'", Binary("eq", Path(("name",)), Constant("it's"))),
        ("substringof('x', name)", Call("substringof", (Constant("x"), Path(("name",))))),
        ("Thing/properties/kind eq null", Binary("eq", Path(("Thing", "properties", "kind")), Constant(None))),
        ("a lt -1.5e3", Binary("lt", Path(("a",)), Constant(-1500.0))),
        ("date(t) eq 2025-11-21", Binary("eq", Call("date", (Path(("t",)),)), Constant(date(2025, 11, 21)))),
    ],
)  # fmt: skip
def test_precedence_and_literals(text: str, expected: Expression) -> None:
    assert parse_filter(text) == expected


@pytest.mark.parametrize("offset", ["+08:00", " 08:00"])
def test_an_instant_is_taken_with_its_offset_even_if_its_plus_was_not_escaped(offset: str) -> None:
    wanted = Binary("ge", Path(("t",)), Constant(datetime(2025, 11, 21, 4, tzinfo=UTC)))
    assert parse_filter(f"t ge 2025-11-21T12:00:00{offset}") == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the text ends"),
        ("a eq", "column 5"),
        ("a b", "'b' stands"),
        ("(a eq 1", "`)`"),
        ("a eq 'x", "cannot be read"),
        ("colour(a) eq 1", "no function 'colour'"),
        ("length(a, b) eq 1", "takes 1 values, not 2"),
        ("result add 2", "is no condition"),
        ("a eq 1 and 5", "is no condition"),
        ("t ge 2025-11-21T12:00:00", "no offset"),
        ("t ge 2025-13-41T12:00:00Z", "column 6"),
        ("st_within(a, geography'CIRCLE (1 2)')", "CIRCLE"),
        ("st_within(a, geography'POLYGON ((31 120, 31 121, 32 121, 31 120))')", "wrong order"),
        ("a eq 1e999", "too large"),
        ("(" * 500 + "a eq 1" + ")" * 500, "deeper"),
        (" or ".join(["a eq 1"] * 1000), "more than 2000"),
        ("not " * 500 + "a eq 1", "deeper"),
        ("a" + " add 1" * 200 + " eq 1", "calculations"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(text: str, words: str) -> None:
    with pytest.raises(InvalidQuery, match=words.replace("(", r"\(").replace(")", r"\)")):
        parse_filter(text)


def test_orderby_takes_several_criteria() -> None:
    assert parse_orderby("phenomenonTime desc, @iot.id") == (
        (Path(("phenomenonTime",)), True),
        (Path(("@iot.id",)), False),
    )
