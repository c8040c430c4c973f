"""The timelines of a score as inline SVG: all faults by kind on one axis, and each fault on an axis of its own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, TypeVar

from reporting.charts.time_axis import WIDTH, TimeAxis
from urbansense.evaluation.scoring.grading.findings import duration
from urbansense.evaluation.scoring.grading.verdicts import (
    EventVerdict,
    JudgedEvent,
    JudgedLabel,
    LabelOutcome,
    Matched,
    ScoredEvent,
)

_ROW: Final = 20
_LEFT: Final = 144
_MOST_BARS: Final = 300
"""Of one kind of fault that went well; those that did not are drawn all."""
_STRIP_WIDTH, _STRIP_HEIGHT = 300, 20
_MOST_MARKS: Final = 40
_T = TypeVar("_T")

CSS_OF: Final = {
    LabelOutcome.IN_TIME: "good",
    LabelOutcome.LATE: "late",
    LabelOutcome.MISSED: "missed",
    LabelOutcome.OPEN: "open",
    LabelOutcome.QUIET: "quiet",
    LabelOutcome.DISTURBED: "false",
}
_WELL: Final = (LabelOutcome.IN_TIME, LabelOutcome.QUIET, LabelOutcome.OPEN)
_STRAY: Final = (EventVerdict.FALSE, EventVerdict.REPEATED)


def sampled(items: Sequence[_T], most: int) -> list[_T]:
    """At most so many of the items, evenly spread, the first among them."""
    if len(items) <= most:
        return list(items)
    return [items[place * len(items) // most] for place in range(most)]


def overview(matched: Matched, axis: TimeAxis) -> str:
    """A row for each kind of fault, a bar for each fault; below them a row of marks for each rule that spoke wrongly."""
    parts: list[str] = []
    rows = 0
    for kind, labels in sorted(_by_kind(matched.labels).items()):
        parts.append(_name(rows, kind))
        parts += (_bar(axis, rows, one) for one in _drawn(labels))
        rows += 1
    for rule, events in sorted(_by_rule(matched.events).items()):
        parts.append(_name(rows, rule, "wrong"))
        parts += (_cross(axis, rows, one) for one in events)
        rows += 1
    bottom = rows * _ROW + 4
    title = "When faults were on, by kind, and when rules spoke wrongly"
    return (
        f'<svg viewBox="0 0 {WIDTH} {bottom + 20}" role="img" aria-label="{title}"><title>{title}</title>{"".join(parts)}'
        f'<line class="axis" x1="{_LEFT}" y1="{bottom}" x2="{WIDTH}" y2="{bottom}"/>{axis.labels(bottom + 14)}</svg>'
    )


def strip(one: JudgedLabel, others: Iterable[ScoredEvent] = ()) -> str:
    """One fault on an axis of its own: the fault as a bar, its deadline, its events as marks over thin bars.

    `others` are events on the same device that answer nothing.
    """
    label = one.label
    answers, others = one.answers[:_MOST_MARKS], list(others)[:_MOST_MARKS]
    instants = [label.start_ms, label.end_ms, *(() if label.by_ms is None else (label.by_ms,))]
    instants += [told.heard_ms for told in (*answers, *others)]
    first_ms, last_ms = min(instants), max(instants)
    margin_ms = max((last_ms - first_ms) // 20, 1)
    scale = _STRIP_WIDTH / (last_ms - first_ms + 2 * margin_ms)

    def x(at_ms: int) -> float:
        place: float = (at_ms - first_ms + margin_ms) * scale
        return round(min(max(place, 0.0), float(_STRIP_WIDTH)), 1)

    left, right = x(label.start_ms), x(label.end_ms)
    lasted = f"{label.kind}: on for {duration(label.end_ms - label.start_ms)}"
    parts = [
        f'<rect class="{CSS_OF[one.outcome]}" x="{left}" y="8" width="{max(right - left, 2):.1f}" height="8" rx="2">'
        f"<title>{escape(lasted)}</title></rect>"
    ]
    if label.by_ms is not None:
        by = x(label.by_ms)
        parts.append(
            f'<line class="deadline" x1="{by}" y1="1" x2="{by}" y2="{_STRIP_HEIGHT - 1}"><title>deadline</title></line>'
        )
    for css, told_of in (("mark", answers), ("mark wrong", others)):
        for told in told_of:
            words = f"{told.event.rule}, {duration(max(told.heard_ms - label.start_ms, 0))} after the start"
            parts.append(
                f'<circle class="{css}" cx="{x(told.heard_ms)}" cy="12" r="3.5"><title>{escape(words)}</title></circle>'
            )
    name = escape(f"{label.kind} at {label.place}: {one.outcome}")
    box = f'viewBox="0 0 {_STRIP_WIDTH} {_STRIP_HEIGHT}"'
    return f'<svg class="strip" {box} role="img" aria-label="{name}">{"".join(parts)}</svg>'


def _by_kind(labels: Iterable[JudgedLabel]) -> dict[str, list[JudgedLabel]]:
    found: defaultdict[str, list[JudgedLabel]] = defaultdict(list)
    for one in labels:
        found[one.label.kind].append(one)
    return found


def _by_rule(events: Iterable[JudgedEvent]) -> dict[str, list[JudgedEvent]]:
    found: defaultdict[str, list[JudgedEvent]] = defaultdict(list)
    for one in events:
        if one.verdict in _STRAY:
            found[one.event.rule].append(one)
    return found


def _drawn(labels: Sequence[JudgedLabel]) -> list[JudgedLabel]:
    """What went wrong last, so that nothing covers it."""
    well = [one for one in labels if one.outcome in _WELL]
    return [*sampled(well, _MOST_BARS), *(one for one in labels if one.outcome not in _WELL)]


def _name(row: int, name: str, css: str = "") -> str:
    short = name if len(name) <= 24 else f"{name[:23]}…"
    return f'<text class="tick {css}" x="{_LEFT - 6}" y="{row * _ROW + 14}" text-anchor="end">{escape(short)}</text>'


def _bar(axis: TimeAxis, row: int, one: JudgedLabel) -> str:
    left, right = axis.x(one.label.start_ms), axis.x(one.label.end_ms)
    words = f"{one.label.kind} at {one.label.place}, {axis.wall(one.label.start_ms)}: {one.outcome}"
    return (
        f'<rect class="{CSS_OF[one.outcome]}" x="{left}" y="{row * _ROW + 4}" width="{max(right - left, 2.5):.1f}"'
        f' height="{_ROW - 7}" rx="1.5"><title>{escape(words)}</title></rect>'
    )


def _cross(axis: TimeAxis, row: int, one: JudgedEvent) -> str:
    x, y = axis.x(one.event.opened_at_ms), row * _ROW + 10
    words = f"{one.event.rule} on {one.event.subject}, {axis.wall(one.event.opened_at_ms)}: {one.verdict}"
    return f'<path class="cross" d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8"><title>{escape(words)}</title></path>'
