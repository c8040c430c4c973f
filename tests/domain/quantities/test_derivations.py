import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.devices import DerivedReading
from domain.quantities.derivations import BadFormula, compile_derivation


def _value(formula: str, readings: dict[str, float], attributes: dict[str, float]) -> float:
    return compile_derivation(DerivedReading("water_level", formula)).compute(readings, attributes)


def test_a_level_is_the_installed_height_less_the_distance() -> None:
    level = compile_derivation(DerivedReading("water_level", "device.installed_height - distance / 1000"))

    assert level.inputs == ("distance",)
    assert level.attributes == ("installed_height",)
    assert level.compute({"distance": 2116.0}, {"installed_height": 5.0}) == pytest.approx(2.884)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-distance", -4.0),
        ("max(0, 3 - distance)", 0.0),
        ("min(distance, device.depth, 9)", 2.0),
        ("abs(device.depth - distance) / 4", 0.5),
        ("10 - 3 - 2", 5.0),
    ],
)
def test_arithmetic_is_the_usual(formula: str, value: float) -> None:
    assert _value(formula, {"distance": 4.0}, {"depth": 2.0}) == value


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("", "no formula"),
        ("distance -", "no formula"),
        ("x = 1", "no formula"),
        ("height - distance", "'height' is no quantity; write device.height"),
        ("water_level + 1", "from itself"),
        ("distance ** 9", "only"),
        ("distance // 2", "only"),
        ("__import__('os')", "only"),
        ("device.__class__.__name__", "only"),
        ("(lambda: 1)()", "only"),
        ("[1 for _ in distance]", "only"),
        ("distance if distance else 1", "only"),
        ("distance > 1", "only"),
        ("'a'", "only"),
        ("True", "no numbers"),
        ("1e999", "too large"),
        ("9" * 400, "too large"),
        ("max(1)", "two or more"),
        ("max(*distance)", "only"),
        ("min(a=1)", "only"),
        ("(" * 200 + "1" + ")" * 200 + "(", "no formula"),
        ("-" * 100 + "1", "too deep"),
        ("1" * 501, "500"),
    ],
)
def test_anything_else_is_refused_with_its_place(formula: str, expected: str) -> None:
    with pytest.raises(BadFormula) as raised:
        compile_derivation(DerivedReading("water_level", formula))

    assert expected in str(raised.value)


@pytest.mark.parametrize(("quantity", "expected"), [("happiness", "no quantity"), ("cover_open", "true or false")])
def test_only_numeric_quantities_are_derived(quantity: str, expected: str) -> None:
    with pytest.raises(BadFormula, match=expected):
        compile_derivation(DerivedReading(quantity, "1"))


_TERMS = st.recursive(
    st.sampled_from(["distance", "device.depth", "2", "0.5", "7"]),
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=8,
)


@given(_TERMS, st.floats(-100, 100), st.floats(-100, 100))
def test_a_formula_computes_what_python_does(formula: str, distance: float, depth: float) -> None:
    by_python = eval(formula.replace("device.depth", "depth"), {"distance": distance, "depth": depth})

    assert _value(formula, {"distance": distance}, {"depth": depth}) == pytest.approx(by_python)
