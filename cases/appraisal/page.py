"""An appraisal as one HTML page to print on A4, in English and Chinese, that needs no other file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup

from cases.appraisal.appraisal import Appraisal, Dimension
from cases.appraisal.charts import NamedRate, duration_bars, rate_bars, trend_bars, trend_line
from cases.appraisal.counts import COUNT_TITLES, RATES, Count
from cases.appraisal.definitions import COUNT_WORDS, RATE_WORDS
from cases.appraisal.indicators import Durations, Indicators, Rate
from cases.appraisal.score import Placed, Weights, ranking
from cases.appraisal.wording import BUCKET_TITLES, DIMENSION_TITLES, interval, name_of
from reporting.pages.cells import Title
from reporting.pages.environment import render
from reporting.wording.durations import decimal_duration
from reporting.wording.instants import wall
from reporting.wording.shares import percent

_MOST_BARS: Final = 25
_MOST_ROWS: Final = 200
_RATES_SHOWN: Final = ("filing", "dispatch_accuracy", "on_time_handling", "closing", "on_time_closing", "rework")
_COUNTS_SHOWN: Final = (
    Count.REPORTED, Count.FILED, Count.DISPATCHED, Count.HANDLED, Count.LATE, Count.CLOSED, Count.DISSOLVED,
    Count.FAILED, Count.OVERDUE, Count.REPEATEDLY_OVERDUE, Count.REOPENED, Count.URGED, Count.EXTENSIONS_ASKED,
    Count.EXTENSIONS_GRANTED,
)  # fmt: skip
_SERIES: Final = ((Count.REPORTED, "first"), (Count.CLOSED, "second"))


class Occasion(NamedTuple):
    """When the page was made, in which zone its times are, and by which weights it ranks."""

    made_at_ms: int
    zone: ZoneInfo
    weights: Weights


@dataclass(frozen=True, slots=True)
class RateView:
    """A rate in a table: its value, what is behind it, and its interval in words."""

    value: float | None
    counted: int
    among: int
    interval: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """One name of a dimension, or the whole."""

    whole: bool
    name: str
    rank: str
    score: str
    rates: Sequence[RateView]
    median_ms: float | None
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class DimensionView:
    """A dimension with its chart, empty where nothing was decided; `more` is how many names have no row."""

    title: Title
    chart: Markup
    rate_heads: Sequence[Title]
    count_heads: Sequence[Title]
    rows: Sequence[PartRow]
    more: int


@dataclass(frozen=True, slots=True)
class TrendView:
    """How it went, with the keys of its bars: CSS class and title."""

    every: Title
    keys: Sequence[tuple[str, Title]]
    bars: Markup
    line_title: Title
    line: Markup


@dataclass(frozen=True, slots=True)
class HandlingView:
    """How long handling took, by each way to count time: CSS class, title, times."""

    bars: Markup
    times: Sequence[tuple[str, Title, Durations]]


@dataclass(frozen=True, slots=True)
class AppraisalView:
    """What stands on the page, in its order. `handling` is None where nothing was handled."""

    about: Sequence[tuple[Title, str]]
    made: str
    cards: Sequence[tuple[Title, str, str]]
    trend: TrendView
    handling: HandlingView | None
    dimensions: Sequence[DimensionView]
    definitions: Sequence[tuple[Title, str]]


def page_of(appraisal: Appraisal, occasion: Occasion) -> str:
    """The whole page. Of each dimension up to 200 names are listed, those with the most cases."""
    return render("cases.appraisal", "page.jinja", view=view_of(appraisal, occasion))


def view_of(appraisal: Appraisal, occasion: Occasion) -> AppraisalView:
    """The appraisal in texts, rows and charts."""
    return AppraisalView(
        about=_about(appraisal, occasion.zone),
        made=f"{wall(occasion.made_at_ms, occasion.zone)} ({occasion.zone.key})",
        cards=list(_cards(appraisal.whole)),
        trend=_trend(appraisal, occasion.zone),
        handling=_handling(appraisal.whole),
        dimensions=[
            _dimension(appraisal, which, parts, occasion.weights) for which, parts in appraisal.parts.items() if parts
        ],
        definitions=_definitions(occasion.weights),
    )


def _about(appraisal: Appraisal, zone: ZoneInfo) -> list[tuple[Title, str]]:
    period, scope = appraisal.period, appraisal.scope
    about: list[tuple[Title, str]] = [
        (("Period", "评价周期"), f"{wall(period.from_ms, zone)} – {wall(period.to_ms, zone)}")
    ]
    if areas := [scope.area] if scope.area is not None else list(scope.areas):
        about.append((("Area", "区域"), ", ".join(areas)))
    if scope.departments:
        about.append((("Department", "责任部门"), ", ".join(scope.departments)))
    return about


def _cards(whole: Indicators) -> Iterator[tuple[Title, str, str]]:
    counts, clock = whole.counts, whole.clock
    for name, rate in whole.rates.items():
        yield RATES[name][:2], percent(rate.value), _backed(rate)
    repeatedly = f"{counts[Count.REPEATEDLY_OVERDUE]} of them repeatedly"
    yield COUNT_TITLES[Count.OVERDUE], f"{counts[Count.OVERDUE]:,}", repeatedly
    times = f"mean {decimal_duration(clock.mean_ms)}, 90 %: {decimal_duration(clock.p90_ms)}"
    yield ("Median handling time", "处置时长中位数"), decimal_duration(clock.median_ms), times
    for count, more in (
        (Count.REPORTED, f"{counts[Count.MERGED]:,} more were merged"),
        (Count.FILED, f"{counts[Count.REJECTED]:,} rejected"),
        (Count.CLOSED, f"{counts[Count.DISSOLVED]:,} more recovered"),
    ):
        yield COUNT_TITLES[count], f"{counts[count]:,}", more


def _backed(rate: Rate) -> str:
    """The counts behind a rate, and how sure it is."""
    return f"{rate.counted:,} of {rate.among:,}; 95 %: {interval(rate)}" if rate.among else "of none"


def _trend(appraisal: Appraisal, zone: ZoneInfo) -> TrendView:
    trend = appraisal.trend
    return TrendView(
        every=BUCKET_TITLES[trend.every],
        keys=[(css, COUNT_TITLES[count]) for count, css in _SERIES],
        bars=trend_bars(trend, _SERIES, zone, "Reported and closed"),
        line_title=RATES["on_time_handling"][:2],
        line=trend_line(trend, "on_time_handling", zone, "On-time handling"),
    )


def _handling(whole: Indicators) -> HandlingView | None:
    if not whole.clock.handled:
        return None
    return HandlingView(
        duration_bars(whole.clock, whole.working, "How long handling took"),
        [
            ("first", ("By the clock", "自然时间"), whole.clock),
            ("second", ("Working time", "工作时间"), whole.working),
        ],
    )


def _dimension(
    appraisal: Appraisal, which: Dimension, parts: Mapping[str | None, Indicators], weights: Weights
) -> DimensionView:
    title = DIMENSION_TITLES[which]
    shown = _busiest(parts)
    ranked = {one.name: one for one in ranking({name: parts[name] for name in shown}, weights)}
    ordered = [*ranked, *(name for name in shown if name is None)]
    decided = [NamedRate(name_of(which, name), parts[name].rates["on_time_handling"]) for name in ordered]
    bars = [bar for bar in decided if bar.rate.among][:_MOST_BARS]
    # A rejected case never had a department, so that a filing rate of a department would mean nothing.
    rates = [name for name in _RATES_SHOWN if which is not Dimension.DEPARTMENT or name != "filing"]
    rows = [_row(name_of(which, name), parts[name], rates, ranked.get(name)) for name in ordered]
    return DimensionView(
        title=(f"By {title[0].lower()}", f"按{title[1]}"),
        chart=rate_bars(bars, f"On-time handling by {which.value}") if bars else Markup(""),
        rate_heads=[
            title,
            ("Rank", "名次"),
            ("Score", "得分"),
            *(RATES[name][:2] for name in rates),
            ("Median", "中位时长"),
        ],
        count_heads=[title, *(COUNT_TITLES[count] for count in _COUNTS_SHOWN)],
        rows=[*rows, _row(None, appraisal.whole, rates, None)],
        more=len(parts) - len(shown),
    )


def _busiest(parts: Mapping[str | None, Indicators]) -> list[str | None]:
    def work(name: str | None) -> int:
        counts = parts[name].counts
        return counts[Count.REPORTED] + counts[Count.DISPATCHED]

    return sorted(parts, key=lambda name: (-work(name), name is None, name or ""))[:_MOST_ROWS]


def _row(name: str | None, own: Indicators, rates: Sequence[str], placed: Placed | None) -> PartRow:
    """The row of a name, or with None that of the whole, which has no place in the ranking."""
    score = None if placed is None else placed.score
    rank = None if placed is None else placed.rank
    return PartRow(
        whole=name is None,
        name=name or "",
        rank="" if rank is None else str(rank),
        score=f"{score:.1f}" if score is not None else "" if name is None else "–",
        rates=[_rate(own.rates[one]) for one in rates],
        median_ms=own.clock.median_ms,
        counts=[own.counts[count] for count in _COUNTS_SHOWN],
    )


def _rate(rate: Rate) -> RateView:
    return RateView(rate.value, rate.counted, rate.among, interval(rate))


def _definitions(weights: Weights) -> list[tuple[Title, str]]:
    weighed = ", ".join(f"{RATES[name].title_en} {weight:g}" for name, weight in weights.weights.items())
    end = "the cautious end of its 95 % interval" if weights.cautious else "its value"
    score = (
        f"0 to 100: the shares that went well, weighed: {weighed}. Each rate counts with {end}. Who had fewer than"
        f" {weights.least} tasks decided is not ranked."
    )
    return [
        (("Score", "得分"), score),
        *((RATES[name][:2], words) for name, words in RATE_WORDS.items()),
        *((COUNT_TITLES[count], words) for count, words in COUNT_WORDS.items()),
    ]
