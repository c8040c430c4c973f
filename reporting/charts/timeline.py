"""Timelines: a row for each name, and in it what was on from when to when, over one time axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from reporting.charts.svg import box, chart, element, label, line
from reporting.charts.time_axis import LEFT, WIDTH, TimeAxis

_GAP: Final = 6


@dataclass(frozen=True, slots=True)
class Span:
    """A bar from an instant to another, epoch ms. `top` and `height` place it in its row, in pixels."""

    from_ms: int
    to_ms: int
    css: str
    title: str
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class Cross:
    """A cross at an instant, epoch ms."""

    at_ms: int
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """One name and what is drawn beside it, the last on top."""

    name: str
    marks: Sequence[Span | Cross]
    css: str = "tick"


@dataclass(frozen=True, slots=True)
class Rows:
    """How high each row is, where its marks begin and how wide a bar is at least, in pixels; `more` rows were left out."""

    height: int
    left: int = LEFT
    least: float = 2.0
    more: int = 0


def timeline(axis: TimeAxis, rows: Sequence[Row], title: str, shape: Rows, css: str | None = None) -> Markup:
    """The rows from top to bottom, and below them the axis."""
    bottom = len(rows) * shape.height + 4
    names = [
        label(shape.left - _GAP, place * shape.height + shape.height // 2 + 4, row.name, row.css, "end")
        for place, row in enumerate(rows)
    ]
    marks = [
        _span(axis, place * shape.height, mark, shape.least)
        if isinstance(mark, Span)
        else _cross(axis, place * shape.height, mark)
        for place, row in enumerate(rows)
        for mark in row.marks
    ]
    rest = [label(4, bottom + 14, f"+ {shape.more}")] if shape.more > 0 else []
    ground = [line(shape.left, bottom, WIDTH, bottom, "axis"), axis.labels(bottom + 14)]
    return chart(WIDTH, bottom + 20, title, [*names, *marks, *rest, *ground], css)


def _span(axis: TimeAxis, y: int, span: Span, least: float) -> Markup:
    left = axis.x(span.from_ms)
    width = max(axis.x(span.to_ms) - left, least)
    return box(left, y + span.top, width, span.height, span.css, span.title, 1.5)


def _cross(axis: TimeAxis, row: int, cross: Cross) -> Markup:
    x, y = axis.x(cross.at_ms), row + 10
    return element("path", element("title", cross.title), class_="cross", d=f"M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8")
