"""The timeline of a backtest: when events were open."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from domain.events import Event
from reporting.charts.time_axis import TimeAxis
from reporting.charts.timeline import Row, Rows, Span, timeline

_ROW: Final = 18
_MOST_SUBJECTS: Final = 60


def events_over_time(axis: TimeAxis, series: Sequence[tuple[str, Sequence[Event]]], title: str) -> Markup:
    """A row for each subject, up to 60 of them; in it a thin bar for each event of each series (a CSS class, events)."""
    subjects = list(dict.fromkeys(event.subject for _, events in series for event in events))
    spans: dict[str, list[Span]] = {subject: [] for subject in subjects[:_MOST_SUBJECTS]}
    thick = (_ROW - 4) / max(len(series), 1)
    for place, (css, events) in enumerate(series):
        for event in events:
            if event.subject in spans:
                spans[event.subject].append(_span(axis, event, css, 2 + place * thick, thick - 1))
    rows = [Row(subject, marks) for subject, marks in spans.items()]
    return timeline(axis, rows, title, Rows(_ROW, more=len(subjects) - len(rows)))


def _span(axis: TimeAxis, event: Event, css: str, top: float, height: float) -> Span:
    cleared_ms = event.cleared_at_ms
    end = "" if cleared_ms is None else axis.wall(cleared_ms)
    words = f"{event.subject} {event.rule}: {axis.wall(event.opened_at_ms)} – {end}"
    return Span(event.opened_at_ms, axis.to_ms if cleared_ms is None else cleared_ms, css, words, top, height)
