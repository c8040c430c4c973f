"""Lines: broken where nothing is known, on a linear scale or by powers of ten."""

from reporting.charts.lines import Band, Line, css_of, line_chart
from reporting.charts.share_line import Dot, share_line
from tests.reporting.charts.drawings import read

EVIL = "<b onclick='x'>&"


def test_no_point_makes_no_chart() -> None:
    assert line_chart([Line("a", [(0, None)])], "ms") == ""
    assert line_chart([Line("a", [(0, 0.0)])], "ms", logarithmic=True) == ""


def test_a_line_is_broken_where_a_value_is_missing_or_has_no_logarithm() -> None:
    points = [(0.0, 1.0), (1.0, None), (2.0, 10.0), (3.0, 0.0), (4.0, 100.0)]
    for logarithmic, pieces in ((False, 2), (True, 3)):
        drawn = read(line_chart([Line("a", points, dashed=True)], "ms", logarithmic=logarithmic))
        (path,) = drawn.findall("path")
        assert path.attrib["d"].count("M") == pieces
        assert path.attrib["stroke-dasharray"] == "5 4"


def test_bands_units_and_marks_are_drawn_and_escaped() -> None:
    drawn = read(line_chart([Line("a", [(0, 1.0), (9, 2500.0)])], EVIL, bands=[Band(2, 3, EVIL)], mark=1000.0))
    assert [rect.attrib["class"] for rect in drawn.findall("rect")] == ["band"]
    assert [one.attrib["class"] for one in drawn.findall("line")].count("mark") == 1
    texts = [text.text for text in drawn.findall("text")]
    assert EVIL in texts
    assert f"1k {EVIL}" in texts


def test_the_ninth_line_has_the_colour_of_the_first() -> None:
    assert [css_of(number) for number in (0, 7, 8)] == ["c0", "c7", "c0"]


def test_a_share_without_value_breaks_the_line_and_has_no_dot() -> None:
    drawn = read(share_line([Dot(0.0, "0.0 %"), None, Dot(1.0, EVIL)], "title"))
    assert [float(dot.attrib["cy"]) for dot in drawn.findall("circle")] == [106, 10]
    assert drawn.findall("path")[0].attrib["d"].count("M") == 2
    assert [dot.findtext("title") for dot in drawn.findall("circle")] == ["0.0 %", EVIL]
    assert read(share_line([None], "title")).findall("path")[0].attrib["d"] == "M0 0"
