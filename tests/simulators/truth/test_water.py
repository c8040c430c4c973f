"""What goes wrong with water: a blocked pipe, and what rain does; the labels and what the sensors tell."""

from dataclasses import replace
from functools import lru_cache

import pytest

from domain.devices import Device
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.city import build_city
from simulators.dialects.reports import Report
from simulators.faults import Fault, FaultPlan
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import Label
from simulators.weather import Storm, WeatherPlan
from tests.simulators.faults.afflicted import NO_OTHERS, afflict

START = parse_instant_ms("2026-06-01T08:00:00+08:00")
MINUTE = 60_000
WHOLE = build_city(7, 300)
CITY = replace(WHOLE, devices=tuple(d for d in WHOLE.devices if d.kind in ("manhole_cover", "water_monitor")))


def gauged() -> ReportStream:
    """A city with a rain gauge instead of its last monitor, under 110 mm in two hours."""
    *others, last = CITY.devices
    gauge = replace(last, attributes={"sort": "rain"}, report_interval_s=300)
    plan = WeatherPlan(storms=(Storm(after_h=0.25, lasts_h=2, total_mm=110),))
    return ReportStream(replace(CITY, devices=(*others, gauge)), START, NO_OTHERS, weather_plan=plan)


@lru_cache(maxsize=2)
def under_rain(total_mm: float) -> tuple[ReportStream, tuple[Label, ...], list[Report]]:
    plan = WeatherPlan(storms=(Storm(after_h=0.25, lasts_h=1.5, total_mm=total_mm),))
    life = ReportStream(CITY, START, NO_OTHERS, weather_plan=plan)
    return life, life.labels(START + 6 * HOUR_MS), list(life.reports(START + 6 * HOUR_MS))


def sewer_monitor() -> Device:
    """The monitor of a sewer with the largest flow."""
    found = [d for d in CITY.devices if d.kind == "water_monitor" and d.attributes.get("drain") == "sewage"]
    return max(found, key=lambda device: float(device.attributes["mean_flow_m3_h"]))


def readings(reports: list[Report], device_id: str, quantity: str) -> list[tuple[int, float]]:
    return [(r.observed_at_ms, float(r.readings[quantity])) for r in reports if r.device_id == device_id]


def test_behind_a_blocked_pipe_water_rises_while_little_runs() -> None:
    device = sewer_monitor()
    case = afflict("pipe-blocked", device, "2026-06-01T09:00:00+08:00", hours=3, size=0.8, city=CITY)
    levels_m, flows_m3_h = (case.values(case.during, name) for name in ("water_level", "flow_rate"))
    assert levels_m[-1] > max(case.values(case.before, "water_level")) + 0.5
    mean_m3_h = float(device.attributes["mean_flow_m3_h"])
    assert max(flows_m3_h[1:]) < 0.15 * mean_m3_h
    assert min(case.values(case.before, "flow_rate")) > 0.5 * mean_m3_h
    assert max(case.values(case.after, "flow_rate")) > mean_m3_h


def test_a_blocked_pipe_asks_for_its_event_once_it_shows_and_explains_what_backs_up() -> None:
    device = sewer_monitor()
    label = afflict("pipe-blocked", device, "2026-06-01T09:00:00+08:00", hours=3, size=0.8, city=CITY).label
    assert (label.expects, label.subjects, label.hard) == (("pipe-blocked",), (device.device_id,), "")
    assert label.by_ms is not None
    assert 20 * MINUTE < label.by_ms - label.start_ms < 3 * HOUR_MS
    assert {"water-level-high", "well-high", "well-overflow"} <= set(label.explains)
    assert device.device_id in label.affected
    assert any(other.startswith("MH-") for other in label.affected)


def test_a_blocked_pipe_at_the_top_of_a_sewer_is_hard() -> None:
    sewers = [d for d in CITY.devices if d.attributes.get("drain") == "sewage" and d.kind == "water_monitor"]
    device = min(sewers, key=lambda one: float(one.attributes["mean_flow_m3_h"]))
    label = afflict("pipe-blocked", device, "2026-06-02T02:00:00+08:00", hours=2, size=0.1, city=CITY).label
    assert "too slowly" in label.hard


