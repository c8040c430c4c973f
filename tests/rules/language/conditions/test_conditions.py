"""Conditions: what they may hold, and that the fast way and CEL's own agree."""

import math
import re
from typing import Any
from unicodedata import normalize

import cel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.devices import Device
from rules.language.conditions.closures import ODD
from rules.language.conditions.condition import Condition, device_facts
from rules.language.conditions.errors import BadExpression, ConditionError


@pytest.mark.parametrize(
    ("source", "readings", "verdict"),
    [
        ("reading.voltage > 5", {"voltage": 5.5}, True),
        ("reading.voltage > 5", {"voltage": 6}, True),
        ("reading.voltage > 5", {}, None),
        ("reading.voltage > 5 || true", {}, None),
        ("false && reading.voltage > 5", {}, None),
        ("reading.voltage > 0x10", {"voltage": 16.5}, True),
        ("reading.voltage == 5u", {"voltage": 5}, True),
        ("!reading.cover_open", {"cover_open": False}, True),
        ("reading.cover_open", {"cover_open": 1}, True),
        ("reading.cover_open", {"cover_open": "yes"}, None),
        ("reading.voltage > 1", {"voltage": True}, None),
        ("reading.voltage > 1", {"voltage": math.nan}, None),
        ("reading.voltage > 1", {"voltage": "12"}, None),
        ("reading.voltage / reading.current > 1", {"voltage": 1.0, "current": 0.0}, True),
        ("reading.cover_open ? reading.tilt_angle > 1 : false", {"cover_open": True, "tilt_angle": 2.0}, True),
        ("device.department in ['lighting', \"power\"]", {}, True),
        ("device.department.startsWith('light') && size(device.department) == 8", {}, True),
        ("device['rated power'] * 0.5 == 50", {}, True),
        ("[1, 2, 3][1] == 2", {}, True),
        ("1 + 2 * 3 - 4 / 2 == 5 && -(1) < 0 // a comment", {}, True),
        ("device.name == 'a\\'b\\n\\u00e9'", {}, True),
    ],
)
def test_a_condition_gives_its_verdict(source: str, readings: dict[str, Any], verdict: bool | None) -> None:
    facts = device_facts(
        Device("L1", "streetlight", "p", name="a'b\né", department="lighting", attributes={"rated power": 100})
    )
    condition = Condition(source)
    assert condition.evaluate(readings, facts) is verdict
    assert condition.ask_cel(readings, facts) is verdict


@pytest.mark.parametrize(
    ("source", "at", "words"),
    [
        ("reading.voltag > 5", 0, "did you mean 'voltage'"),
        ("moon.phase > 0", 0, "unknown name 'moon'"),
        ("reading.voltage >", 17, "the end of the condition"),
        ("reading.voltage > 'a'", 16, "the left side is a number, the right side is text"),
        ("reading.voltage", 0, "a number where true or false is needed"),
        ("reading.cover_open > true", 19, "cannot order"),
        ("reading.cover_open + 1 > 2", 19, "true or false, the right side is a number"),
        ("reading.voltage % 2 == 0", 16, "double"),
        ("1 < 2 < 3", 6, "true or false, the right side is a number"),
        ("has(reading.voltage)", 0, "has()"),
        ("[1].exists(x, x > 0)", 4, "unknown function 'exists'"),
        ("reading.voltage > 5 @", 20, "'@' means nothing"),
        ("device.limit == 'a' || device.limit > 5", 36, "text, the right side is a number"),
        ("reading", 0, "write reading.<name>"),
        ("reading.voltage > 1e999", 18, "too large"),
        ("device.name == '\\q'", 16, "unknown escape"),
        ("[1, 2][2] == 1", 0, "no item [2]"),
        ("matches(device.name)", 0, "takes 2 arguments"),
        ("(" * 60 + "true" + ")" * 60, 40, "nested deeper"),
        ("true" + " && true" * 60, 0, "nested deeper"),
        ("true || " * 600 + "true", 0, "longer than"),
    ],
)
def test_what_cannot_be_run_is_refused_at_its_place(source: str, at: int, words: str) -> None:
    with pytest.raises(BadExpression) as refused:
        Condition(source)
    assert words in str(refused.value)
    assert at == 0 or refused.value.at == at


@pytest.mark.parametrize(
    "source", ["reading.water_level > device.井深_m", "reading.water_level > double(device.井深_m)"]
)
def test_an_attribute_with_a_name_in_another_script_is_read_by_closure_and_by_cel(source: str) -> None:
    condition = Condition(source)
    for judge in (condition.evaluate, condition.ask_cel):
        assert [judge({"water_level": level}, {"井深_m": 2.0}) for level in (1.0, 3.0)] == [False, True]


def test_an_attribute_is_found_in_whichever_form_its_name_is_written() -> None:
    assert Condition(f"device.{normalize('NFD', '깊이')} > 1").attributes == (normalize("NFC", "깊이"),)


def test_an_attribute_of_the_wrong_type_is_an_error_and_not_false() -> None:
    condition = Condition("reading.voltage < device.limit")
    assert condition.evaluate({"voltage": 1.0}, {}) is None
    with pytest.raises(ConditionError, match="No such overload"):
        condition.evaluate({"voltage": 1.0}, {"limit": "high"})


@pytest.mark.parametrize("side", ["{0} > 1", "1 < {0}", "!({0} <= 1)", "reading.voltage < 0 || {0} >= 0"])
def test_a_comparison_with_what_arithmetic_made_nan_is_an_error_and_not_false(side: str) -> None:
    condition = Condition(side.format("(reading.voltage * 10 - reading.current * 10)"))
    readings = {"voltage": 1e308, "current": 1e308}
    assert condition.judge(readings, {}, {}) is ODD
    for ask in (condition.evaluate, condition.ask_cel):
        with pytest.raises(ConditionError):
            ask(readings, {})


