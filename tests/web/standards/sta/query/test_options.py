"""Query options and paths, taken apart."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.standards.sta.query.expressions import InvalidQuery
from web.standards.sta.query.options import MOST_TOP, Options, parse_options
from web.standards.sta.query.resource_path import Segment, parse_path


def expand(text: str) -> Options:
    return parse_options([("$expand", text)])


def test_nested_options_belong_to_their_expansion() -> None:
    options = expand("Datastreams($top=3;$filter=name eq 'a;b)';$expand=Sensor,Observations($top=1)),Locations")
    assert [one.navigation for one in options.expand] == ["Datastreams", "Locations"]
    inner = options.expand[0].options
    assert inner.top == 3
    assert inner.filter is not None
    assert [one.navigation for one in inner.expand] == ["Sensor", "Observations"]
    assert inner.expand[1].options.top == 1


def test_a_path_in_expand_is_a_nested_expansion_and_is_followed_once() -> None:
    (streams,) = expand("Datastreams/Sensor,Datastreams/ObservedProperty").expand
    assert streams.navigation == "Datastreams"
    assert [one.navigation for one in streams.options.expand] == ["Sensor", "ObservedProperty"]


def test_a_page_is_never_longer_than_the_service_allows() -> None:
    assert parse_options([("$top", "100000")]).top == MOST_TOP


def test_the_next_page_is_asked_with_all_options_but_the_place() -> None:
    options = parse_options([("$top", "5"), ("$skip", "10"), ("$filter", "name eq 'a+b&c'")])
    assert options.next_query(skiptoken="SL-9") == "$top=5&$filter=name+eq+'a%2Bb%26c'&$skiptoken=SL-9"


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("$tip", "1")], "no option"),
        ([("top", "1")], "no option"),
        ([("$top", "-1")], "whole number"),
        ([("$top", "1"), ("$top", "2")], "twice"),
        ([("$count", "yes")], "neither true nor false"),
        ([("$filter", "a eq")], r"\$filter, column 5"),
        ([("$expand", "Datastreams($top=1")], "not closed"),
        ([("$expand", "Datastreams)")], "too many"),
        ([("$expand", "Datastreams(top)")], "is no option"),
        ([("$expand", "Things/Locations/Things/Locations/Things/Locations/Things")], "deeper"),
        ([("$select", "name,,id")], "commas"),
        ([("$resultFormat", "dataArray")], "usual JSON"),
        ([("$filter", "a" * 30_000)], "longer"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(pairs: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(InvalidQuery, match=words):
        parse_options(pairs)


@given(st.text("Datastreams/()$;=,'top1 expand", max_size=60))
def test_any_expand_is_either_read_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(InvalidQuery):
        expand(text)


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("", ()),
        ("Things", (Segment("Things"),)),
        ("Things('a''b/c')/Datastreams", (Segment("Things", "a'b/c"), Segment("Datastreams"))),
        ("Things(12)/name/$value", (Segment("Things", "12"), Segment("name"), Segment("$value"))),
        ("Things/$ref", (Segment("Things"), Segment("$ref"))),
    ],
)  # fmt: skip
def test_paths_are_taken_apart(path: str, segments: tuple[Segment, ...]) -> None:
    assert parse_path(path) == segments


@given(st.text(max_size=40) | st.text("Things('a)/$ref", max_size=40))
def test_any_path_is_either_read_or_refused(path: str) -> None:
    with contextlib.suppress(ValueError):
        parse_path(path)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("$filter", f"st_within(location, geography'POINT (1{' ' * 19_000}x)')", "is no place"),
        ("$filter", f"st_within(location, geography'{' ' * 19_000}1')", "is no place"),
        ("$expand", f"a{' ' * 19_000}!", "cannot be read"),
    ],
)
def test_a_text_of_spaces_is_refused_as_soon_as_another(option: str, value: str, words: str) -> None:
    for _ in range(100):  # each took up to four seconds
        with pytest.raises(InvalidQuery, match=words):
            parse_options([(option, value)])


def test_an_expansion_that_is_asked_for_a_thousand_times_is_followed_once() -> None:
    (expansion,) = parse_options([("$expand", ",".join(["A/B/C/D/E"] * 1_800))]).expand
    assert expansion.navigation == "A"
    assert [one.navigation for one in expansion.options.expand] == ["B"]
    with pytest.raises(InvalidQuery, match="deeper than 5 levels"):
        parse_options([("$expand", "A/B/C/D/E/F,A/B")])
