"""Windows: what a signal takes of (t - over, t], whatever came before, in whatever order, however it was stored."""

from fractions import Fraction
from math import isclose, sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.time.units import MINUTE_MS
from rules.language.signals.signal import Crossing, Signal, Take, parse_label
from rules.language.signals.windows import Layout, Windows

PLAIN = [take for take in Take if take is not Take.FORECAST]
FORECAST = Signal("water_level", Take.FORECAST, 60 * MINUTE_MS, Crossing(2.0, 6 * 60 * MINUTE_MS))
SIGNALS = [*(Signal("water_level", take, over) for take in PLAIN for over in (MINUTE_MS, 7 * MINUTE_MS)), FORECAST]

instants = st.integers(0, 120).map(lambda step: step * 20_000)
levels = st.integers(-2_000, 20_000).map(lambda millimetres: millimetres / 1000)
histories = st.dictionaries(instants, levels, min_size=1, max_size=60)


def windows_of(*signals: Signal) -> Windows:
    return Windows(Layout(signals))


def taken(take: Take, readings: dict[int, float], over_ms: int, t: int) -> float | None:
    """The definition, word by word, in exact numbers."""
    inside = [(at, Fraction(str(value))) for at, value in sorted(readings.items()) if t - over_ms < at <= t]
    values = [value for _, value in inside]
    if take is Take.COUNT:
        return float(len(values))
    if not values or (take in (Take.DELTA, Take.RATE, Take.STDDEV) and len(values) < 2):
        return None
    mean = sum(values) / len(values)
    match take:
        case Take.LAST:
            return float(values[-1])
        case Take.MIN:
            return float(min(values))
        case Take.MAX:
            return float(max(values))
        case Take.MEAN:
            return float(mean)
        case Take.SUM:
            return float(sum(values))
        case Take.DELTA:
            return float(values[-1] - values[0])
        case Take.RATE:
            return float((values[-1] - values[0]) * 3_600_000 / (inside[-1][0] - inside[0][0]))
    return sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


@given(readings=histories)
def test_every_take_is_what_its_definition_gives_at_every_reading(readings: dict[int, float]) -> None:
    windows = windows_of(*SIGNALS)
    seen: dict[int, float] = {}
    for t, value in sorted(readings.items()):
        windows.put(t, "water_level", value)
        seen[t] = value
        found = windows.at(t, {})
        for signal in SIGNALS[:-1]:
            wanted, got = taken(signal.take, seen, signal.over_ms, t), found.get(signal.label)
            if wanted is None or got is None:
                assert wanted is got, signal
            else:
                assert isclose(wanted, got, rel_tol=1e-12, abs_tol=1e-12), signal


@given(readings=histories, data=st.data())
def test_the_order_of_arrival_changes_no_bit(readings: dict[int, float], data: st.DataObject) -> None:
    arrivals = data.draw(st.permutations(sorted(readings.items())))
    late, in_time = windows_of(*SIGNALS), windows_of(*SIGNALS)
    for t, value in arrivals:
        late.put(t, "water_level", value)
        late.at(t, {})
    for t, value in sorted(readings.items()):
        in_time.put(t, "water_level", value)
    for t in sorted(readings):
        assert late.at(t, {}) == in_time.at(t, {})


@given(readings=histories, data=st.data())
def test_what_was_settled_and_taken_back_gives_the_same_to_the_last_bit(
    readings: dict[int, float], data: st.DataObject
) -> None:
    times = sorted(readings)
    settled_ms = data.draw(st.sampled_from(times))
    before = windows_of(*SIGNALS)
    for t in times:
        before.put(t, "water_level", readings[t])
        before.at(t, {})
        before.trim(min(t, settled_ms))
    after = windows_of(*SIGNALS)
    after.take_settled(before.settled(settled_ms))
    for t in times:
        if t > settled_ms:
            after.put(t, "water_level", readings[t])
            assert after.at(t, {}) == before.at(t, {})


def test_decimals_add_up_as_on_paper() -> None:
    windows = windows_of(*(Signal("water_level", take, MINUTE_MS) for take in (Take.MEAN, Take.SUM, Take.DELTA)))
    for i, value in enumerate((0.1, 0.1, 0.1, 0.4)):
        windows.put(i, "water_level", value)
    assert windows.at(2, {}) == {
        "mean(water_level, 1m)": 0.1, "sum(water_level, 1m)": 0.3, "delta(water_level, 1m)": 0.0
    }  # fmt: skip
    assert windows.at(3, {})["delta(water_level, 1m)"] == 0.3


def test_memory_is_bounded_by_the_window_however_long_it_runs() -> None:
    windows = windows_of(*SIGNALS)
    for i in range(20_000):
        windows.put(i * 20_000, "water_level", float(i % 7))
        windows.at(i * 20_000, {})
        windows.trim(i * 20_000)
    (series,) = windows._series
    assert len(series.times) <= 60 * 3 + 64


