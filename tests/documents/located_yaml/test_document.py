"""One document with its places: where a value stands, what is refused, what is taken."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.located_yaml.document import LocatedDocument, load_document, load_typed_document
from documents.located_yaml.reading import BadYaml, NotYaml, load_yaml

TEXT = "a: 1\nlist:\n  - {name: x,\n     more: [2, 3]}\n  - y\n"


@pytest.mark.parametrize("load", [load_document, load_typed_document])
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("a",), (1, 1)),
        (("a", "deeper", 3), (1, 1)),
        (("list",), (2, 1)),
        (("list", 0), (3, 5)),
        (("list", 0, "more"), (4, 6)),
        (("list", 0, "more", 1), (4, 16)),
        (("list", 0, "more", 2), (4, 6)),
        (("list", 1), (5, 5)),
        (("list", -1), (2, 1)),
        (("nowhere",), (1, 1)),
    ],
)
def test_a_path_stands_where_its_key_or_its_entry_does_else_where_what_should_hold_it_does(
    load: Callable[[str, str], LocatedDocument], path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    assert load(TEXT, "x").place_of(path) == place


def test_everything_wrong_is_named_in_the_order_of_the_text() -> None:
    with pytest.raises(BadYaml) as refused:
        load_document("a: &a [1]\nb: *a\na: 2\n? [c]\n: d\n", "x.yaml")
    assert list(map(str, refused.value.problems)) == [
        "x.yaml:1:4: anchors and aliases are not taken here; write the value out",
        "x.yaml:3:1: 'a' is given twice",
        "x.yaml:4:3: a key must be a word",
    ]


def test_a_typed_document_takes_aliases_and_says_which_keys_are_given_again() -> None:
    document = load_typed_document("base: &b {n: 0x10}\nday: 2026-06-01\nbase: *b\nmore: {<<: *b, on: yes}\n", "x")
    assert document.value == {"base": {"n": 16}, "day": date(2026, 6, 1), "more": {"n": 16, True: True}}
    assert [(key.value, key.line) for key in document.repeated] == [("base", 3)]
    assert document.place_of(("more", "n")) == (4, 1)


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_text_is_an_empty_document(text: str) -> None:
    assert load_document(text, "x").value == {}
    assert load_document(text, "x").place_of(("a",)) == (1, 1)
    assert load_typed_document(text, "x").value is None


@pytest.mark.parametrize("load", [load_document, load_typed_document])
def test_what_is_no_yaml_is_refused_at_its_line(load: Callable[[str, str], LocatedDocument]) -> None:
    with pytest.raises(NotYaml) as refused:
        load("a: 1\nb: [", "x.yaml")
    assert refused.value.line is not None
    assert str(refused.value).startswith(f"x.yaml:{refused.value.line}:")
    with pytest.raises(NotYaml, match=r"x\.yaml:1:1: not YAML: ") as unreadable:
        load("a: \x07", "x.yaml")
    assert "\n" not in str(unreadable.value)


@given(st.text(alphabet="ab:-[]{}&*?'\"|> \n#", max_size=40))
def test_any_text_is_read_or_refused_at_a_place(text: str) -> None:
    try:
        document = load_document(text, "x")
    except BadYaml as error:
        places = [(problem.line, problem.column) for problem in error.problems]
    else:
        places = [document.place_of(())]
        assert document.root.plain() == document.value
    assert places
    assert all(line >= 1 and column >= 1 for line, column in places)


_LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{chr(ord(name) - 1)}'] * 10)}]\n" for name in "bcdefgh"
)
_MERGES = (
    "a0: &a0 {"
    + ", ".join(f"k{i}: 1" for i in range(1000))
    + "}\n"
    + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 12))
)


@pytest.mark.parametrize("load", [load_yaml, load_document, load_typed_document])
@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 60_000, "- " * 100_000, "? " * 100_000])
def test_a_text_nested_without_end_is_refused_where_it_goes_too_deep(
    load: Callable[[str, str], Any], text: str
) -> None:
    with pytest.raises(BadYaml, match=r"x:1:\d+: nested deeper than 12 levels"):
        load(text, "x")


@pytest.mark.parametrize("load", [load_yaml, load_document, load_typed_document])
def test_a_text_that_is_too_large_is_refused_unread(load: Callable[[str, str], Any]) -> None:
    with pytest.raises(BadYaml, match="larger than 256 KiB"):
        load(f"a: [{'x,' * 200_000}]", "x")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (_LAUGHS, "x:5:24: more than 50000 values"),
        (_MERGES, "x:4:25: more than 50000 values"),
        ("&a [*a]", "x:1:5: an anchor cannot stand in itself"),
        ("&a {b: {c: *a}}", "x:1:12: an anchor cannot stand in itself"),
        ("a: " + "9" * 4000 + "9", "x:1:4: a number longer than 4000 characters; put it in quotes"),
        ("a: " + ":".join(["59"] * 40_000), "x:1:4: a number longer than 4000 characters; put it in quotes"),
        ("a: " + ":".join(["59"] * 500) + ".5", "a number or date that cannot be read"),
        ("a: 2026-99-99", "a number or date that cannot be read"),
        ("a: " + "9" * 4000, ""),
    ],
)
def test_a_typed_document_that_stands_for_more_than_it_is_is_refused_at_its_place(text: str, why: str) -> None:
    if not why:
        assert load_typed_document(text, "x").value == {"a": int("9" * 4000)}
        return
    with pytest.raises(BadYaml) as refused:
        load_typed_document(text, "x")
    assert why in str(refused.value)


def test_a_document_whose_aliases_are_refused_does_not_follow_them() -> None:
    with pytest.raises(BadYaml, match="anchors and aliases are not taken here"):
        load_document(_LAUGHS, "x")


def test_a_text_of_more_documents_than_somebody_writes_is_refused() -> None:
    with pytest.raises(BadYaml, match=r"x:1000:1: more than 500 documents"):
        load_yaml("a: 1\n---\n" * 25_000, "x")
