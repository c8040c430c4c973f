"""Line charts as SVG: one panel, seconds across, several lines with a legend, linear or by powers of ten."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reporting.charts.svg import element, label, line

_WIDTH, _HEIGHT = 900, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 24, 12, 34
_COLOURS: Final = 8

Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Line:
    """A named line; where a value is None it is broken. `dashed` is for what was meant rather than done."""

    name: str
    points: Points
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of time that is shaded, such as an outage."""

    start: float
    end: float
    name: str


def line_chart(
    lines: Sequence[Line],
    unit: str,
    *,
    logarithmic: bool = False,
    bands: Sequence[Band] = (),
    mark: float | None = None,
) -> Markup:
    """The chart, without its legend; empty where no line has a point. `mark` is a level drawn across.

    Shape: line n and its key have the CSS class `c0` to `c7` of `css_of(n)`.
    """
    values = [y for one in lines for _, y in one.points if y is not None and (y > 0 or not logarithmic)]
    if not values:
        return Markup("")
    right = max(x for one in lines for x, _ in one.points) or 1.0
    scale = _log_scale(values, mark) if logarithmic else _linear_scale(values, mark)
    parts = [*_grid(scale, unit), *_times(right)]
    for band in bands:
        parts += _band(band, right)
    if mark is not None:
        y = scale.y(mark)
        parts.append(line(_LEFT, y, _WIDTH - _RIGHT, y, "mark"))
    parts += [_path(one, css_of(number), scale, right) for number, one in enumerate(lines)]
    return element("svg", *parts, viewbox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")


def css_of(number: int) -> str:
    """The CSS class that colours a line and its key in the legend."""
    return f"c{number % _COLOURS}"


@dataclass(frozen=True, slots=True)
class _Scale:
    low: float
    high: float
    ticks: Sequence[float]
    logarithmic: bool

    def y(self, value: float) -> float:
        low, high = (math.log10(v) for v in (self.low, self.high)) if self.logarithmic else (self.low, self.high)
        at = math.log10(max(value, self.low)) if self.logarithmic else value
        share = (at - low) / (high - low)
        return _HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (_HEIGHT - _TOP - _BOTTOM)


def _linear_scale(values: Sequence[float], mark: float | None) -> _Scale:
    high = max([*values, mark or 0.0]) or 1.0
    step = 10 ** math.floor(math.log10(high))
    step = next(size for size in (step / 5, step / 2, step, step * 2) if high / size <= 5)
    count = math.ceil(high / step)
    return _Scale(0.0, step * count, [step * n for n in range(count + 1)], logarithmic=False)


def _log_scale(values: Sequence[float], mark: float | None) -> _Scale:
    known = [*values, *([mark] if mark else [])]
    low, high = math.floor(math.log10(min(known))), math.ceil(math.log10(max(known)))
    high = max(high, low + 1)
    return _Scale(10.0**low, 10.0**high, [10.0**power for power in range(low, high + 1)], logarithmic=True)


def _grid(scale: _Scale, unit: str) -> list[Markup]:
    parts = []
    for tick in scale.ticks:
        y = scale.y(tick)
        parts.append(line(_LEFT, y, _WIDTH - _RIGHT, y, "grid"))
        parts.append(label(_LEFT - 6, y + 4, f"{_number(tick)} {unit}", anchor="end"))
    return parts


def _times(right: float) -> list[Markup]:
    step = next(size for size in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, math.inf) if right / size <= 10)
    count = 0 if math.isinf(step) else int(right // step)
    y = _HEIGHT - _BOTTOM + 18
    return [label(_x(n * step, right), y, f"{n * step:g} s", anchor="middle") for n in range(count + 1)]


def _band(band: Band, right: float) -> list[Markup]:
    x1, x2 = _x(band.start, right), _x(min(band.end, right), right)
    height = _HEIGHT - _TOP - _BOTTOM
    shade = element("rect", class_="band", x=x1, y=_TOP, width=float(max(x2 - x1, 1)), height=height)
    return [shade, label(x1 + 4, _TOP + 12, band.name)]


def _path(one: Line, css: str, scale: _Scale, right: float) -> Markup:
    steps, pen = [], "M"
    for x, y in one.points:
        if y is None or (scale.logarithmic and y <= 0):
            pen = "M"
            continue
        steps.append(f"{pen}{_x(x, right):.1f} {scale.y(y):.1f}")
        pen = "L"
    dash = "5 4" if one.dashed else None
    return element("path", class_=f"line {css}", d="".join(steps), stroke_dasharray=dash)


def _x(value: float, right: float) -> float:
    return _LEFT + max(value, 0.0) / right * (_WIDTH - _LEFT - _RIGHT)


def _number(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"
