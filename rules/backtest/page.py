"""A backtest as one HTML page that needs nothing else: charts, differences and events, in English and Chinese."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from domain.events import Event
from reporting.charts.bars import bars_over_time
from reporting.charts.time_axis import TimeAxis
from reporting.pages.cells import Title
from reporting.pages.environment import render
from reporting.wording.durations import duration
from reporting.wording.instants import wall_to_the_second
from rules.backtest.charts import events_over_time
from rules.backtest.result import BacktestResult, Difference, RuleFindings, VariantFindings, zone_of
from rules.backtest.wording import BUCKETS_ZH

_MOST_ROWS: Final = 500
_EVENT_HEADS: Final = (
    ("Rule", "规则"), ("Subject", "对象"), ("Since", "起始"), ("Opened", "开启"), ("Cleared", "解除"), ("Open for", "持续"),
)  # fmt: skip
_FIGURE_HEADS: Final = (
    ("", ""), ("Events", "事件"), ("Subjects", "对象"), ("Still open", "未解除"), ("Withdrawn", "已撤回"),
    ("Absorbed", "并入"), ("Silenced", "静默"), ("Median", "中位时长"), ("Longest", "最长"),
)  # fmt: skip
_Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EventsView:
    """Events as rows, at most 500 of them: how many there are, and how many the rows leave out."""

    count: int
    rows: Sequence[_Cells]
    more: int


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule: its figures by variant, how often it opened, and when its events were open; no charts without events."""

    name: str
    title: Title
    figures: Sequence[_Cells]
    error: str
    counted: Markup
    opened: Markup


@dataclass(frozen=True, slots=True)
class DifferenceView:
    """The events of one variant alone, the changed ones as pairs of rows, and how many are the same."""

    only: Sequence[tuple[Title, EventsView]]
    changed: int
    changes: Sequence[_Cells]
    same: int


@dataclass(frozen=True, slots=True)
class BacktestView:
    """What stands on the page, in its order. `before` is empty and `difference` None where nothing was compared."""

    names: str
    summary: Sequence[tuple[Title, str]]
    now: str
    before: str
    per_bucket: Title
    rules: Sequence[RuleView]
    difference: DifferenceView | None
    events: EventsView
    event_heads: Sequence[Title] = _EVENT_HEADS
    changed_heads: Sequence[Title] = (("", ""), *_EVENT_HEADS)
    figure_heads: Sequence[Title] = _FIGURE_HEADS


def render_page(result: BacktestResult) -> str:
    """The whole page."""
    return render("rules.backtest", "page.jinja", view=view_of(result))


def view_of(result: BacktestResult) -> BacktestView:
    """The result in texts, rows and charts."""
    zone = zone_of(result)
    return BacktestView(
        names=", ".join(found.rule for found in result.candidate.rules),
        summary=_summary(result, zone),
        now=result.candidate.label,
        before="" if result.against is None else result.against.label,
        per_bucket=(f"Events per {result.bucket}", f"每{BUCKETS_ZH[result.bucket]}事件数"),
        rules=[_rule(result, found, zone) for found in result.candidate.rules],
        difference=_difference(result, zone),
        events=_events(result.candidate.events, zone),
    )


def _summary(result: BacktestResult, zone: ZoneInfo) -> list[tuple[Title, str]]:
    begin, end = wall_to_the_second(result.from_ms, zone), wall_to_the_second(result.to_ms, zone)
    lines: list[tuple[Title, str]] = [
        (("Period", "时段"), f"{begin} – {end} ({result.timezone})"),
        (("History replayed from", "回放起点"), wall_to_the_second(result.began_ms, zone)),
        (("Reports, devices", "上报数、设备数"), f"{result.reports:,}, {result.devices:,}"),
    ]
    return lines + [
        ((f"Judged, too late ({variant.label})", "已判、过迟"), f"{variant.judged:,}, {variant.too_late:,}")
        for variant in (result.candidate, result.against)
        if variant is not None
    ]


def _rule(result: BacktestResult, found: RuleFindings, zone: ZoneInfo) -> RuleView:
    variants = [("now", result.candidate)] + ([("before", result.against)] if result.against else [])
    own = [(css, variant, one) for css, variant in variants for one in variant.rules if one.rule == found.rule]
    opened = [(css, [event for event in variant.events if event.rule == found.rule]) for css, variant, _ in own]
    axis, heads = TimeAxis(result.from_ms, result.to_ms, zone), f"{found.rule}: {found.title.en}"
    bars = timeline = Markup("")
    if any(events for _, events in opened):
        counted = [(css, one.per_bucket) for css, _, one in own]
        bars = bars_over_time(axis, result.bucket_starts_ms, counted, f"{heads}, events")
        timeline = events_over_time(axis, opened, f"{heads}, open")
    return RuleView(
        name=found.rule,
        title=(found.title.en, found.title.zh),
        figures=[_figures(variant, one) for _, variant, one in own],
        error=found.error or "",
        counted=bars,
        opened=timeline,
    )


def _figures(variant: VariantFindings, one: RuleFindings) -> _Cells:
    counts = (one.events, one.subjects, one.open_at_end, one.withdrawn, one.absorbed, one.silenced)
    longest = duration(one.longest_duration_ms)
    return (variant.label, *map(str, counts), duration(one.median_duration_ms), longest)


def _difference(result: BacktestResult, zone: ZoneInfo) -> DifferenceView | None:
    difference, against = result.difference, result.against
    if difference is None or against is None:
        return None
    now, before = result.candidate.label, against.label
    return DifferenceView(
        only=[
            ((f"Only {now}", "仅新规则"), _events(difference.only_now, zone)),
            ((f"Only {before}", "仅对比规则"), _events(difference.only_before, zone)),
        ],
        changed=len(difference.changed),
        changes=_changes(difference, now, before, zone),
        same=difference.same,
    )


def _changes(difference: Difference, now: str, before: str, zone: ZoneInfo) -> list[_Cells]:
    return [
        (label, *_cells(event, zone))
        for change in difference.changed[:_MOST_ROWS]
        for label, event in ((before, change.before), (now, change.now))
    ]


def _events(events: Sequence[Event], zone: ZoneInfo) -> EventsView:
    rows = [_cells(event, zone) for event in events[:_MOST_ROWS]]
    return EventsView(len(events), rows, more=len(events) - len(rows))


def _cells(event: Event, zone: ZoneInfo) -> _Cells:
    cleared_ms = event.cleared_at_ms
    return (
        event.rule,
        event.subject,
        wall_to_the_second(event.since_ms, zone),
        wall_to_the_second(event.opened_at_ms, zone),
        "–" if cleared_ms is None else wall_to_the_second(cleared_ms, zone),
        duration(None if cleared_ms is None else cleared_ms - event.opened_at_ms),
    )
