"""A score as one HTML page that needs nothing else: figures, timelines, every miss and every false event."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from reporting.charts.time_axis import TimeAxis
from urbansense.evaluation.scoring.grading import Bar, Matched, Score, ScoredEvent
from urbansense.evaluation.scoring.grading.findings import Finding, duration
from urbansense.evaluation.scoring.grading.verdicts import EventVerdict, JudgedLabel, LabelOutcome
from urbansense.evaluation.scoring.report.tables import (
    both,
    delay_words,
    faults_table,
    interval,
    percent,
    problems_table,
    rules_table,
    table,
)
from urbansense.evaluation.scoring.report.timeline import CSS_OF, overview, sampled, strip

_MOST_FINDINGS: Final = 2_000
_MOST_WELL: Final = 200
_STYLE: Final = """
:root{color-scheme:light dark;--line:#8885;--soft:#8882;--good:#2f7fd0;--late:#d98a1e;--missed:#d0342c;--quiet:#8a94a0;
--text:#1b1f24;--page:#fff;--bad:#b3261e;--slow:#8a5300;--fine:#1a6b3c}
@media (prefers-color-scheme:dark){:root{--good:#5aa5ee;--late:#f0ac4a;--missed:#ff6b61;--quiet:#7b8794;--text:#e4e7eb;
--page:#15181c;--bad:#ff8a80;--slow:#f0ac4a;--fine:#7fd6a0}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:var(--text);background:var(--page);
max-width:74rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{margin-top:2.4rem;border-bottom:1px solid var(--line);font-size:1.2rem}
.zh{opacity:.7;font-weight:400;margin-left:.5em}th .zh{display:block;margin:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:.8rem;margin:1.2rem 0}
.card{background:var(--soft);border-radius:8px;padding:.7rem 1rem}.card b{display:block;font-size:1.7rem;font-weight:600}
.card small{opacity:.8}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
td,th{text-align:left;padding:.25rem .8rem .25rem 0;border-bottom:1px solid var(--soft);vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.once{white-space:nowrap}
svg{width:100%;height:auto}svg.all{background:var(--soft);border-radius:6px;min-width:44rem}
svg.all rect{stroke:var(--page);stroke-width:.5}
svg.strip{width:300px;height:20px;background:var(--soft);border-radius:4px}
.good{fill:var(--good)}.late{fill:var(--late)}.missed,.false{fill:var(--missed)}.quiet,.open{fill:var(--quiet)}
svg .open{opacity:.45}svg .axis{stroke:var(--line)}svg .deadline{stroke:var(--text);stroke-dasharray:2 2;opacity:.8}
svg .tick{font:11px system-ui,sans-serif;fill:var(--text);opacity:.85}svg .tick.wrong{fill:var(--bad);opacity:1}
svg .mark{fill:var(--page);stroke:var(--text);stroke-width:1.6}svg .mark.wrong{stroke:var(--missed);stroke-width:2}
svg .cross{stroke:var(--missed);stroke-width:2;fill:none}
.key{display:inline-block;width:.9em;height:.9em;border-radius:3px;margin:0 .35em 0 1em;vertical-align:-.1em}
.key:first-child{margin-left:0}.key.good{background:var(--good)}.key.late{background:var(--late)}
.key.missed{background:var(--missed)}.key.quiet{background:var(--quiet)}.key.open{background:var(--quiet);opacity:.45}.key.false{background:var(--missed)}
.ok{color:var(--fine)}.bad{color:var(--bad);font-weight:600}
.slow{color:var(--slow);font-weight:600}.why{min-width:14rem}summary{cursor:pointer;margin:.8rem 0}
"""


def render_page(matched: Matched, score: Score, bars: Sequence[Bar], zone: ZoneInfo) -> str:
    """The whole page.

    Shape: every miss and every false event, up to 2,000 of each; of what went well a sample of 200 rows, folded away. So
    a page of thousands of labels stays below a few megabytes.
    """
    axis = TimeAxis(score.from_ms, score.to_ms, zone)
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8><title>Score 评分 · urbansense</title>",
            "<meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href='data:,'>",
            f"<style>{_STYLE}</style><h1>{both('How good the rules are', '规则评分')}</h1>",
            f"<p>{_wall(score.from_ms, zone)} – {_wall(score.to_ms, zone)} ({escape(zone.key)})"
            + ("" if score.devices is None else f" · {score.devices:,} {both('devices', '台设备')}")
            + "</p>",
            _bars(bars),
            _cards(score),
            f"<h2>{both('When', '时间线')}</h2>{_legend()}<div class=wide>",
            overview(matched, axis).replace("<svg ", '<svg class="all" ', 1),
            "</div>",
            _misses(matched, score, zone),
            _strays(score, zone),
            faults_table(score),
            problems_table(score),
            rules_table(score),
            _well(matched, zone),
            "</html>",
        )
    )


def _wall(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"


def _bars(bars: Sequence[Bar]) -> str:
    lines = (
        f"<div class={'ok' if bar.holds else 'bad'}>{'✓ holds' if bar.holds else '✗ MISSED'}: {escape(bar.words)}</div>"
        for bar in bars
    )
    return "".join(lines)


def _cards(score: Score) -> str:
    labels, events, decoys = score.overall.labels, score.overall.events, score.decoys
    rate = events.false_per_1000_device_days
    cards = (
        (("Recall, in time", "及时召回率"), percent(labels.recall), interval(labels.recall)),
        (("Precision", "准确率"), percent(events.precision), interval(events.precision)),
        (
            ("Delay, median and p95", "延迟"),
            delay_words(labels.opened),
            f"fault to opening; until told {delay_words(labels.told)}",
        ),
        (
            ("False per 1,000 device-days", "每千设备日误报"),
            "–" if rate is None else f"{rate:.2f}",
            f"{events.false} false, {events.repeated} repeated, {events.explained} explained, {events.withdrawn} withdrawn",
        ),
        (
            ("Faults missed", "漏报"),
            str(labels.missed),
            f"of {labels.asked} that ask for an event; {labels.late} late; {labels.open} open, not counted",
        ),
        (
            ("Decoys disturbed", "干扰项误报"),
            str(decoys.disturbed),
            f"of {decoys.quiet + decoys.disturbed} that ask for nothing",
        ),
    )
    body = "".join(
        f"<div class=card>{both(*name)}<b>{escape(figure)}</b><small>{escape(more)}</small></div>"
        for name, figure, more in cards
    )
    return f"<div class=cards>{body}</div>"


def _legend() -> str:
    words = (
        ("good", "in time", "及时"), ("late", "late", "迟报"), ("missed", "missed, or a decoy disturbed", "漏报或误扰"),
        ("quiet", "asks for nothing, kept quiet", "无需报警"), ("open", "not counted", "不计"),
    )  # fmt: skip
    signs = (("✗", "false or repeated event", "误报或重复"), ("┆", "deadline", "时限"), ("○", "event told", "事件"))
    keys = "".join(f"<span class='key {css}'></span>{both(en, zh)}" for css, en, zh in words)
    return f"<p>{keys}<br>{' · '.join(f'{sign} {both(en, zh)}' for sign, en, zh in signs)}</p>"


def _misses(matched: Matched, score: Score, zone: ZoneInfo) -> str:
    by_label = {one.label.label: one for one in matched.labels}
    others: defaultdict[str, list[ScoredEvent]] = defaultdict(list)
    for event in matched.events:
        if event.verdict is not EventVerdict.RIGHT:
            others[event.event.subject].append(event.told)
    rows = []
    for finding in score.misses[:_MOST_FINDINGS]:
        one = by_label[finding.label or ""]
        near = [told for told in others[one.label.place] if one.label.start_ms <= told.heard_ms <= one.label.end_ms]
        rows.append((*_finding_cells(finding, zone), strip(one, near)))
    heads = (
        ("", ""), ("Fault", "故障"), ("Device", "设备"), ("Began", "开始"), ("Asks for", "应报"), ("Why", "原因"), ("", ""),
    )  # fmt: skip
    title = both("Faults missed or told too late", "漏报与迟报")
    return f"<h2 id=misses>{title}: {len(score.misses)}</h2>{table(heads, rows)}{_rest(score.misses)}"


def _strays(score: Score, zone: ZoneInfo) -> str:
    rows = [_finding_cells(finding, zone) for finding in score.strays[:_MOST_FINDINGS]]
    heads = (
        ("", ""), ("Rule", "规则"), ("Device or group", "对象"), ("Opened", "开启"), ("Problem", "问题"), ("Why", "原因"),
    )  # fmt: skip
    title = both("False and repeated events", "误报与重复")
    return f"<h2 id=strays>{title}: {len(score.strays)}</h2>{table(heads, rows)}{_rest(score.strays)}"


def _finding_cells(finding: Finding, zone: ZoneInfo) -> tuple[str, ...]:
    css = "slow" if finding.verdict == LabelOutcome.LATE.value else "bad"
    return (
        f"<span class={css}>{escape(finding.verdict.upper())}</span>",
        f"<span class=once>{escape(finding.what)}</span>",
        f"<span class=once>{escape(finding.where)}</span>",
        f"<span class=once>{_wall(finding.at_ms, zone)}</span>",
        escape(finding.problem),
        f"<div class=why>{escape(finding.why)}</div>",
    )


def _rest(findings: Sequence[Finding]) -> str:
    more = len(findings) - _MOST_FINDINGS
    return f"<p>… {more:,} more, in the JSON / 其余从略</p>" if more > 0 else ""


def _well(matched: Matched, zone: ZoneInfo) -> str:
    """What went well, and what was not counted: a sample, folded away."""
    rest = [one for one in matched.labels if one.outcome not in (LabelOutcome.MISSED, LabelOutcome.LATE)]
    shown = sampled(rest, _MOST_WELL)
    rows = [_well_cells(one, zone) for one in shown]
    heads = (("", ""), ("Fault", "故障"), ("Device", "设备"), ("Began", "开始"), ("Told by", "事件"), ("", ""))
    many = f"{len(shown):,} of {len(rest):,}"
    title = both(f"The other faults: {many}, evenly spread", "其余故障")
    return f"<h2>{both('Each fault', '逐条')}</h2><details><summary>{title}</summary>{table(heads, rows)}</details>"


def _well_cells(one: JudgedLabel, zone: ZoneInfo) -> tuple[str, ...]:
    told = one.answers[0] if one.answers else one.standing
    words = ""
    if told is not None and one.standing is None:
        words = f"{told.event.rule} after {duration(max(told.heard_ms - one.label.start_ms, 0))}"
    elif told is not None:
        words = f"{told.event.rule}, open already"
    return (
        f"<span class='key {CSS_OF[one.outcome]}'></span>{escape(one.outcome.value)}",
        escape(one.label.kind),
        f"<span class=once>{escape(one.label.place)}</span>",
        f"<span class=once>{_wall(one.label.start_ms, zone)}</span>",
        escape(words),
        strip(one),
    )
