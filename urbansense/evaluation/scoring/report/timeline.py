"""The timelines of a score as inline SVG: all faults by kind on one axis, and each fault on an axis of its own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from markupsafe import Markup

from reporting.charts.svg import box, element
from reporting.charts.time_axis import TimeAxis
from reporting.charts.timeline import Cross, Row, Rows, Span, timeline
from reporting.wording.durations import duration
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
_LONGEST_NAME: Final = 24
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


def overview(matched: Matched, axis: TimeAxis) -> Markup:
    """A row for each kind of fault, a bar for each fault; below them a row of crosses for each rule that was wrong."""
    rows = [
        Row(_short(kind), [_span(axis, one) for one in _drawn(labels)])
        for kind, labels in sorted(_by_kind(matched.labels).items())
    ]
    rows += [
        Row(_short(rule), [_cross(axis, one) for one in events], "tick wrong")
        for rule, events in sorted(_by_rule(matched.events).items())
    ]
    title = "When faults were on, by kind, and when rules were wrong"
    return timeline(axis, rows, title, Rows(_ROW, left=_LEFT, least=2.5), css="all")


def strip(one: JudgedLabel, others: Iterable[ScoredEvent] = ()) -> Markup:
    """One fault on an axis of its own: the fault as a bar, its deadline, its events as marks over thin bars.

    `others` are events on the same device that answer nothing.
    """
    label = one.label
    answers, others = one.answers[:_MOST_MARKS], list(others)[:_MOST_MARKS]
    instants = [label.start_ms, label.end_ms, *(() if label.by_ms is None else (label.by_ms,))]
    instants += [event.found_ms for event in (*answers, *others)]
    first_ms, last_ms = min(instants), max(instants)
    margin_ms = max((last_ms - first_ms) // 20, 1)
    scale = _STRIP_WIDTH / (last_ms - first_ms + 2 * margin_ms)

    def x(at_ms: int) -> float:
        place: float = (at_ms - first_ms + margin_ms) * scale
        return round(min(max(place, 0.0), float(_STRIP_WIDTH)), 1)

    left, right = x(label.start_ms), x(label.end_ms)
    lasted = f"{label.kind}: on for {duration(label.end_ms - label.start_ms)}"
    parts = [box(left, 8, max(right - left, 2.0), 8, CSS_OF[one.outcome], lasted, 2)]
    if label.by_ms is not None:
        by, title = x(label.by_ms), element("title", "deadline")
        parts.append(element("line", title, class_="deadline", x1=by, y1=1, x2=by, y2=_STRIP_HEIGHT - 1))
    for css, events in (("mark", answers), ("mark wrong", others)):
        for event in events:
            words = f"{event.event.rule}, {duration(max(event.found_ms - label.start_ms, 0))} after the start"
            parts.append(element("circle", element("title", words), class_=css, cx=x(event.found_ms), cy=12, r=3.5))
    name = f"{label.kind} at {label.place}: {one.outcome}"
    size = f"0 0 {_STRIP_WIDTH} {_STRIP_HEIGHT}"
    return element("svg", *parts, class_="strip", viewbox=size, role="img", aria_label=name)


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


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _span(axis: TimeAxis, one: JudgedLabel) -> Span:
    words = f"{one.label.kind} at {one.label.place}, {axis.wall(one.label.start_ms)}: {one.outcome}"
    return Span(one.label.start_ms, one.label.end_ms, CSS_OF[one.outcome], words, top=4, height=_ROW - 7)


def _cross(axis: TimeAxis, one: JudgedEvent) -> Cross:
    words = f"{one.event.rule} on {one.event.subject}, {axis.wall(one.event.opened_at_ms)}: {one.verdict}"
    return Cross(one.event.opened_at_ms, words)
