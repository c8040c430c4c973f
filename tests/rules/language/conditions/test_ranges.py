"""Interval reasoning over conditions: what it finds is true of every value."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.quantities.catalogue import CATALOGUE
from rules.language.conditions.condition import Condition
from rules.language.conditions.ranges import Certainty, Range, certainty_of
from rules.language.conditions.tree import Name

NAMES = ("voltage", "current", "temperature")


def plausible(name: Name) -> Range:
    quantity = CATALOGUE.get(name.field)
    return Range(quantity.low, quantity.high) if name.root == "reading" and quantity else Range()


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        ("reading.voltage > 230000", "never true"),
        ("230000 < reading.voltage", "never true"),
        ("reading.voltage > 500", "never true"),
        ("reading.voltage >= 500", "either"),
        ("reading.voltage >= 0", "always true"),
        ("reading.voltage > 250 && reading.voltage < 200", "never true"),
        ("reading.voltage > 250 && reading.voltage < 250", "never true"),
        ("reading.voltage > 250 && 250 >= reading.voltage", "never true"),
        ("reading.voltage >= 250 && reading.voltage <= 250", "either"),
        ("reading.voltage > 250 && reading.current > 1 && reading.voltage + 1 < 251", "never true"),
        ("reading.voltage > 250 || reading.voltage >= 0", "always true"),
        ("!(reading.voltage > 600)", "always true"),
        ("reading.voltage == -1", "never true"),
        ("reading.voltage != -1", "always true"),
        ("reading.temperature < -70 || reading.voltage > 600", "never true"),
        ("reading.voltage * 2 > 1001", "never true"),
        ("reading.voltage > device.limit", "either"),
        ("reading.cover_open", "either"),
        ("reading.voltage / 2 > 900", "either"),
        ("true", "always true"),
        ("reading.voltage > 1 ? reading.current > 2000 : false", "never true"),
    ],
)
def test_what_is_certain_is_found(condition: str, verdict: str) -> None:
    assert certainty_of(Condition(condition).tree, plausible) is Certainty(verdict)


NUMBERS = st.sampled_from([-100.0, -1.0, 0.0, 1.0, 5.0, 250.0, 500.0, 501.0, 2000.0])
TERMS = st.recursive(
    st.one_of(st.sampled_from([f"reading.{name}" for name in NAMES]), NUMBERS.map(str)),
    lambda inner: st.one_of(st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join).map("({})".format)),
    max_leaves=3,
)
COMPARISONS = st.tuples(TERMS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), TERMS).map(" ".join)
CONDITIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(" ".join).map("({})".format),
        inner.map("!({})".format),
    ),
    max_leaves=5,
)


def _within(name: str, value: float) -> float:
    return min(max(value, CATALOGUE[name].low), CATALOGUE[name].high)


VALUES = st.fixed_dictionaries(
    {
        n: st.one_of(
            st.floats(CATALOGUE[n].low, CATALOGUE[n].high),
            NUMBERS.map(partial(_within, n)),
        )
        for n in NAMES
    }
)


@given(CONDITIONS, VALUES)
def test_no_plausible_value_gives_the_lie_to_a_verdict(condition: str, values: dict[str, float]) -> None:
    compiled = Condition(condition)
    verdict = certainty_of(compiled.tree, plausible)
    answer = compiled.evaluate(values, {})
    assert verdict is Certainty.EITHER or answer is (verdict is Certainty.ALWAYS)
