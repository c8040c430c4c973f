"""Charts of a backtest as inline SVG: made here, so that the page needs nothing from elsewhere."""

from collections.abc import Sequence
from html import escape
from typing import Final

from domain.events import Event
from reporting.charts.time_axis import LEFT, WIDTH, TimeAxis

_ROW: Final = 18
_BARS_HEIGHT: Final = 120
_MOST_SUBJECTS: Final = 60


def bar_chart(axis: TimeAxis, starts_ms: Sequence[int], series: Sequence[tuple[str, Sequence[int]]], title: str) -> str:
    """Events per stretch of time: one bar for each series (a CSS class and its counts), side by side."""
    most = max((count for _, counts in series for count in counts), default=0) or 1
    ends_ms = [*starts_ms[1:], axis.to_ms]
    bars = []
    for i, (begin_ms, end_ms) in enumerate(zip(starts_ms, ends_ms, strict=True)):
        left, right = axis.x(begin_ms), axis.x(end_ms)
        width = max((right - left) / len(series) - 0.6, 0.8)
        for place, (name, counts) in enumerate(series):
            if counts[i]:
                height = round(_BARS_HEIGHT * counts[i] / most, 1)
                bars.append(
                    f'<rect class="{name}" x="{left + place * width:.1f}" y="{_BARS_HEIGHT + 10 - height}"'
                    f' width="{width:.1f}" height="{height}"><title>{axis.wall(begin_ms)}: {counts[i]}</title></rect>'
                )
    base = _BARS_HEIGHT + 10
    return (
        f'{_open_svg(base + 20, title)}<text class="tick" x="{LEFT - 6}" y="18" text-anchor="end">{most}</text>'
        f'<text class="tick" x="{LEFT - 6}" y="{base}" text-anchor="end">0</text>'
        f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{WIDTH}" y2="{base}"/>'
        f"{''.join(bars)}{axis.labels(base + 14)}</svg>"
    )


def timeline(axis: TimeAxis, series: Sequence[tuple[str, Sequence[Event]]], title: str) -> str:
    """When events were open: a row for each subject, a thin bar for each series in it."""
    subjects = list(dict.fromkeys(event.subject for _, events in series for event in events))
    shown = {subject: row for row, subject in enumerate(subjects[:_MOST_SUBJECTS])}
    thick = (_ROW - 4) / max(len(series), 1)
    parts = [
        f'<text class="tick" x="{LEFT - 6}" y="{row * _ROW + 13}" text-anchor="end">{escape(subject)}</text>'
        for subject, row in shown.items()
    ]
    for place, (name, events) in enumerate(series):
        for event in events:
            row = shown.get(event.subject)
            if row is None:
                continue
            end_ms = axis.to_ms if event.cleared_at_ms is None else event.cleared_at_ms
            left = axis.x(event.opened_at_ms)
            words = f"{event.rule}: {axis.wall(event.opened_at_ms)} – "
            words += "" if event.cleared_at_ms is None else axis.wall(event.cleared_at_ms)
            parts.append(
                f'<rect class="{name}" x="{left}" y="{row * _ROW + 2 + place * thick:.1f}" rx="1.5"'
                f' width="{max(axis.x(end_ms) - left, 2):.1f}" height="{thick - 1:.1f}">'
                f"<title>{escape(event.subject)} {escape(words)}</title></rect>"
            )
    bottom = len(shown) * _ROW + 4
    more = len(subjects) - len(shown)
    rest = f'<text class="tick" x="4" y="{bottom + 14}">+ {more}</text>' if more > 0 else ""
    return (
        f"{_open_svg(bottom + 20, title)}{''.join(parts)}{rest}"
        f'<line class="axis" x1="{LEFT}" y1="{bottom}" x2="{WIDTH}" y2="{bottom}"/>{axis.labels(bottom + 14)}</svg>'
    )


def _open_svg(height: int, title: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
