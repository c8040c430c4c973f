"""Charts of an appraisal as inline SVG, made here so that the page needs nothing from elsewhere, and readable in grey."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cases.appraisal.appraisal import Trend
from cases.appraisal.counts import Count
from cases.appraisal.indicators import DURATION_BOUNDS_MS, Durations, Rate
from cases.appraisal.wording import interval
from domain.time.units import HOUR_MS
from reporting.wording.instants import wall
from reporting.wording.shares import percent

WIDTH: Final = 720
_LEFT: Final = 150
_RIGHT: Final = 130
_ROW: Final = 22
_HEIGHT: Final = 96
_TOP: Final = 10
_MOST_LABELS: Final = 12
_DAY_HOURS: Final = 24


class NamedRate(NamedTuple):
    name: str
    rate: Rate


def rate_bars(rows: Sequence[NamedRate], title: str) -> str:
    """A bar for each rate, with its 95 % interval as a whisker; those of nothing have none."""
    span = WIDTH - _LEFT - _RIGHT
    bottom = len(rows) * _ROW + 4
    parts = [
        f'<line class="grid" x1="{x:.0f}" y1="0" x2="{x:.0f}" y2="{bottom}"/>'
        f'<text class="tick" x="{x:.0f}" y="{bottom + 13}" text-anchor="middle">{quarter * 25} %</text>'
        for quarter in range(5)
        for x in (_LEFT + span * quarter / 4,)
    ]
    for place, (name, rate) in enumerate(rows):
        y = place * _ROW
        words = f"{percent(rate.value)} ({rate.counted}/{rate.among})"
        parts.append(
            f'<text class="name" x="{_LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(_short(name))}</text>'
            f'<text class="name" x="{WIDTH - _RIGHT + 10}" y="{y + 16}">{words if rate.among else "–"}</text>'
        )
        if rate.value is None or rate.low is None or rate.high is None:
            continue
        low, high = _LEFT + span * rate.low, _LEFT + span * rate.high
        whisker = f"M{low:.1f} {y + 11.5}H{high:.1f}M{low:.1f} {y + 8}v7M{high:.1f} {y + 8}v7"
        parts.append(
            f'<rect class="first" x="{_LEFT}" y="{y + 5}" width="{span * rate.value:.1f}" height="{_ROW - 9}">'
            f"<title>{escape(name)}: {words}, 95 %: {interval(rate)}</title></rect>"
            f'<path class="halo" d="{whisker}"/><path class="whisker" d="{whisker}"/>'
        )
    return f"{_open(bottom + 20, title)}{''.join(parts)}</svg>"


def trend_bars(trend: Trend, series: Sequence[tuple[Count, str]], zone: ZoneInfo, title: str) -> str:
    """Two or three bars for each bucket, side by side: a count, and the CSS class of its bars."""
    buckets = trend.buckets
    most = _round_up(max((bucket.counts[count] for bucket in buckets for count, _ in series), default=0))
    left, base = 44, _TOP + _HEIGHT
    step = (WIDTH - left) / len(buckets)
    width = step * 0.8 / len(series)
    parts = [_level(left, most, part / 2) for part in range(3)]
    every = -(-len(buckets) // _MOST_LABELS)
    for place, bucket in enumerate(buckets):
        x = left + place * step
        for column, (count, css) in enumerate(series):
            height = _HEIGHT * bucket.counts[count] / most
            parts.append(
                f'<rect class="{css}" x="{x + step * 0.1 + column * width:.1f}" y="{base - height:.1f}"'
                f' width="{width:.1f}" height="{height:.1f}">'
                f"<title>{wall(bucket.from_ms, zone)}: {count.value} {bucket.counts[count]}</title></rect>"
            )
        if place % every == 0:
            label = wall(bucket.from_ms, zone)[:7] if trend.every == "month" else wall(bucket.from_ms, zone)[5:10]
            parts.append(
                f'<text class="tick" x="{x + step / 2:.1f}" y="{base + 14}" text-anchor="middle">{label}</text>'
            )
    return f"{_open(base + 20, title)}{''.join(parts)}</svg>"


def trend_line(trend: Trend, name: str, zone: ZoneInfo, title: str) -> str:
    """A rate by bucket, from 0 to 100 %; broken where a bucket has none."""
    left, base = 44, _TOP + _HEIGHT
    step = (WIDTH - left) / len(trend.buckets)
    parts = [
        f'<line class="grid" x1="{left}" y1="{base - _HEIGHT * half / 2:.0f}" x2="{WIDTH}"'
        f' y2="{base - _HEIGHT * half / 2:.0f}"/><text class="tick" x="{left - 6}"'
        f' y="{base - _HEIGHT * half / 2 + 4:.0f}" text-anchor="end">{half * 50} %</text>'
        for half in range(3)
    ]
    path, broken = "", True
    for place, bucket in enumerate(trend.buckets):
        rate = bucket.rate(name)
        if rate.value is None:
            broken = True
            continue
        x, y = left + (place + 0.5) * step, base - _HEIGHT * rate.value
        path += f"{'M' if broken else 'L'}{x:.1f} {y:.1f}"
        broken = False
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.6"><title>{wall(bucket.from_ms, zone)[:10]}:'
            f" {percent(rate.value)} ({rate.counted}/{rate.among})</title></circle>"
        )
    return f'{_open(base + 8, title)}{"".join(parts)}<path class="line" d="{path or "M0 0"}"/></svg>'


def duration_bars(clock: Durations, working: Durations, title: str) -> str:
    """How many handlings took how long: by the clock, and beside it in working time."""
    most = _round_up(max((*clock.per_class, *working.per_class)))
    left, base = 44, _TOP + _HEIGHT
    step = (WIDTH - left) / len(clock.per_class)
    labels = [f"≤ {_hours(bound_ms)}" for bound_ms in DURATION_BOUNDS_MS] + [f"> {_hours(DURATION_BOUNDS_MS[-1])}"]
    parts = [_level(left, most, part / 2) for part in range(3)]
    for place, label in enumerate(labels):
        x = left + place * step
        for column, (css, durations) in enumerate((("first", clock), ("second", working))):
            height = _HEIGHT * durations.per_class[place] / most
            parts.append(
                f'<rect class="{css}" x="{x + step * (0.12 + 0.38 * column):.1f}" y="{base - height:.1f}"'
                f' width="{step * 0.38:.1f}" height="{height:.1f}">'
                f"<title>{label}: {durations.per_class[place]}</title></rect>"
            )
        parts.append(f'<text class="tick" x="{x + step / 2:.1f}" y="{base + 14}" text-anchor="middle">{label}</text>')
    return f"{_open(base + 20, title)}{''.join(parts)}</svg>"


def _level(left: int, most: int, part: float) -> str:
    y = _TOP + _HEIGHT * (1 - part)
    return (
        f'<line class="grid" x1="{left}" y1="{y:.0f}" x2="{WIDTH}" y2="{y:.0f}"/>'
        f'<text class="tick" x="{left - 6}" y="{y + 4:.0f}" text-anchor="end">{most * part:,.0f}</text>'
    )


def _round_up(most: int) -> int:
    """An even number, not less, that an axis may end at."""
    step = 2
    while most > step * 10:
        step *= 5 if str(step)[0] == "2" else 2
    return max(-(-most // step), 1) * step


def _hours(ms: int) -> str:
    hours = ms // HOUR_MS
    return f"{hours} h" if hours <= _DAY_HOURS else f"{hours // _DAY_HOURS} d"


def _short(name: str, most: int = 22) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _open(height: float, title: str) -> str:
    words = escape(title)
    return f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{words}"><title>{words}</title>'