def test_a_registry_fact_that_is_not_known_has_no_value_and_cannot_be_forged_by_an_attribute() -> None:
    facts = device_facts(Device("L1", "streetlight", "p", attributes={"kind": "other", "feeder": "F1", "poles": 3}))
    assert facts["kind"] == "streetlight"
    assert "department" not in facts
    assert facts["poles"] == 3.0
    assert isinstance(facts["poles"], float)


# The property: every condition that is compiled to Python answers what CEL answers for the same text.

_NUMBERS = ("voltage", "current", "active_power")
_TRUTHS = ("cover_open", "mains_present")
_LITERALS = st.one_of(
    st.integers(0, 300).map(str),
    st.floats(0, 1e308, allow_nan=False).map(repr),
    st.sampled_from(["0", "0.0", "1e308", "1e-308"]),
)


def _numbers() -> st.SearchStrategy[str]:
    leaves = st.one_of(
        _LITERALS, st.sampled_from(_NUMBERS).map("reading.{}".format), st.sampled_from(["device.limit", "device.lon"])
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            inner.map(lambda x: f"-({x})"),
            st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} > {p[1]} ? {p[1]} : {p[2]})"),
        ),
        max_leaves=5,
    )


def _truths() -> st.SearchStrategy[str]:
    comparison = st.tuples(_numbers(), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), _numbers())
    leaves = st.one_of(
        comparison.map(" ".join),
        st.sampled_from(_TRUTHS).map("reading.{}".format),
        st.sampled_from(["true", "false", "device.department == 'lighting'", 'device.area != "a"']),
        st.tuples(_numbers(), _numbers(), _numbers()).map(lambda p: f"{p[0]} in [{p[1]}, {p[2]}]"),
        st.just("device.department in ['lighting', device.area]"),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["&&", "||", "==", "!="]), inner).map(
                lambda p: f"({p[0]}) {p[1]} ({p[2]})"
            ),
            inner.map(lambda x: f"!({x})"),
            st.tuples(inner, inner, inner).map(lambda p: f"(({p[0]}) ? ({p[1]}) : ({p[2]}))"),
        ),
        max_leaves=6,
    )


_VALUE = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.floats(-10, 300), st.sampled_from([0.0, -0.0]),
    st.integers(-5, 2**62), st.booleans(), st.sampled_from(["text", None]),
)  # fmt: skip
_READINGS = st.dictionaries(st.sampled_from((*_NUMBERS, *_TRUTHS)), _VALUE) | st.fixed_dictionaries(
    {**dict.fromkeys(_NUMBERS, st.floats(-1e3, 1e3)), **dict.fromkeys(_TRUTHS, st.booleans())}
)
_FACTS = st.dictionaries(
    st.sampled_from(["limit", "lon", "department", "area"]),
    st.one_of(st.floats(allow_nan=False), st.sampled_from(["lighting", "a"]), st.booleans()),
) | st.fixed_dictionaries(
    {
        "limit": st.floats(-1e3, 1e3),
        "lon": st.floats(-180, 180),
        "department": st.just("lighting"),
        "area": st.just("a"),
    }
)


@settings(max_examples=200, deadline=None)
@given(source=_truths(), readings=_READINGS, facts=_FACTS)
def test_a_closure_answers_what_cel_answers(source: str, readings: dict[str, Any], facts: dict[str, Any]) -> None:
    try:
        condition = Condition(source)
    except BadExpression:  # nested too deeply
        return
    assert _outcome(lambda: condition.evaluate(readings, facts)) == _outcome(lambda: condition.ask_cel(readings, facts))


@settings(max_examples=100, deadline=None)
@given(source=_truths(), readings=_READINGS, facts=_FACTS)
def test_cel_itself_agrees_on_the_text_as_written(source: str, readings: dict[str, Any], facts: dict[str, Any]) -> None:
    """Not our rewriting of it: nested names, and only the whole numbers of the text made doubles."""
    try:
        condition = Condition(source)
    except BadExpression:
        return
    verdict = condition.judge(readings, facts, {})
    if verdict is ODD or verdict is None:
        return
    doubled = re.sub(r"(?<![\w.])(?<!e[+-])(\d+)(?![\w.])", r"\1.0", source)
    wanted = {
        "reading": {q: v for q, v in readings.items() if isinstance(v, float | bool)},
        "device": facts,
    }
    assert cel.compile(doubled).execute(wanted) is verdict


@given(number=st.floats(-1e6, 1e6), limit=st.floats(-1e6, 1e6))
def test_plain_conditions_never_fall_back_to_cel(number: float, limit: float) -> None:
    condition = Condition("reading.voltage > 0 && reading.voltage * 2 < device.limit || reading.current == 1")
    assert condition.judge({"voltage": number, "current": 1.0}, {"limit": limit}, {}) is not ODD


def _outcome(ask: Any) -> Any:
    try:
        return ask()
    except ConditionError:
        return "error"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("size([1]) > " + "[1]" * 1000, "deeper than 40 levels"),
        ("[true]" + "[0]" * 1200, "deeper than 40 levels"),
        ("reading.voltage > 0x" + "f" * 3900, "too large for a double"),
    ],
)
def test_a_condition_that_no_stack_or_double_could_hold_is_refused_at_its_place(source: str, why: str) -> None:
    with pytest.raises(BadExpression, match=why):
        Condition(source)
