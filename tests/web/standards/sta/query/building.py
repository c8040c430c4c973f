"""Expressions as Hypothesis builds them."""

from datetime import UTC, date, datetime

from hypothesis import strategies as st

from web.standards.sta.query.expressions import (
    ARITHMETIC,
    COMPARISONS,
    Binary,
    Call,
    Constant,
    Expression,
    Junction,
    Not,
    Path,
)
from web.standards.sta.query.functions import FUNCTIONS
from web.standards.sta.query.geography import Geography

PATHS = st.sampled_from(
    [
        Path(("result",)),
        Path(("phenomenonTime",)),
        Path(("@iot.id",)),
        Path(("Datastream", "Thing", "properties", "kind")),
    ]
)
CONSTANTS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.dates(date(1970, 1, 1), date(2100, 1, 1)),
    st.just(Geography("POINT (120.5 31.5)")),
    st.just(Geography("POLYGON ((120 31, 121 31, 121 32, 120 31))")),
).map(Constant)


def _values(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    calls = st.sampled_from([name for name, one in FUNCTIONS.items() if not one.is_condition]).flatmap(
        lambda name: st.tuples(*(inner for _ in FUNCTIONS[name].takes)).map(lambda given: Call(name, given))
    )
    return st.one_of(st.builds(Binary, st.sampled_from(ARITHMETIC), inner, inner), calls)


VALUES: st.SearchStrategy[Expression] = st.recursive(st.one_of(PATHS, CONSTANTS), _values, max_leaves=5)
COMPARED: st.SearchStrategy[Expression] = st.builds(Binary, st.sampled_from(COMPARISONS), VALUES, VALUES)


def _joined(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    operands = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Junction, st.sampled_from(["and", "or"]), operands), st.builds(Not, inner))


def conditions(simple: st.SearchStrategy[Expression] = COMPARED) -> st.SearchStrategy[Expression]:
    return st.recursive(simple, _joined, max_leaves=6)
