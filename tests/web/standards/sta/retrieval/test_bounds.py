"""What is asked of registry and store never loses an entity for which the filter holds."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.web.standards.sta.query.building import conditions
from web.standards.sta.query.evaluation import holds
from web.standards.sta.query.expressions import Binary, Constant, Expression, Path
from web.standards.sta.query.filter_parser import parse_filter
from web.standards.sta.retrieval.bounds import Bounds, bounds_of
from web.standards.sta.retrieval.source import is_covered

T0 = 1_763_697_600_000
TIME, RESULT, STREAM = Path(("phenomenonTime",)), Path(("result",)), Path(("Datastream", "@iot.id"))
DEVICE, KIND, OWN_ID = (
    Path(("FeatureOfInterest", "@iot.id")),
    Path(("Datastream", "Thing", "properties", "kind")),
    Path(("@iot.id",)),
)
SIGNS = st.sampled_from(["eq", "ne", "gt", "ge", "lt", "le"])


def instant(at_ms: float) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def compared(path: Path, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Expression]:
    either = st.booleans()
    return st.builds(
        lambda sign, value, flip: Binary(sign, Constant(value), path) if flip else Binary(sign, path, Constant(value)),
        SIGNS, values, either,
    )  # fmt: skip


SIMPLE = st.one_of(
    compared(
        TIME, st.builds(lambda ms, micros: instant(T0 + ms + micros / 1000), st.integers(-3, 3), st.integers(0, 999))
    ),
    compared(RESULT, st.sampled_from([0, 1, 2.5, 3, True, False, 10**400])),
    compared(STREAM, st.sampled_from(["A:voltage", "B:current", "nonsense"])),
    compared(DEVICE, st.sampled_from(["A", "B"])),
    compared(KIND, st.sampled_from(["streetlight", "cabinet"])),
    compared(OWN_ID, st.sampled_from([f"A:voltage:{T0}", f"B:current:{T0 + 1}"])),
)
ROWS = st.builds(
    lambda ms, value, device, quantity, kind: (T0 + ms, value, device, quantity, kind),
    st.integers(-3, 3), st.sampled_from([0.0, 1.0, 2.5, 3.0]), st.sampled_from("AB"),
    st.sampled_from(["voltage", "current"]), st.sampled_from(["streetlight", "cabinet"]),
)  # fmt: skip


def values_of(row: tuple[int, float, str, str, str]) -> dict[Path, Any]:
    at_ms, value, device, quantity, kind = row
    stream = f"{device}:{quantity}"
    return {
        TIME: instant(at_ms),
        RESULT: value,
        STREAM: stream,
        DEVICE: device,
        KIND: kind,
        OWN_ID: f"{stream}:{at_ms}",
    }


def is_within(row: tuple[int, float, str, str, str], bounds: Bounds) -> bool:
    at_ms, value, device, quantity, kind = row
    compare = {"<": value.__lt__, "<=": value.__le__, ">": value.__gt__, ">=": value.__ge__}
    return (
        (bounds.from_ms is None or at_ms >= bounds.from_ms)
        and (bounds.to_ms is None or at_ms < bounds.to_ms)
        and (bounds.devices is None or device in bounds.devices)
        and (bounds.quantities is None or quantity in bounds.quantities)
        and bounds.facts.get("kind", kind) == kind
        and all(compare[sign](limit) for sign, limit in bounds.values)
    )


@given(conditions(SIMPLE), ROWS)
def test_what_the_filter_holds_for_is_within_its_bounds(condition: Expression, row: Any) -> None:
    bounds = bounds_of(condition, "Observations")
    if holds(condition, values_of(row)):
        assert is_within(row, bounds)
    elif is_covered("Observations", bounds):
        assert not is_within(row, bounds)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("phenomenonTime ge 2025-11-21T04:00:00Z", Bounds(from_ms=T0)),
        ("phenomenonTime gt 2025-11-21T04:00:00Z and phenomenonTime le 2025-11-21T04:00:01Z", Bounds(T0 + 1, T0 + 1001)),
        ("2025-11-21T04:00:00.0005Z lt phenomenonTime", Bounds(from_ms=T0 + 1)),
        ("result ge 3 and result lt 5.5", Bounds(values=((">=", 3.0), ("<", 5.5)))),
        ("Datastream/@iot.id eq 'A:voltage'", Bounds(devices=frozenset("A"), quantities=frozenset(["voltage"]))),
        ("Datastream/ObservedProperty/name eq 'Active power'", Bounds(quantities=frozenset(["active_power"]))),
        ("year(phenomenonTime) eq 1970", Bounds(0, 31_536_000_000)),
    ],
)  # fmt: skip
def test_the_store_is_told_all_it_can_judge(text: str, bounds: Bounds) -> None:
    assert bounds_of(parse_filter(text), "Observations") == bounds
    assert is_covered("Observations", bounds)


def test_alternatives_are_bounded_by_what_they_share() -> None:
    text = "(Datastream/@iot.id eq 'A:voltage' and result gt 1) or (Datastream/@iot.id eq 'B:voltage' and result gt 2)"
    bounds = bounds_of(parse_filter(text), "Observations")
    assert (bounds.devices, bounds.quantities, bounds.values) == (frozenset("AB"), frozenset(["voltage"]), ())
    assert not is_covered("Observations", bounds)


def test_a_place_is_looked_for_in_the_registry_and_judged_again() -> None:
    bounds = bounds_of(parse_filter("geo.distance(Locations/location, geography'POINT (120.5 31.5)') lt 0.1"), "Things")
    assert bounds.place is not None
    assert bounds.place.holds(120.5, 31.5999)
    assert bounds.place.holds(120.5999, 31.5)
    assert not is_covered("Things", bounds)
