"""The options of the chart behind an event."""

from zoneinfo import ZoneInfo

import pytest

from domain.events import Severity
from domain.time.units import HOUR_MS, MINUTE_MS
from tests.web.city import NOON_MS, cleared, lamp, lamp_out
from timeseries.queries.samples import Bucket, Sample
from web.console.pages.overview.chart import MOST_POINTS, Plot, chart_options, event_marks, interval_for, span_around

SHANGHAI = ZoneInfo("Asia/Shanghai")
EVENT = lamp_out(lamp(1), NOON_MS)
SPAN = (NOON_MS - HOUR_MS, NOON_MS + HOUR_MS)
EIGHT_HOURS_MS = 8 * HOUR_MS


def test_an_open_event_is_shown_from_a_lead_before_it_began_until_now() -> None:
    assert span_around(EVENT, NOON_MS + 7) == (EVENT.since_ms - 30 * MINUTE_MS, NOON_MS + 8)


def test_a_cleared_event_is_shown_until_a_lead_after_its_end() -> None:
    ended = cleared(EVENT, NOON_MS + HOUR_MS)
    assert span_around(ended, NOON_MS + 9 * HOUR_MS)[1] == NOON_MS + HOUR_MS + 30 * MINUTE_MS + 1


@pytest.mark.parametrize(("run_min", "lead_min"), [(0, 30), (10, 30), (60, 120), (5000, 1440)])
def test_the_lead_grows_with_the_run_within_bounds(run_min: int, lead_min: int) -> None:
    event = EVENT.model_copy(update={"since_ms": NOON_MS - run_min * MINUTE_MS})
    assert event.since_ms - span_around(event, None)[0] == lead_min * MINUTE_MS


@pytest.mark.parametrize(
    ("hours", "interval_s", "expected_min"),
    [(1, 60, None), (24, 60, None), (26, 60, 2), (24, 1, 1), (24 * 365, 600, 360)],
)
def test_long_times_are_downsampled_to_what_a_plot_can_show(
    hours: int, interval_s: int, expected_min: int | None
) -> None:
    every_ms = interval_for(0, hours * HOUR_MS, interval_s)
    assert every_ms == (None if expected_min is None else expected_min * MINUTE_MS)
    assert every_ms is None or hours * HOUR_MS // every_ms <= MOST_POINTS


def test_times_read_as_the_citys_wall_clock() -> None:
    """ECharts shows x as UTC: 12:00 in Shanghai must stand at 12:00 UTC."""
    plot = Plot("active_power", [Sample(NOON_MS, 96.0)])
    options = chart_options([plot], event_marks(EVENT, "en"), SPAN, SHANGHAI, "en")
    assert options["useUTC"] is True
    assert options["series"][0]["data"][0]["value"] == [NOON_MS + EIGHT_HOURS_MS, 96.0]
    assert (NOON_MS + EIGHT_HOURS_MS) % (24 * HOUR_MS) == 12 * HOUR_MS
    assert options["xAxis"][0]["max"] == SPAN[1] + EIGHT_HOURS_MS


def test_each_quantity_has_its_plot_with_the_events_instants_across() -> None:
    ended = cleared(EVENT.model_copy(update={"severity": Severity.CRITICAL}), NOON_MS + HOUR_MS)
    plots = [Plot("active_power", [Sample(NOON_MS, 1.0)]), Plot("lamp_failure", [Sample(NOON_MS, 1.0)])]
    options = chart_options(plots, event_marks(ended, "zh"), SPAN, SHANGHAI, "zh")
    assert [title["text"] for title in options["title"]] == ["有功功率 (W)", "设备自报灯具故障"]
    for series in options["series"]:
        assert [line["xAxis"] - EIGHT_HOURS_MS for line in series["markLine"]["data"]] == [
            ended.since_ms,
            ended.opened_at_ms,
            ended.cleared_at_ms,
        ]
    assert options["series"][1]["step"] == "end"
    assert (options["yAxis"][1]["min"], options["yAxis"][1]["max"]) == (0, 1)


def test_readings_that_are_not_good_are_hollow_and_say_so() -> None:
    plot = Plot("voltage", [Sample(NOON_MS, 230.0), Sample(NOON_MS + 1, 999.0, "bad")])
    good, bad = chart_options([plot], [], SPAN, SHANGHAI, "en")["series"][0]["data"]
    assert "symbol" not in good
    assert (bad["symbol"], bad["name"]) == ("emptyCircle", "bad")


def test_intervals_are_drawn_by_their_mean() -> None:
    plot = Plot("voltage", [Bucket(NOON_MS, 230.0, 229.0, 231.0, 4)])
    (point,) = chart_options([plot], [], SPAN, ZoneInfo("UTC"), "en")["series"][0]["data"]
    assert point["value"] == [NOON_MS, 230.0]


def test_an_event_that_opened_as_it_began_has_one_mark_for_both() -> None:
    at_once = EVENT.model_copy(update={"since_ms": EVENT.opened_at_ms})
    assert [mark.label for mark in event_marks(at_once, "en")] == ["opened"]
