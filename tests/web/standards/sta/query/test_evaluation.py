"""What functions and comparisons of a filter are worth."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from tests.web.standards.sta.query.building import PATHS, VALUES, conditions
from web.standards.sta.query.evaluation import evaluate, holds, sort_key
from web.standards.sta.query.expressions import Expression, Path, paths_of
from web.standards.sta.query.filter_parser import parse_filter

VALUES_HERE: dict[str, Any] = {
    "n": 7, "x": 2.5, "s": "Lamp 10", "b": True, "nothing": None, "t": datetime(2025, 11, 21, 4, 5, 6, 500_000, UTC),
    "p": {"type": "Point", "coordinates": [120.5, 31.2]},
}  # fmt: skip


def judged(text: str) -> bool:
    condition = parse_filter(text)
    return holds(condition, {path: VALUES_HERE[path.names[0]] for path in paths_of(condition)})


@pytest.mark.parametrize(
    "text",
    [
        "n eq 7", "n ne 8", "n gt x", "n mod 4 eq 3", "n div 2 eq 3.5", "n sub 10 lt -2", "b eq true", "b eq 1",
        "s eq 'Lamp 10'", "startswith(s, 'Lamp')", "endswith(s, '10')", "substringof('mp', s)", "contains(s, 'mp')",
        "length(s) eq 7", "indexof(s, '1') eq 5", "substring(s, 5) eq '10'", "tolower(s) eq 'lamp 10'",
        "toupper(s) eq 'LAMP 10'", "trim(concat(' ', s)) eq s", "year(t) eq 2025", "month(t) eq 11", "day(t) eq 21",
        "hour(t) eq 4", "minute(t) eq 5", "second(t) eq 6", "fractionalseconds(t) eq 0.5", "date(t) eq 2025-11-21",
        "round(x) eq 3", "floor(x) eq 2", "ceiling(x) eq 3", "t lt 2025-11-21T12:05:07+08:00",
        "st_within(p, geography'POLYGON ((120 31, 121 31, 121 32, 120 31))')",
        "st_disjoint(p, geography'POLYGON ((10 31, 11 31, 11 32, 10 31))')",
        "st_equals(p, geography'POINT (120.5 31.2)')", "geo.distance(p, geography'POINT (120.5 31.5)') lt 0.31",
        "nothing eq null", "n ne null", "not nothing gt 5",
    ],
)  # fmt: skip
def test_these_hold(text: str) -> None:
    assert judged(text)


@pytest.mark.parametrize(
    "text",
    [
        "nothing gt 5", "nothing le 5", "n eq 'Lamp'", "s gt 5", "n div 0 eq 1", "n mod 0 eq 1", "length(n) eq 1",
        "year(s) eq 2025", "st_within(s, geography'POINT (1 2)')", "b and n gt 8", "round(b) eq 1", "s",
        "st_within(p, geography'POLYGON ((120.6 31, 121 31, 121 32, 120.6 31))')",
    ],
)  # fmt: skip
def test_these_do_not_and_nothing_breaks(text: str) -> None:
    assert not judged(text)


@given(conditions())
def test_every_condition_can_be_judged(condition: Expression) -> None:
    for value in (*VALUES_HERE.values(), 10**400, float("inf")):
        holds(condition, dict.fromkeys(paths_of(condition), value))


@given(VALUES, VALUES, PATHS)
def test_all_values_have_an_order(one: Expression, other: Expression, path: Path) -> None:
    values = dict.fromkeys(paths_of(one) | paths_of(other) | {path}, 1.5)
    keys = [sort_key(evaluate(expression, values)) for expression in (one, other)]
    assert sorted(keys) in (keys, keys[::-1])
