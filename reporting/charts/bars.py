"""Bars over a base line: groups side by side, stretches of time of any length, and shares with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reporting.charts.svg import box, chart, element, label, line
from reporting.charts.time_axis import LEFT, WIDTH, TimeAxis

PAPER_WIDTH: Final = 720
"""Of a chart that is printed on A4."""
PAPER_LEFT: Final = 44
TOP: Final = 10
HEIGHT: Final = 96
_TIMES_HEIGHT: Final = 120
_NAMES_LEFT: Final = 150
_FIGURES_RIGHT: Final = 130
_ROW: Final = 22
_LONGEST_NAME: Final = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: how much, its CSS class, and the words under the pointer."""

    value: int
    css: str
    title: str


@dataclass(frozen=True, slots=True)
class Group:
    """Bars side by side over one label; every group of a chart has as many. Without a label nothing is written."""

    bars: Sequence[Bar]
    label: str | None


@dataclass(frozen=True, slots=True)
class ShareBar:
    """A share from 0 to 1 with its interval, None where there is nothing to share; `figure` is written beside it."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    figure: str
    title: str


def grouped_bars(groups: Sequence[Group], title: str, filled: float) -> Markup:
    """The groups from left to right, each filling this part of its place."""
    most = _round_up(max((bar.value for group in groups for bar in group.bars), default=0))
    base = TOP + HEIGHT
    step = (PAPER_WIDTH - PAPER_LEFT) / len(groups)
    parts = [level(part / 2, f"{most * part / 2:,.0f}") for part in range(3)]
    for place, group in enumerate(groups):
        x = PAPER_LEFT + place * step
        width = step * filled / len(group.bars)
        for column, bar in enumerate(group.bars):
            height = HEIGHT * bar.value / most
            left = x + step * (1 - filled) / 2 + column * width
            parts.append(box(left, base - height, width, height, bar.css, bar.title))
        if group.label is not None:
            parts.append(label(x + step / 2, base + 14, group.label, anchor="middle"))
    return chart(PAPER_WIDTH, base + 20, title, parts)


def level(share: float, words: str) -> Markup:
    """A line across a chart for paper at this share of its height, and what it stands for."""
    y = TOP + HEIGHT * (1 - share)
    grid = line(PAPER_LEFT, round(y), PAPER_WIDTH, round(y), "grid")
    return grid + label(PAPER_LEFT - 6, round(y + 4), words, anchor="end")


def bars_over_time(
    axis: TimeAxis, starts_ms: Sequence[int], series: Sequence[tuple[str, Sequence[int]]], title: str
) -> Markup:
    """Counts for each stretch of time: one bar for each series (a CSS class and its counts), side by side."""
    most = max((count for _, counts in series for count in counts), default=0) or 1
    base = _TIMES_HEIGHT + 10
    parts = [
        label(LEFT - 6, 18, str(most), anchor="end"),
        label(LEFT - 6, base, "0", anchor="end"),
        line(LEFT, base, WIDTH, base, "axis"),
    ]
    for i, (begin_ms, end_ms) in enumerate(zip(starts_ms, [*starts_ms[1:], axis.to_ms], strict=True)):
        left, right = axis.x(begin_ms), axis.x(end_ms)
        width = max((right - left) / len(series) - 0.6, 0.8)
        for place, (css, counts) in enumerate(series):
            if counts[i]:
                height = round(_TIMES_HEIGHT * counts[i] / most, 1)
                title_of_bar = f"{axis.wall(begin_ms)}: {counts[i]}"
                parts.append(box(left + place * width, base - height, width, height, css, title_of_bar))
    return chart(WIDTH, base + 20, title, [*parts, axis.labels(base + 14)])


def share_bars(rows: Sequence[ShareBar], title: str) -> Markup:
    """A bar for each share, with its interval as a whisker; those of nothing have none."""
    span = PAPER_WIDTH - _NAMES_LEFT - _FIGURES_RIGHT
    bottom = len(rows) * _ROW + 4
    parts = []
    for quarter in range(5):
        x = round(_NAMES_LEFT + span * quarter / 4)
        parts += [line(x, 0, x, bottom, "grid"), label(x, bottom + 13, f"{quarter * 25} %", anchor="middle")]
    for place, row in enumerate(rows):
        y = place * _ROW
        parts += [
            label(_NAMES_LEFT - 8, y + 16, _short(row.name), "name", "end"),
            label(PAPER_WIDTH - _FIGURES_RIGHT + 10, y + 16, row.figure, "name"),
        ]
        if row.value is not None and row.low is not None and row.high is not None:
            low, high = _NAMES_LEFT + span * row.low, _NAMES_LEFT + span * row.high
            whisker = f"M{low:.1f} {y + 11.5}H{high:.1f}M{low:.1f} {y + 8}v7M{high:.1f} {y + 8}v7"
            parts += [
                box(_NAMES_LEFT, y + 5, span * row.value, _ROW - 9, "first", row.title),
                element("path", class_="halo", d=whisker),
                element("path", class_="whisker", d=whisker),
            ]
    return chart(PAPER_WIDTH, bottom + 20, title, parts)


def _round_up(most: int) -> int:
    """An even number, not less, that an axis may end at."""
    step = 2
    while most > step * 10:
        step *= 5 if str(step)[0] == "2" else 2
    return max(-(-most // step), 1) * step


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