def test_a_sewer_blocked_for_long_runs_over() -> None:
    fault = Fault(sewer_monitor().device_id, "pipe-blocked", START + HOUR_MS, START + 7 * HOUR_MS, 0.9)
    labels = ReportStream(CITY, START, NO_OTHERS, (fault,)).labels(START + 9 * HOUR_MS)
    kinds = {label.kind for label in labels}
    assert {"pipe-blocked", "well-high", "water-level-high"} <= kinds
    assert all(label.start_ms > fault.start_ms for label in labels if label.kind != "pipe-blocked")


def test_rain_that_only_fills_the_pipes_asks_for_nothing() -> None:
    _, labels, reports = under_rain(15.0)
    assert labels == ()
    storm = [d for d in CITY.devices if d.attributes.get("cover_class") == "storm"]
    rises_m = [
        max(v for _, v in found) - found[0][1]
        for d in storm
        if (found := readings(reports, d.device_id, "well_water_level"))
    ]
    assert max(rises_m) > 0.15


def test_heavy_rain_is_labelled_where_a_sensor_sees_it() -> None:
    life, labels, _ = under_rain(100.0)
    assert {"well-high", "overflow", "ponding", "ponding-yellow"} <= {label.kind for label in labels}
    for label in labels:
        device = life.world.device(label.place)
        assert device.kind == ("water_monitor" if "ponding" in label.kind or "level" in label.kind else "manhole_cover")
        assert START < label.start_ms < label.end_ms < START + 8 * HOUR_MS
        assert label.affected == (label.place,)
        if label.expects:
            assert label.by_ms is not None
            assert label.by_ms > label.start_ms


@pytest.mark.parametrize(
    ("kind", "quantity", "share", "expects"),
    [
        ("overflow", "well_water_level", 1.0, ("well-overflow",)),
        ("well-high", "well_water_level", 0.8, ("well-high", "well-overflow")),
    ],
)
def test_a_well_is_labelled_just_while_its_water_is_that_high(
    kind: str, quantity: str, share: float, expects: tuple[str, ...]
) -> None:
    life, labels, reports = under_rain(100.0)
    certain = [label for label in labels if label.kind == kind and label.expects and not label.hard]
    assert certain
    for label in certain:
        assert label.expects == expects
        mark_m = share * float(life.world.device(label.place).attributes["well_depth_m"])
        found = readings(reports, label.place, quantity)
        assert all(level_m < mark_m for at_ms, level_m in found if not label.start_ms <= at_ms < label.end_ms)
        assert any(level_m >= mark_m for at_ms, level_m in found if label.start_ms <= at_ms <= (label.by_ms or 0))


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [("overflow", "well_water_level"), ("well-high", "well_water_level"), ("ponding", "ponding_depth")],
)
def test_a_mark_that_is_passed_is_told_at_once_and_again_after_a_minute(kind: str, quantity: str) -> None:
    life, labels, reports = under_rain(100.0)
    certain = [label for label in labels if label.kind == kind and label.expects and not label.hard]
    assert certain
    passed = {(mark.device_id, mark.at_ms) for mark in life.truth.alarms(START + 6 * HOUR_MS)}
    for label in certain:
        marks = [at_ms for device_id, at_ms in passed if device_id == label.place and at_ms >= label.start_ms]
        told = [at_ms for at_ms, _ in readings(reports, label.place, quantity)]
        assert any(
            {at_ms + 2_000, at_ms + 65_000} <= set(told) and at_ms + 65_000 <= (label.by_ms or 0) for at_ms in marks
        )


@pytest.mark.parametrize(("kind", "mark_cm"), [("ponding", 5), ("ponding-yellow", 15), ("ponding-orange", 27)])
def test_a_road_under_water_is_labelled_by_its_grades(kind: str, mark_cm: float) -> None:
    _, labels, reports = under_rain(100.0)
    graded = [label for label in labels if label.kind == kind]
    shown = 0
    for label in graded:
        found = readings(reports, label.place, "ponding_depth")
        assert all(cm < mark_cm for at_ms, cm in found if not label.start_ms <= at_ms < label.end_ms)
        seen = any(cm >= mark_cm for at_ms, cm in found if label.start_ms <= at_ms <= (label.by_ms or label.end_ms))
        assert seen or not label.expects
        shown += seen
    assert shown


