"""An appraisal as one HTML page to print on A4, in English and Chinese, that needs no other file."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from cases.appraisal.appraisal import Appraisal, Dimension
from cases.appraisal.charts import NamedRate, duration_bars, rate_bars, trend_bars, trend_line
from cases.appraisal.counts import COUNT_TITLES, RATES, Count
from cases.appraisal.definitions import COUNT_WORDS, RATE_WORDS
from cases.appraisal.indicators import Indicators, Rate
from cases.appraisal.score import Weights, ranking
from cases.appraisal.wording import BUCKET_TITLES, DIMENSION_TITLES, duration, interval, name_of
from reporting.wording.instants import wall
from reporting.wording.shares import percent

_STYLE: Final = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_MOST_BARS: Final = 25
_MOST_ROWS: Final = 200
_RATES_SHOWN: Final = ("filing", "dispatch_accuracy", "on_time_handling", "closing", "on_time_closing", "rework")
_COUNTS_SHOWN: Final = (
    Count.REPORTED, Count.FILED, Count.DISPATCHED, Count.HANDLED, Count.LATE, Count.CLOSED, Count.DISSOLVED,
    Count.FAILED, Count.OVERDUE, Count.REPEATEDLY_OVERDUE, Count.REOPENED, Count.URGED, Count.EXTENSIONS_ASKED,
    Count.EXTENSIONS_GRANTED,
)  # fmt: skip


class Occasion(NamedTuple):
    """When the page was made, in which zone its times are, and by which weights it ranks."""

    made_at_ms: int
    zone: ZoneInfo
    weights: Weights


def page_of(appraisal: Appraisal, occasion: Occasion) -> str:
    """The whole page. Of each dimension up to 200 names are listed, those with the most cases."""
    return "".join(
        (
            "<!doctype html><html lang=en><head><meta charset=utf-8>",
            "<title>Appraisal 综合评价 · urbansense</title>",
            "<meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href='data:,'>",
            f"<style>{_STYLE}</style></head><body><h1>{_both('Appraisal of the case desk', '案件处置综合评价')}</h1>",
            _about(appraisal, occasion),
            _cards(appraisal.whole),
            _course(appraisal, occasion.zone),
            _handling_times(appraisal.whole),
            *(_dimension(appraisal, which, parts, occasion) for which, parts in appraisal.parts.items()),
            _definitions(occasion.weights),
            "</body></html>",
        )
    )


def _both(english: str, chinese: str) -> str:
    return f"{escape(english)}<span class=zh lang=zh>{escape(chinese)}</span>"


def _about(appraisal: Appraisal, occasion: Occasion) -> str:
    period, scope, zone = appraisal.period, appraisal.scope, occasion.zone
    words = [f"{_both('Period', '评价周期')} <b>{wall(period.from_ms, zone)} – {wall(period.to_ms, zone)}</b>"]
    areas = [scope.area] if scope.area is not None else list(scope.areas)
    if areas:
        words.append(f"{_both('Area', '区域')} <b>{escape(', '.join(areas))}</b>")
    if scope.departments:
        words.append(f"{_both('Department', '责任部门')} <b>{escape(', '.join(scope.departments))}</b>")
    made = f"{_both('Made', '生成时间')} {wall(occasion.made_at_ms, zone)} ({escape(zone.key)})"
    return f"<p class=about>{' · '.join(words)}<br>{made}</p>"


def _cards(whole: Indicators) -> str:
    counts = whole.counts
    cards = [_card(RATES[name][:2], percent(rate.value), _backed(rate)) for name, rate in whole.rates.items()]
    overdue = f"{counts[Count.REPEATEDLY_OVERDUE]} of them repeatedly"
    cards.append(_card(COUNT_TITLES[Count.OVERDUE], f"{counts[Count.OVERDUE]:,}", overdue))
    clock = f"mean {duration(whole.clock.mean_ms)}, 90 %: {duration(whole.clock.p90_ms)}"
    cards.append(_card(("Median handling time", "处置时长中位数"), duration(whole.clock.median_ms), clock))
    for count, more in (
        (Count.REPORTED, f"{counts[Count.MERGED]:,} more were merged"),
        (Count.FILED, f"{counts[Count.REJECTED]:,} rejected"),
        (Count.CLOSED, f"{counts[Count.DISSOLVED]:,} more recovered"),
    ):
        cards.append(_card(COUNT_TITLES[count], f"{counts[count]:,}", more))
    return f"<div class=cards>{''.join(cards)}</div>"


def _card(title: Sequence[str], figure: str, more: str) -> str:
    return f"<div class=card>{_both(title[0], title[1])}<b>{escape(figure)}</b><small>{escape(more)}</small></div>"


def _backed(rate: Rate) -> str:
    """The counts behind a rate, and how sure it is."""
    return f"{rate.counted:,} of {rate.among:,}; 95 %: {interval(rate)}" if rate.among else "of none"


def _course(appraisal: Appraisal, zone: ZoneInfo) -> str:
    trend = appraisal.trend
    every = BUCKET_TITLES[trend.every]
    series = ((Count.REPORTED, "first"), (Count.CLOSED, "second"))
    keys = "".join(f"<span class='key {css}'></span>{_both(*COUNT_TITLES[count])}" for count, css in series)
    return (
        f"<h2>{_both(every[0], every[1])}</h2>"
        f"<figure><p>{keys}</p>{trend_bars(trend, series, zone, 'Reported and closed')}</figure>"
        f"<figure><h3>{_both(*RATES['on_time_handling'][:2])}</h3>"
        f"{trend_line(trend, 'on_time_handling', zone, 'On-time handling')}</figure>"
    )


def _handling_times(whole: Indicators) -> str:
    if not whole.clock.handled:
        return ""
    rows = "".join(
        f"<tr><td>{_both(*title)}</td><td>{one.handled:,}</td><td>{duration(one.mean_ms)}</td>"
        f"<td>{duration(one.median_ms)}</td><td>{duration(one.p90_ms)}</td></tr>"
        for title, one in ((("By the clock", "自然时间"), whole.clock), (("Working time", "工作时间"), whole.working))
    )
    heads = (("", ""), ("Handled", "处置"), ("Mean", "平均"), ("Median", "中位数"), ("90 %", "九成不超过"))
    keys = (
        f"<span class='key first'></span>{_both('By the clock', '自然时间')}"
        f"<span class='key second'></span>{_both('Working time', '工作时间')}"
    )
    chart = duration_bars(whole.clock, whole.working, "How long handling took")
    return (
        f"<h2>{_both('How long handling took', '处置时长')}</h2><figure><p>{keys}</p>{chart}</figure>"
        f"<table class=short>{_head(heads)}{rows}</table>"
    )


def _dimension(
    appraisal: Appraisal, which: Dimension, parts: Mapping[str | None, Indicators], occasion: Occasion
) -> str:
    if not parts:
        return ""
    title = DIMENSION_TITLES[which]
    shown = _busiest(parts)
    ranked = ranking({name: parts[name] for name in shown}, occasion.weights)
    places = {one.name: one for one in ranked}
    ordered = [one.name for one in ranked] + [name for name in shown if name is None]
    bars = [NamedRate(name_of(which, name), parts[name].rates["on_time_handling"]) for name in ordered]
    bars = [bar for bar in bars if bar.rate.among][:_MOST_BARS]
    chart = (
        f"<figure><h3>{_both('On-time handling, with 95 % intervals', '按期处置率及置信区间')}</h3>"
        f"{rate_bars(bars, f'On-time handling by {which.value}')}</figure>"
        if bars
        else ""
    )
    rest = len(parts) - len(shown)
    more = f"<p>… {rest:,} more, in the CSV / 其余从略</p>" if rest else ""
    rates = [(name_of(which, name), parts[name], *_placed(places, name)) for name in ordered] + [
        ("", appraisal.whole, "", "")
    ]
    return (
        f"<h2 class=fresh>{_both(f'By {title[0].lower()}', f'按{title[1]}')}</h2>{chart}"
        f"{_rates_table(which, rates)}{_counts_table(title, rates)}{more}"
    )


def _busiest(parts: Mapping[str | None, Indicators]) -> list[str | None]:
    def work(name: str | None) -> int:
        counts = parts[name].counts
        return counts[Count.REPORTED] + counts[Count.DISPATCHED]

    return sorted(parts, key=lambda name: (-work(name), name is None, name or ""))[:_MOST_ROWS]


def _placed(places: Mapping[str | None, object], name: str | None) -> tuple[str, str]:
    place = places.get(name)
    score, rank = getattr(place, "score", None), getattr(place, "rank", None)
    return ("–" if score is None else f"{score:.1f}", "" if rank is None else str(rank))


_Row = tuple[str, Indicators, str, str]


def _rates_table(which: Dimension, rows: Iterable[_Row]) -> str:
    # A rejected case never had a department, so that a filing rate of a department would say nothing.
    shown = [name for name in _RATES_SHOWN if which is not Dimension.DEPARTMENT or name != "filing"]
    heads = [
        DIMENSION_TITLES[which],
        ("Rank", "名次"),
        ("Score", "得分"),
        *(RATES[name][:2] for name in shown),
        ("Median", "中位时长"),
    ]
    body = "".join(
        _row(name, [rank, score, *(_cell(own.rates[one]) for one in shown), duration(own.clock.median_ms)])
        for name, own, score, rank in rows
    )
    return f"<div class=wide><table>{_head(heads)}{body}</table></div>"


def _counts_table(title: tuple[str, str], rows: Iterable[_Row]) -> str:
    heads = [title, *(COUNT_TITLES[count] for count in _COUNTS_SHOWN)]
    body = "".join(
        _row(name, [f"{own.counts[count]:,}" if own.counts[count] else "·" for count in _COUNTS_SHOWN])
        for name, own, _, _ in rows
    )
    return f"<div class=wide><table class=counts>{_head(heads)}{body}</table></div>"


def _row(name: str, cells: Sequence[str]) -> str:
    css, first = ("", escape(name)) if name else (" class=whole", _both("All", "合计"))
    return f"<tr{css}><td>{first}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cell(rate: Rate) -> str:
    """A rate and what is behind it."""
    if not rate.among:
        return "–"
    return f"{percent(rate.value)}<small>{rate.counted:,}/{rate.among:,}</small><small>{interval(rate)}</small>"


def _head(heads: Iterable[Sequence[str]]) -> str:
    return f"<thead><tr>{''.join(f'<th>{_both(head[0], head[1])}</th>' for head in heads)}</tr></thead>"


def _definitions(weights: Weights) -> str:
    told = [(RATES[name][:2], words) for name, words in RATE_WORDS.items()]
    told += [(COUNT_TITLES[count], words) for count, words in COUNT_WORDS.items()]
    entries = "".join(f"<dt>{_both(*title)}</dt><dd>{escape(words)}</dd>" for title, words in told)
    weighed = ", ".join(f"{RATES[name].title_en} {weight:g}" for name, weight in weights.weights.items())
    end = "the cautious end of its 95 % interval" if weights.cautious else "its value"
    score = (
        f"0 to 100: the shares that went well, weighed: {weighed}. Each rate counts with {end}. Who had fewer than"
        f" {weights.least} tasks decided is not ranked."
    )
    return (
        f"<h2 class=fresh>{_both('What the figures mean', '指标定义')}</h2><dl>"
        f"<dt>{_both('Score', '得分')}</dt><dd>{escape(score)}</dd>{entries}</dl>"
    )
