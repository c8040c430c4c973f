"""Charts of an appraisal, made for its page and readable in grey."""

from collections.abc import Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from cases.appraisal.appraisal import Bucket, Trend
from cases.appraisal.counts import Count
from cases.appraisal.indicators import DURATION_BOUNDS_MS, Durations, Rate
from cases.appraisal.wording import interval
from domain.time.units import HOUR_MS
from reporting.charts.bars import Bar, Group, ShareBar, grouped_bars, share_bars
from reporting.charts.share_line import Dot, share_line
from reporting.wording.instants import wall
from reporting.wording.shares import percent

_MOST_LABELS: Final = 12
_DAY_HOURS: Final = 24


class NamedRate(NamedTuple):
    name: str
    rate: Rate


def rate_bars(rows: Sequence[NamedRate], title: str) -> Markup:
    """A bar for each rate, with its 95 % interval as a whisker; those of nothing have none."""
    return share_bars([_share_bar(name, rate) for name, rate in rows], title)


def trend_bars(trend: Trend, series: Sequence[tuple[Count, str]], zone: ZoneInfo, title: str) -> Markup:
    """Bars for each bucket, side by side: a count, and the CSS class of its bars."""
    every = -(-len(trend.buckets) // _MOST_LABELS)
    groups = [
        Group(
            [
                Bar(number := bucket.counts[count], css, f"{wall(bucket.from_ms, zone)}: {count.value} {number}")
                for count, css in series
            ],
            _bucket_label(bucket, trend.every, zone) if place % every == 0 else None,
        )
        for place, bucket in enumerate(trend.buckets)
    ]
    return grouped_bars(groups, title, filled=0.8)


def trend_line(trend: Trend, name: str, zone: ZoneInfo, title: str) -> Markup:
    """A rate by bucket, from 0 to 100 %; broken where a bucket has none."""
    return share_line([_dot(bucket, name, zone) for bucket in trend.buckets], title)


def duration_bars(clock: Durations, working: Durations, title: str) -> Markup:
    """How many handlings took how long: by the clock, and beside it in working time."""
    labels = [f"≤ {_hours(bound_ms)}" for bound_ms in DURATION_BOUNDS_MS] + [f"> {_hours(DURATION_BOUNDS_MS[-1])}"]
    groups = [
        Group([Bar(first, "first", f"{label}: {first}"), Bar(second, "second", f"{label}: {second}")], label)
        for label, first, second in zip(labels, clock.per_class, working.per_class, strict=True)
    ]
    return grouped_bars(groups, title, filled=0.76)


def _share_bar(name: str, rate: Rate) -> ShareBar:
    words = f"{percent(rate.value)} ({rate.counted}/{rate.among})"
    title = f"{name}: {words}, 95 %: {interval(rate)}"
    return ShareBar(name, rate.value, rate.low, rate.high, words if rate.among else "–", title)


def _bucket_label(bucket: Bucket, every: str, zone: ZoneInfo) -> str:
    """`2026-11` of a month, `11-23` of a day or week."""
    day = wall(bucket.from_ms, zone)
    return day[:7] if every == "month" else day[5:10]


def _dot(bucket: Bucket, name: str, zone: ZoneInfo) -> Dot | None:
    rate = bucket.rate(name)
    if rate.value is None:
        return None
    day = wall(bucket.from_ms, zone)[:10]
    return Dot(rate.value, f"{day}: {percent(rate.value)} ({rate.counted}/{rate.among})")


def _hours(ms: int) -> str:
    hours = ms // HOUR_MS
    return f"{hours} h" if hours <= _DAY_HOURS else f"{hours // _DAY_HOURS} d"
