"""Bars: as high as they count, side by side, inside their chart."""

from zoneinfo import ZoneInfo

import pytest

from domain.time.units import HOUR_MS
from reporting.charts.bars import HEIGHT, TOP, Bar, Group, ShareBar, bars_over_time, grouped_bars, share_bars
from reporting.charts.time_axis import LEFT, WIDTH, TimeAxis
from tests.reporting.charts.drawings import numbers, read

EVIL = "<script>alert('1')</script>"


def test_groups_stand_side_by_side_and_only_labelled_ones_are_named() -> None:
    groups = [
        Group([Bar(2, "first", "a"), Bar(1, "second", "b")], "one"),
        Group([Bar(0, "first", "c"), Bar(2, "second", EVIL)], None),
    ]
    drawn = read(grouped_bars(groups, "title", filled=0.8))
    bars = drawn.findall("rect")
    assert [bar.attrib["class"] for bar in bars] == ["first", "second"] * 2
    assert numbers(bars, "y", "height") == [
        (TOP, HEIGHT),
        (TOP + HEIGHT / 2, HEIGHT / 2),
        (TOP + HEIGHT, 0),
        (TOP, HEIGHT),
    ]
    places = [x for (x,) in numbers(bars, "x")]
    assert places == sorted(places)
    assert [text.text for text in drawn.findall("text")] == ["0", "1", "2", "one"]
    assert bars[3].findtext("title") == EVIL


@pytest.mark.parametrize(
    ("most", "top"), [(0, "2"), (1, "2"), (3, "4"), (21, "30"), (99, "100"), (101, "120"), (12_345, "14,000")]
)
def test_the_axis_ends_at_an_even_number_not_below_the_highest_bar(most: int, top: str) -> None:
    drawn = read(grouped_bars([Group([Bar(most, "first", "")], None)], "title", filled=1))
    assert drawn.findall("text")[2].text == top


def test_counts_of_uneven_stretches_of_time_are_as_wide_as_the_stretch() -> None:
    axis = TimeAxis(0, 4 * HOUR_MS, ZoneInfo("UTC"))
    drawn = read(bars_over_time(axis, [0, HOUR_MS], [("now", [1, 4])], "events"))
    quarter = (WIDTH - LEFT) / 4
    assert numbers(drawn.findall("rect"), "x", "width", "height") == [
        (LEFT, round(quarter - 0.6, 1), 30),
        (LEFT + quarter, round(3 * quarter - 0.6, 1), 120),
    ]
    assert drawn.find("rect/title") is not None
    assert [text.text for text in drawn.findall("text")][:2] == ["4", "0"]


def test_a_share_of_nothing_has_a_name_and_no_bar() -> None:
    rows = [ShareBar(EVIL, 0.5, 0.25, 0.75, "50 %", "half"), ShareBar("none" * 9, None, None, None, "–", "")]
    drawn = read(share_bars(rows, "title"))
    assert len(drawn.findall("rect")) == 1
    assert [path.attrib["class"] for path in drawn.findall("path")] == ["halo", "whisker"]
    names = [text.text for text in drawn.findall("text") if text.attrib["class"] == "name"]
    assert names == [f"{EVIL[:21]}…", "50 %", "nonenonenonenonenonen…", "–"]