def test_only_the_first_grade_is_asked_for_since_all_have_one_problem() -> None:
    _, labels, _ = under_rain(100.0)
    assert {label.expects for label in labels if label.kind == "ponding"} == {("ponding",), ()}
    worse = [label for label in labels if label.kind.startswith("ponding-")]
    assert {(label.expects, label.explains) for label in worse} == {((), ("ponding",))}


def test_what_a_sensor_may_or_may_not_show_is_explained_but_not_asked_for() -> None:
    _, labels, _ = under_rain(100.0)
    doubtful = [label for label in labels if not label.expects]
    assert doubtful
    assert all(label.explains and label.by_ms is None for label in doubtful)


@pytest.mark.parametrize(
    ("kind", "after_h", "size", "asked", "hard"),
    [
        ("offline", -0.2, 0.5, False, False),
        ("offline", 0.3, 0.5, True, False),  # it had told it by then
        ("battery-dying", -5.0, 0.5, True, False),
        ("garbled", -0.2, 0.5, True, True),
        ("told-again", -0.2, 0.5, True, False),
        ("wrong-clock", -0.2, 0.9, False, False),
    ],
)
def test_nobody_is_asked_for_what_a_device_cannot_tell_and_what_it_may_tell_is_hard(
    kind: str, after_h: float, size: float, asked: bool, hard: bool
) -> None:
    life, labels, _ = under_rain(100.0)
    label = next(label for label in labels if label.kind == "ponding" and label.expects)
    begins_ms = label.start_ms + int(after_h * HOUR_MS)
    fault = Fault(label.place, kind, begins_ms, label.end_ms + 10 * HOUR_MS, size)
    again = replace(life, given=(fault,)).labels(START + 6 * HOUR_MS)
    judged = next(one for one in again if one.label == label.label)
    assert (bool(judged.expects), bool(judged.hard)) == (asked, hard)
    assert "ponding" in judged.explains


def test_rainstorms_are_labelled_on_gauges_by_the_four_signals() -> None:
    life = gauged()
    gauge = life.city.devices[-1].device_id
    labels = [label for label in life.labels(START + 20 * HOUR_MS) if label.kind.startswith("rainstorm")]
    assert {label.kind for label in labels} == {f"rainstorm-{grade}" for grade in ("blue", "yellow", "orange", "red")}
    for label in labels:
        asked = ("rainstorm",) if label.kind == "rainstorm-blue" else ()
        assert (label.place, label.expects, label.explains) == (gauge, asked, ("rainstorm",))
    ends_h = {label.kind: (label.end_ms - START) / HOUR_MS for label in labels}
    assert ends_h["rainstorm-red"] < ends_h["rainstorm-orange"] < ends_h["rainstorm-yellow"] < ends_h["rainstorm-blue"]


def test_a_gauge_counts_the_tips_of_its_bucket() -> None:
    life = gauged()
    gauge = life.city.devices[-1].device_id
    found = [r for r in life.reports(START + 4 * HOUR_MS) if r.device_id == gauge]
    assert sum(float(r.readings["rainfall"]) for r in found) == pytest.approx(110, abs=0.5)
    tips = [float(r.readings["rainfall"]) / 0.2 for r in found]
    assert tips == pytest.approx([round(one) for one in tips])
    assert 60 < max(float(r.readings["rain_rate"]) for r in found) < 400


def test_wells_on_no_drain_stay_dry() -> None:
    _, _, reports = under_rain(100.0)
    dry = [d.device_id for d in CITY.devices if d.attributes.get("cover_class") in ("supply", "lighting")]
    assert dry
    assert all(level_m == 0 for device_id in dry for _, level_m in readings(reports, device_id, "well_water_level"))


def test_labels_do_not_depend_on_when_they_were_asked_for() -> None:
    plan = WeatherPlan(storms_per_day=2, depth_mm=(60, 110), lasts_h=(1, 2))
    faults = FaultPlan(share=0, shares={"pipe-blocked": 0.3})
    at_once, by_and_by = (ReportStream(CITY, START, faults, weather_plan=plan) for _ in range(2))
    end_ms = START + 36 * HOUR_MS
    told = [label for hours in (5, 13, 14, 36) for label in by_and_by.labels(START + hours * HOUR_MS)]
    assert set(told) == set(at_once.labels(end_ms))
    assert len({label.label for label in told}) == len(at_once.labels(end_ms))
