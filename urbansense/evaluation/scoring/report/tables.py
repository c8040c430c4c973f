"""The figures of a score as tables of its page."""

from typing import Final

from reporting.pages.cells import Marked, PageTable
from reporting.wording.durations import duration
from reporting.wording.shares import percent
from urbansense.evaluation.scoring.grading import Score
from urbansense.evaluation.scoring.grading.figures import Delays, Share

_DELAY_HEADS: Final = (("Delay p50", "延迟中位"), ("p95", "p95"), ("max", "最大"))


def faults_table(score: Score) -> PageTable:
    rows = []
    for kind, figures in score.faults.items():
        labels, decoys = figures.labels, figures.decoys
        judged = decoys.quiet + decoys.disturbed
        recall = (percent(labels.recall.share, 2), interval(labels.recall)) if labels.asked else ("", "")
        rows.append(
            (kind, *recall, str(labels.late or ""), _red(labels.missed), str(labels.open + decoys.open or ""),
             f"{decoys.quiet} / {judged}" if judged else "", *delay_cells(labels.opened))
        )  # fmt: skip
    heads = (
        ("Fault", "故障"), ("Recall", "召回率"), ("95 % interval", "区间"), ("Late", "迟"), ("Missed", "漏"),
        ("Open", "不计"), ("Kept quiet", "未误扰"), *_DELAY_HEADS,
    )  # fmt: skip
    return PageTable(("By kind of fault", "按故障"), heads, rows, numbers=range(1, 10))


def problems_table(score: Score) -> PageTable:
    rows = []
    for problem, figures in score.problems.items():
        labels, events = figures.labels, figures.events
        recall = (percent(labels.recall.share, 2), interval(labels.recall)) if labels.asked else ("", "")
        precision = (
            (percent(events.precision.share, 2), interval(events.precision)) if events.precision.of else ("", "")
        )
        rows.append((problem, *recall, *precision))
    heads = (
        ("Problem", "问题"), ("Recall", "召回率"), ("95 % interval", "区间"), ("Precision", "准确率"),
        ("95 % interval", "区间"),
    )  # fmt: skip
    return PageTable(("By problem", "按问题"), heads, rows, numbers=range(1, 5))


def rules_table(score: Score) -> PageTable:
    rows = []
    for rule, figures in score.rules.items():
        events = figures.events
        precision = (
            (percent(events.precision.share, 2), interval(events.precision)) if events.precision.of else ("", "")
        )
        rows.append(
            (rule, *precision, str(events.right), _red(events.repeated), _red(events.false),
             str(events.explained or ""), str(events.withdrawn or ""), *delay_cells(figures.opened))
        )  # fmt: skip
    heads = (
        ("Rule", "规则"), ("Precision", "准确率"), ("95 % interval", "区间"), ("Right", "正确"), ("Repeated", "重复"),
        ("False", "误报"), ("Explained", "有因"), ("Withdrawn", "撤回"), *_DELAY_HEADS,
    )  # fmt: skip
    return PageTable(("By rule", "按规则"), heads, rows, numbers=range(1, 11))


def delay_cells(delays: Delays) -> tuple[str, str, str]:
    """p50, p95 and the largest, empty where none is known."""
    p50, p95, most = ("" if ms is None else duration(ms) for ms in (delays.p50_ms, delays.p95_ms, delays.max_ms))
    return p50, p95, most


def delay_words(delays: Delays) -> str:
    """Median and p95."""
    return " / ".join(delay_cells(delays)[:2]) if delays.known else "unknown"


def interval(share: Share) -> str:
    """What a share is of, and its 95 % interval."""
    if share.low is None or share.high is None:
        return f"{share.hits} of {share.of}"
    return f"{share.hits} of {share.of}: {100 * share.low:.1f} – {100 * share.high:.1f} %"


def _red(count: int) -> Marked:
    return Marked(str(count or ""), "bad")
