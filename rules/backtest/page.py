"""A backtest as one HTML page that needs nothing else: charts, differences and events, in English and Chinese."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from domain.events import Event
from reporting.charts.time_axis import TimeAxis
from reporting.wording.durations import duration
from rules.backtest.charts import bar_chart, timeline
from rules.backtest.result import BacktestResult, Difference, RuleFindings, VariantFindings, zone_of
from rules.backtest.wording import BUCKETS_ZH

_MOST_ROWS: Final = 500
_STYLE: Final = """
:root{color-scheme:light dark;--line:#8885;--soft:#8882;--now:#2f6fd0;--before:#e08a1e;--bad:#c33}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:66rem}
body{margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{margin-top:2.2rem;border-bottom:1px solid var(--line);font-size:1.2rem}h3{font-size:1rem}
.zh{opacity:.7;font-weight:400;margin-left:.5em}th .zh{display:block;margin:0}th,td:first-child{white-space:nowrap}
svg{width:100%;height:auto;background:var(--soft);border-radius:6px;margin:.4rem 0}
svg .now{fill:var(--now)}svg .before{fill:var(--before)}svg .axis{stroke:var(--line)}
svg .tick{font:11px system-ui,sans-serif;fill:currentColor;opacity:.75}
.key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin:0 .3em 0 1em}
.key.now{background:var(--now)}.key.before{background:var(--before)}
table{border-collapse:collapse;width:100%;font-size:14px}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--soft);vertical-align:top}
.n{text-align:right}.error{color:var(--bad)}
"""
_EVENT_HEADS: Final = (
    ("Rule", "规则"), ("Subject", "对象"), ("Since", "起始"), ("Opened", "开启"), ("Cleared", "解除"), ("Open for", "持续"),
)  # fmt: skip


def render_page(result: BacktestResult) -> str:
    """The whole page."""
    zone = zone_of(result)
    names = ", ".join(found.rule for found in result.candidate.rules)
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>{escape(names)} · backtest 回测</title>",
            "<meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href='data:,'>",
            f"<style>{_STYLE}</style><h1>{escape(names)} {_both('Backtest', '规则回测')}</h1>",
            _summary(result, zone),
            _legend(result),
            *(_rule(result, found, zone) for found in result.candidate.rules),
            *(_differences(result.difference, result, zone) if result.difference else ()),
            f"<h2>{_both('Events', '事件')}: {len(result.candidate.events)}</h2>",
            _events(result.candidate.events, zone),
            "</html>",
        )
    )


def _both(english: str, chinese: str) -> str:
    return f"{escape(english)}<span class=zh lang=zh>{escape(chinese)}</span>"


def _summary(result: BacktestResult, zone: ZoneInfo) -> str:
    lines = [
        (("Period", "时段"), f"{_wall(result.from_ms, zone)} – {_wall(result.to_ms, zone)} ({result.timezone})"),
        (("History replayed from", "回放起点"), _wall(result.began_ms, zone)),
        (("Reports, devices", "上报数、设备数"), f"{result.reports:,}, {result.devices:,}"),
    ]
    lines += [
        ((f"Judged, too late ({variant.label})", "已判、过迟"), f"{variant.judged:,}, {variant.too_late:,}")
        for variant in (result.candidate, result.against)
        if variant is not None
    ]
    rows = "".join(f"<tr><th>{_both(*head)}</th><td>{escape(text)}</td></tr>" for head, text in lines)
    return f"<table>{rows}</table>"


def _legend(result: BacktestResult) -> str:
    if result.against is None:
        return ""
    return (
        f"<p><span class='key now'></span>{escape(result.candidate.label)}"
        f"<span class='key before'></span>{escape(result.against.label)}</p>"
    )


def _rule(result: BacktestResult, found: RuleFindings, zone: ZoneInfo) -> str:
    """One rule: its figures, how often it opened, and when its events were open."""
    axis = TimeAxis(result.from_ms, result.to_ms, zone)
    variants = [("now", result.candidate)] + ([("before", result.against)] if result.against else [])
    counted, opened = [], []
    for name, variant in variants:
        own = next((other for other in variant.rules if other.rule == found.rule), None)
        if own is not None:
            counted.append((name, own.per_bucket))
            opened.append((name, [event for event in variant.events if event.rule == found.rule]))
    heads = f"{found.rule}: {found.title.en}"
    every = _both(f"Events per {result.bucket}", f"每{BUCKETS_ZH[result.bucket]}事件数")
    charts = ""
    if any(events for _, events in opened):
        charts = (
            f"<h3>{every}</h3>{bar_chart(axis, result.bucket_starts_ms, counted, f'{heads}, events')}"
            f"<h3>{_both('When they were open', '事件持续时间')}</h3>{timeline(axis, opened, f'{heads}, open')}"
        )
    error = f"<p class=error>{escape(found.error)}</p>" if found.error else ""
    return (
        f"<h2>{escape(found.rule)} {_both(found.title.en, found.title.zh)}</h2>"
        f"{_figures([(variant, v) for _, variant in variants for v in variant.rules if v.rule == found.rule])}"
        f"{error}{charts}"
    )


def _figures(rows: Sequence[tuple[VariantFindings, RuleFindings]]) -> str:
    heads = (
        ("", ""), ("Events", "事件"), ("Subjects", "对象"), ("Still open", "未解除"), ("Withdrawn", "已撤回"),
        ("Absorbed", "并入"), ("Silenced", "静默"), ("Median", "中位时长"), ("Longest", "最长"),
    )  # fmt: skip
    body = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(str(cell))}</td>"
            for cell in (
                variant.label, v.events, v.subjects, v.open_at_end, v.withdrawn, v.absorbed, v.silenced,
                duration(v.median_duration_ms), duration(v.longest_duration_ms),
            )
        )
        + "</tr>"
        for variant, v in rows
    )  # fmt: skip
    return f"<table><tr>{''.join(f'<th>{_both(*head)}</th>' for head in heads)}</tr>{body}</table>"


def _differences(difference: Difference, result: BacktestResult, zone: ZoneInfo) -> Iterable[str]:
    assert result.against is not None
    now, before = result.candidate.label, result.against.label
    yield f"<h2>{_both('Differences', '差异')}</h2>"
    for events, english, chinese in (
        (difference.only_now, f"Only {now}", "仅新规则"),
        (difference.only_before, f"Only {before}", "仅对比规则"),
    ):
        yield f"<h3>{_both(english, chinese)}: {len(events)}</h3>{_events(events, zone) if events else ''}"
    yield f"<h3>{_both('In both, with other times or marks', '两者皆有，时间或标记不同')}: {len(difference.changed)}</h3>"
    if difference.changed:
        rows = [
            (label, *_cells(event, zone))
            for change in difference.changed[:_MOST_ROWS]
            for label, event in ((before, change.before), (now, change.now))
        ]
        yield _table((("", ""), *_EVENT_HEADS), rows)
    yield f"<p>{_both('Alike in both', '两者相同')}: {difference.same}</p>"


def _events(events: Sequence[Event], zone: ZoneInfo) -> str:
    rest = f"<p>… {len(events) - _MOST_ROWS:,} more / 其余从略</p>" if len(events) > _MOST_ROWS else ""
    return _table(_EVENT_HEADS, [_cells(event, zone) for event in events[:_MOST_ROWS]]) + rest


def _cells(event: Event, zone: ZoneInfo) -> tuple[str, ...]:
    cleared_ms = event.cleared_at_ms
    return (
        event.rule,
        event.subject,
        _wall(event.since_ms, zone),
        _wall(event.opened_at_ms, zone),
        "–" if cleared_ms is None else _wall(cleared_ms, zone),
        duration(None if cleared_ms is None else cleared_ms - event.opened_at_ms),
    )


def _table(heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{_both(*names)}</th>" for names in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _wall(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"
