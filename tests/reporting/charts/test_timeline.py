"""Timelines: rows from top to bottom, marks where their instants lie."""

from zoneinfo import ZoneInfo

from reporting.charts.time_axis import LEFT, WIDTH, TimeAxis
from reporting.charts.timeline import Cross, Row, Rows, Span, timeline
from tests.reporting.charts.drawings import numbers, read

AXIS = TimeAxis(0, 81_000_000, ZoneInfo("Asia/Shanghai"))
EVIL = "<img onerror='x'>"


def test_each_row_has_its_name_and_its_marks_one_below_the_other() -> None:
    rows = [
        Row(EVIL, [Span(0, 40_500_000, "now", "half", top=2, height=14), Span(1, 2, "now", "short", top=2, height=14)]),
        Row("second", [Cross(81_000_000, EVIL)], "tick wrong"),
    ]
    drawn = read(timeline(AXIS, rows, "title", Rows(18, more=3), css="all"))
    half = (WIDTH - LEFT) / 2
    assert numbers(drawn.findall("rect"), "x", "y", "width") == [(LEFT, 2, half), (LEFT, 2, 2)]
    assert [(text.text, float(text.attrib["y"])) for text in drawn.findall("text")[:3]] == [
        (EVIL, 13),
        ("second", 31),
        ("+ 3", 54),
    ]
    (cross,) = drawn.findall("path")
    assert cross.findtext("title") == EVIL
    assert cross.attrib["d"].startswith(f"M{WIDTH - 4:.1f} ")
    assert drawn.attrib["class"] == "all"


def test_what_reaches_beyond_the_axis_ends_at_its_edge() -> None:
    row = Row("one", [Span(-1000, 99_000_000, "now", "", top=2, height=14)])
    drawn = read(timeline(AXIS, [row], "title", Rows(18)))
    assert numbers(drawn.findall("rect"), "x", "width") == [(LEFT, WIDTH - LEFT)]


def test_instants_stand_below_by_the_clock_of_the_zone() -> None:
    drawn = read(timeline(AXIS, [], "title", Rows(18)))
    texts = drawn.findall("text")
    assert [text.text for text in texts][::6] == ["01-01 08:00", "01-02 06:30"]
    assert [text.attrib["text-anchor"] for text in texts] == ["start", *["middle"] * 5, "end"]
