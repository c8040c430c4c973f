"""A score as one HTML page that needs nothing else: figures, timelines, every miss and every false event."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from markupsafe import Markup

from reporting.charts.time_axis import TimeAxis
from reporting.pages.cells import Cell, Keyed, Marked, PageTable, Title
from reporting.pages.environment import render
from reporting.wording.durations import duration
from reporting.wording.instants import wall_to_the_second
from reporting.wording.shares import percent
from urbansense.evaluation.scoring.grading import Bar, Matched, Score, ScoredEvent
from urbansense.evaluation.scoring.grading.findings import Finding
from urbansense.evaluation.scoring.grading.verdicts import EventVerdict, JudgedLabel, LabelOutcome
from urbansense.evaluation.scoring.report.tables import (
    delay_words,
    faults_table,
    interval,
    problems_table,
    rules_table,
)
from urbansense.evaluation.scoring.report.timeline import CSS_OF, overview, sampled, strip

_MOST_FINDINGS: Final = 2_000
_MOST_WELL: Final = 200
_KEYS: Final = (
    ("good", "in time", "及时"), ("late", "late", "迟报"), ("missed", "missed, or a decoy disturbed", "漏报或误扰"),
    ("quiet", "asks for nothing, kept quiet", "无需报警"), ("open", "not counted", "不计"),
)  # fmt: skip
_SIGNS: Final = (("✗", "false or repeated event", "误报或重复"), ("┆", "deadline", "时限"), ("○", "event told", "事件"))
_MISS_HEADS: Final = (
    ("", ""), ("Fault", "故障"), ("Device", "设备"), ("Began", "开始"), ("Asks for", "应报"), ("Why", "原因"), ("", ""),
)  # fmt: skip
_STRAY_HEADS: Final = (
    ("", ""), ("Rule", "规则"), ("Device or group", "对象"), ("Opened", "开启"), ("Problem", "问题"), ("Why", "原因"),
)  # fmt: skip
_OTHER_HEADS: Final = (
    ("", ""),
    ("Fault", "故障"),
    ("Device", "设备"),
    ("Began", "开始"),
    ("Told by", "事件"),
    ("", ""),
)

_Card = tuple[Title, str, str]


@dataclass(frozen=True, slots=True)
class ScoreView:
    """What stands on the page, in its order. `more_misses` and `more_strays` count the findings that are left out."""

    period: str
    devices: int | None
    bars: Sequence[Marked]
    cards: Sequence[_Card]
    overview: Markup
    misses: PageTable
    more_misses: int
    strays: PageTable
    more_strays: int
    figures: Sequence[PageTable]
    others: PageTable
    keys: Sequence[tuple[str, str, str]] = _KEYS
    signs: Sequence[tuple[str, str, str]] = _SIGNS


def render_page(matched: Matched, score: Score, bars: Sequence[Bar], zone: ZoneInfo) -> str:
    """The whole page.

    Shape: every miss and every false event, up to 2,000 of each; of what went well a sample of 200 rows, folded away. So
    a page of thousands of labels stays below a few megabytes.
    """
    view = view_of(matched, score, bars, zone)
    return render("urbansense.evaluation.scoring.report", "page.jinja", view=view)


def view_of(matched: Matched, score: Score, bars: Sequence[Bar], zone: ZoneInfo) -> ScoreView:
    """The score in texts, tables and charts."""
    begin, end = wall_to_the_second(score.from_ms, zone), wall_to_the_second(score.to_ms, zone)
    return ScoreView(
        period=f"{begin} – {end} ({zone.key})",
        devices=score.devices,
        bars=[
            Marked(f"✓ holds: {bar.words}", "ok") if bar.holds else Marked(f"✗ MISSED: {bar.words}", "bad")
            for bar in bars
        ],
        cards=_cards(score),
        overview=overview(matched, TimeAxis(score.from_ms, score.to_ms, zone)),
        misses=_misses(matched, score.misses[:_MOST_FINDINGS], zone),
        more_misses=max(len(score.misses) - _MOST_FINDINGS, 0),
        strays=PageTable(
            ("False and repeated events", "误报与重复"),
            _STRAY_HEADS,
            [_finding_cells(finding, zone) for finding in score.strays[:_MOST_FINDINGS]],
        ),
        more_strays=max(len(score.strays) - _MOST_FINDINGS, 0),
        figures=(faults_table(score), problems_table(score), rules_table(score)),
        others=_others(matched, zone),
    )


def _cards(score: Score) -> tuple[_Card, ...]:
    labels, events, decoys = score.overall.labels, score.overall.events, score.decoys
    rate = events.false_per_1000_device_days
    return (
        (("Recall, in time", "及时召回率"), percent(labels.recall.share, 2), interval(labels.recall)),
        (("Precision", "准确率"), percent(events.precision.share, 2), interval(events.precision)),
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


def _misses(matched: Matched, findings: Sequence[Finding], zone: ZoneInfo) -> PageTable:
    by_label = {one.label.label: one for one in matched.labels}
    others: defaultdict[str, list[ScoredEvent]] = defaultdict(list)
    for event in matched.events:
        if event.verdict is not EventVerdict.RIGHT:
            others[event.event.subject].append(event.scored)
    rows = []
    for finding in findings:
        one = by_label[finding.label or ""]
        near = [event for event in others[one.label.place] if one.label.start_ms <= event.found_ms <= one.label.end_ms]
        rows.append((*_finding_cells(finding, zone), strip(one, near)))
    return PageTable(("Faults missed or told too late", "漏报与迟报"), _MISS_HEADS, rows)


def _finding_cells(finding: Finding, zone: ZoneInfo) -> tuple[Cell, ...]:
    return (
        Marked(finding.verdict.upper(), "slow" if finding.verdict == LabelOutcome.LATE.value else "bad"),
        Marked(finding.what, "once"),
        Marked(finding.where, "once"),
        Marked(wall_to_the_second(finding.at_ms, zone), "once"),
        finding.problem,
        Marked(finding.why, "why"),
    )


def _others(matched: Matched, zone: ZoneInfo) -> PageTable:
    """What went well, and what was not counted: a sample, folded away."""
    rest = [one for one in matched.labels if one.outcome not in (LabelOutcome.MISSED, LabelOutcome.LATE)]
    shown = sampled(rest, _MOST_WELL)
    title = f"The other faults: {len(shown):,} of {len(rest):,}, evenly spread"
    return PageTable((title, "其余故障"), _OTHER_HEADS, [_well_cells(one, zone) for one in shown])


def _well_cells(one: JudgedLabel, zone: ZoneInfo) -> tuple[Cell, ...]:
    answer = one.answers[0] if one.answers else one.standing
    words = ""
    if answer is not None and one.standing is None:
        words = f"{answer.event.rule} after {duration(max(answer.found_ms - one.label.start_ms, 0))}"
    elif answer is not None:
        words = f"{answer.event.rule}, open already"
    return (
        Keyed(one.outcome.value, CSS_OF[one.outcome]),
        one.label.kind,
        Marked(one.label.place, "once"),
        Marked(wall_to_the_second(one.label.start_ms, zone), "once"),
        words,
        strip(one),
    )
