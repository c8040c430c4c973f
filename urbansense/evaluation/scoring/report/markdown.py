"""A score as tables of Markdown, for a page that is kept beside the rules."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from reporting.wording.durations import duration
from reporting.wording.instants import wall_to_the_second
from urbansense.evaluation.scoring.grading import Score
from urbansense.evaluation.scoring.grading.figures import Delays, Share
from urbansense.evaluation.scoring.grading.findings import Finding


def markdown_of(score: Score, zone: ZoneInfo) -> str:
    """Overall, by kind of fault, by rule, and every miss and false event. The same score gives the same text.

    Shape: lines that end with LF, tables under headings of the third level; times in `zone`. Nothing of it depends on the
    machine or on the day.
    """
    parts = (
        ("Overall", _table(("figure", "share", "95 % interval", "counted"), _overall(score))),
        ("", "\n".join(_sentences(score)) + "\n"),
        ("By kind of fault", _table(_FAULT_COLUMNS, _faults(score))),
        ("By rule", _table(_RULE_COLUMNS, _rules(score))),
        ("Missed or late", _findings(score.misses, zone)),
        ("False or repeated", _findings(score.strays, zone)),
    )
    return "\n".join(f"### {title}\n\n{text}" if title else text for title, text in parts)


_FAULT_COLUMNS = ("fault", "in time", "recall", "95 % interval", "late", "missed", "decoys quiet", "p50", "p95", "max")
_RULE_COLUMNS = ("rule", "right", "repeated", "false", "95 % interval", "explained", "withdrawn", "p50", "p95", "max")


def _overall(score: Score) -> list[tuple[str, ...]]:
    labels, events = score.overall.labels, score.overall.events
    rows = (
        ("recall, in time", labels.recall),
        ("recall, late ones too", labels.recall_ever),
        ("recall without the hard ones", labels.recall_without_excuse),
        ("precision", events.precision),
    )
    return [(name, _share(share), _interval(share), _counted(share)) for name, share in rows]


def _sentences(score: Score) -> list[str]:
    labels, events, decoys = score.overall.labels, score.overall.events, score.decoys
    hard = labels.asked - labels.recall_without_excuse.of
    rate = events.false_per_1000_device_days
    return [
        f"- Faults: {labels.asked} asked for, {hard} of them hard; {labels.in_time} told in time, {labels.late} late, "
        f"{labels.missed} missed; {labels.open} open, not counted.",
        f"- Events: {events.right} right, {events.repeated} repeated, {events.false} false"
        + ("" if rate is None else f" ({rate:.2f} per 1,000 device-days)")
        + f"; {events.explained} explained, {events.withdrawn} withdrawn, not counted.",
        f"- Decoys: {decoys.quiet} kept quiet, {decoys.disturbed} disturbed.",
        f"- From the start of a fault to the opening of its event: {_delay_words(labels.opened)}; until it was told: "
        f"{_delay_words(labels.told)}.",
    ]


def _faults(score: Score) -> list[tuple[str, ...]]:
    return [
        (
            f"`{kind}`",
            _counted(one.labels.recall) if one.labels.asked else "",
            _share(one.labels.recall),
            _interval(one.labels.recall),
            str(one.labels.late or ""),
            str(one.labels.missed or ""),
            f"{one.decoys.quiet} of {of}" if (of := one.decoys.quiet + one.decoys.disturbed) else "",
            *_delays(one.labels.opened),
        )
        for kind, one in score.faults.items()
    ]


def _rules(score: Score) -> list[tuple[str, ...]]:
    return [
        (
            f"`{name}`",
            str(one.events.right),
            str(one.events.repeated or ""),
            str(one.events.false or ""),
            _interval(one.events.precision),
            str(one.events.explained or ""),
            str(one.events.withdrawn or ""),
            *_delays(one.opened),
        )
        for name, one in score.rules.items()
    ]


def _findings(found: Sequence[Finding], zone: ZoneInfo) -> str:
    if not found:
        return "None.\n"
    rows = [
        (one.verdict, f"`{one.what}`", f"`{one.where}`", wall_to_the_second(one.at_ms, zone), one.why) for one in found
    ]
    return _table(("", "what", "where", "when", "why"), rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _share(share: Share) -> str:
    return "" if share.share is None else f"{share.share:.4f}"


def _interval(share: Share) -> str:
    return "" if share.low is None or share.high is None else f"{share.low:.4f} to {share.high:.4f}"


def _counted(share: Share) -> str:
    return f"{share.hits} of {share.of}"


def _delays(delays: Delays) -> tuple[str, str, str]:
    p50, p95, most = ("" if ms is None else duration(ms) for ms in (delays.p50_ms, delays.p95_ms, delays.max_ms))
    return p50, p95, most


def _delay_words(delays: Delays) -> str:
    if not delays.known:
        return "not known"
    p50, p95, most = _delays(delays)
    return f"p50 {p50}, p95 {p95}, max {most}"