def test_the_first_of_an_instant_stays() -> None:
    windows = windows_of(Signal("water_level", Take.LAST, MINUTE_MS))
    windows.put(5, "water_level", 1.0)
    windows.put(5, "water_level", 2.0)
    assert windows.at(5, {}) == {"last(water_level, 1m)": 1.0}


@pytest.mark.parametrize(
    ("quantity", "value", "counted"),
    [
        ("cover_open", True, 1.0),
        ("cover_open", 0, 0.0),
        ("cover_open", 2, None),
        ("cover_open", 2.5, None),
        ("water_level", 3, 3.0),
        ("water_level", True, None),
        ("water_level", "3", None),
        ("water_level", float("nan"), None),
        ("water_level", 1e300, None),
    ],
)
def test_what_is_no_value_of_the_quantity_is_not_in_the_window(
    quantity: str, value: Any, counted: float | None
) -> None:
    windows = windows_of(Signal(quantity, Take.LAST, MINUTE_MS))
    windows.put(0, quantity, value)
    windows.put_good(0, {quantity: value})
    assert windows.at(0, {}) == ({} if counted is None else {f"last({quantity}, 1m)": counted})


def test_suspect_readings_are_in_the_windows_of_rules_that_accept_them() -> None:
    windows = windows_of(
        Signal("water_level", Take.COUNT, MINUTE_MS), Signal("water_level", Take.COUNT, MINUTE_MS, accepts_suspect=True)
    )
    windows.put(0, "water_level", 1.0)
    windows.put(1, "water_level", 1.0, suspect=True)
    assert windows.at(1, {}) == {"count(water_level, 1m)": 1.0, "count(water_level, 1m, suspect)": 2.0}


def rising(slope_per_minute: float, *, outlier: float | None = None) -> Windows:
    windows = windows_of(FORECAST)
    for minute in range(60):
        value = 0.5 + slope_per_minute * minute
        windows.put(minute * MINUTE_MS, "water_level", outlier if outlier and minute in (17, 33) else value)
    return windows


def forecast(windows: Windows) -> float:
    return windows.at(59 * MINUTE_MS, {})[FORECAST.label]


def test_a_forecast_gives_in_how_many_hours_the_level_is_reached() -> None:
    assert forecast(rising(0.01)) == pytest.approx((2.0 - 0.5 - 0.59) / 0.6)


def test_a_few_wild_readings_do_not_bend_the_forecast() -> None:
    assert forecast(rising(0.01, outlier=9.0)) == pytest.approx(forecast(rising(0.01)), rel=0.05)


def test_a_forecast_beyond_its_horizon_is_the_horizon_and_one_that_is_there_is_0() -> None:
    assert forecast(rising(0.001)) == 6.0
    assert forecast(rising(-0.01)) == 6.0
    assert forecast(rising(0.0)) == 6.0
    assert forecast(rising(0.05)) == 0.0


def test_a_forecast_may_be_about_the_devices_own_level_and_needs_it() -> None:
    signal = Signal("water_level", Take.FORECAST, 60 * MINUTE_MS, Crossing("floor", 6 * 3_600_000, falling=True))
    windows = windows_of(signal)
    for minute in range(60):
        windows.put(minute * MINUTE_MS, "water_level", 3.0 - 0.01 * minute)
    assert windows.at(59 * MINUTE_MS, {}) == {}
    assert windows.at(59 * MINUTE_MS, {"floor": "low"}) == {}
    assert windows.at(59 * MINUTE_MS, {"floor": 2.0})[signal.label] == pytest.approx((3.0 - 0.59 - 2.0) / 0.6)


@settings(max_examples=50)
@given(readings=histories, at=instants)
def test_looking_back_and_forth_changes_nothing(readings: dict[int, float], at: int) -> None:
    windows, fresh = windows_of(*SIGNALS), windows_of(*SIGNALS)
    for t, value in sorted(readings.items()):
        windows.put(t, "water_level", value)
        windows.at(t, {})
        fresh.put(t, "water_level", value)
    assert windows.at(at, {}) == fresh.at(at, {})


@given(
    take=st.sampled_from(PLAIN), over_ms=st.integers(1, 400 * 86_400_000), suspect=st.booleans(), falling=st.booleans(),
    level=st.floats(-1e9, 1e9) | st.sampled_from(["floor", "flood_level", "e5"]),
)  # fmt: skip
def test_a_label_names_all_of_a_signal(
    take: Take, over_ms: int, suspect: bool, falling: bool, level: float | str
) -> None:
    plain = Signal("water_level", take, over_ms, None, suspect)
    forecast = Signal("water_level", Take.FORECAST, over_ms, Crossing(level, over_ms, falling), suspect)
    assert [parse_label(signal.label) for signal in (plain, forecast)] == [plain, forecast]
    assert parse_label("active_power") is None
