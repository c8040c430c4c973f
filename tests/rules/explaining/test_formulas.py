"""Conditions as text again, with and without the numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.explaining.formulas import Evidence, parts_of, text_of, values_of, written_name
from rules.language.conditions.condition import Condition
from rules.language.conditions.parser import parse_expression
from rules.language.conditions.tree import to_cel
from rules.language.signals.signal import Signal, Take

SAME = [
    "reading.dimming_level > 0 && power < 0.2 * device.nominal_power",
    "!(reading.mains_present || reading.voltage < 50)",
    "reading.voltage - (reading.current - 1) > 2 * (3 + sun.elevation)",
    'device.department in ["lighting", "roads"] && device.name.startsWith("SL")',
    "(reading.voltage > 1 ? reading.current : -reading.voltage) < 5",
    'size(device.name) == 3 || area.street == "320582/110"',
    "reading.voltage / reading.current / 2 >= 1.5e-07",
]
SIGNALS = {"power": Signal("active_power", Take.MEAN, 60_000)}


@pytest.mark.parametrize("source", SAME)
def test_a_condition_is_spelled_as_it_was_written(source: str) -> None:
    assert text_of(parse_expression(source, SIGNALS), written_name) == source


_LEAVES = st.sampled_from(["reading.voltage", "reading.current", "2", "0.5"])
_NUMBERS = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=8,
)


@given(_NUMBERS, _NUMBERS)
def test_what_is_spelled_means_the_same(left: str, right: str) -> None:
    tree = parse_expression(f"{left} < {right} || !(reading.voltage > 3 && {right} == 1)")
    assert to_cel(parse_expression(text_of(tree, written_name))) == to_cel(tree)


def test_each_part_is_judged_by_itself_with_its_numbers_in() -> None:
    condition = Condition(SAME[0], signals=SIGNALS)
    evidence = Evidence({"dimming_level": 80.0}, {"nominal_power": 100.0}, {SIGNALS["power"].label: 96.25})
    assert [(part.filled, part.holds) for part in parts_of(condition, evidence)] == [
        ("80 > 0", True),
        ("96.25 < 0.2 * 100", False),
    ]
    assert values_of(condition, evidence) == {
        "reading.dimming_level": 80.0, "power": 96.25, "device.nominal_power": 100.0,
    }  # fmt: skip


def test_a_missing_value_keeps_its_name_and_leaves_its_part_undecided() -> None:
    (part, other) = parts_of(
        Condition("reading.voltage < 5 && reading.current > 1"), Evidence({"current": 2.0}, {}, {})
    )
    assert (part.filled, part.holds, other.holds) == ("reading.voltage? < 5", None, True)
