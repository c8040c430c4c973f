"""A score in the terminal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from domain.time.units import DAY_MS
from reporting.wording.durations import duration
from urbansense.commands.terminal.output import err, out, print_rows
from urbansense.commands.terminal.times import local_time
from urbansense.evaluation.scoring.grading import Bar, Matched, Score
from urbansense.evaluation.scoring.grading.figures import Delays, Share
from urbansense.evaluation.scoring.grading.findings import Finding
from urbansense.evaluation.scoring.practice.rehearsal import Rehearsal
from urbansense.evaluation.scoring.report.markdown import markdown_of
from urbansense.evaluation.scoring.report.page import render_page


@dataclass(frozen=True, slots=True)
class ScoreFiles:
    """The files that a score is written to, None where nobody asked for one."""

    html: Path | None
    markdown: Path | None
    json: Path | None

    def write(
        self, matched: Matched, result: Score, bars: Sequence[Bar], document: dict[str, Any], zone: ZoneInfo
    ) -> None:
        if self.html is not None:
            self.html.write_text(render_page(matched, result, bars, zone), encoding="utf-8")
            err.print(f"page written to {self.html}", markup=False)
        if self.markdown is not None:
            self.markdown.write_text(markdown_of(result, zone), encoding="utf-8")
            err.print(f"tables written to {self.markdown}", markup=False)
        if self.json is not None:
            self.json.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
            err.print(f"figures written to {self.json}", markup=False)


def print_score(score: Score, zone: ZoneInfo, most: int) -> None:
    """The figures, and at most so many misses and so many events that should not have been."""
    days = (score.to_ms - score.from_ms) / DAY_MS
    watched = "" if score.devices is None else f", {score.devices:,} devices"
    out.print(
        f"{local_time(score.from_ms, zone)} to {local_time(score.to_ms, zone)} ({zone.key}), {days:.3g} days{watched}",
        markup=False,
    )
    _print_overall(score)
    _print_faults(score)
    _print_problems(score)
    _print_rules(score)
    _print_findings("faults missed or told too late", score.misses, zone, most)
    _print_findings("false and repeated events", score.strays, zone, most)


def print_rehearsal(rehearsal: Rehearsal) -> None:
    practice = rehearsal.practice
    line = (
        f"\npractised on {practice.reports:,} reports in {practice.took_s:.1f} s, {practice.reports_per_s:,.0f} a second; "
        f"{practice.judged:,} judged, {practice.too_late:,} too late"
    )
    refused = ", ".join(f"{count:,} {reason}" for reason, count in sorted(rehearsal.rejected.items()))
    out.print(line + (f"; refused by the gateway: {refused}" if refused else ""), markup=False)
    for rule, error in sorted(practice.errors.items()):
        out.print(f"  {rule} failed on some reports: {error}", style="red", markup=False)


def print_bars(bars: Iterable[Bar]) -> None:
    for bar in bars:
        out.print(f"{'holds' if bar.holds else 'MISSED'}  {bar.words}", style="green" if bar.holds else "bold red")


def _print_overall(score: Score) -> None:
    labels, events = score.overall.labels, score.overall.events
    rate = events.false_per_1000_device_days
    rows = [
        ("recall, in time", *share_cells(labels.recall)),
        ("recall, late ones too", *share_cells(labels.recall_ever)),
        ("recall without the hard ones", *share_cells(labels.recall_without_excuse)),
        ("precision", *share_cells(events.precision)),
    ]
    print_rows(("", "share", "95 % interval", "counted"), rows, "")
    out.print(
        f"faults    {labels.asked} asked = {labels.in_time} in time + {labels.late} late + {labels.missed} missed; "
        f"{labels.open} open, not counted"
    )
    out.print(
        f"events    {events.right} right, {events.repeated} repeated, {events.false} false, {events.explained} explained, "
        f"{events.withdrawn} withdrawn" + ("" if rate is None else f"; {rate:.2f} false per 1,000 device-days")
    )
    decoys = score.decoys
    out.print(f"decoys    {decoys.quiet} kept quiet, {decoys.disturbed} disturbed; {decoys.open} open, not counted")
    out.print(f"delay     to the opening {_delay_words(labels.opened)}; until told {_delay_words(labels.told)}")


def _print_faults(score: Score) -> None:
    out.print("\nby kind of fault", style="bold")
    rows = []
    for kind, figures in score.faults.items():
        labels, decoys = figures.labels, figures.decoys
        kept = f"{decoys.quiet} of {decoys.quiet + decoys.disturbed}" if decoys.quiet + decoys.disturbed else ""
        rows.append((kind, *share_cells(labels.recall), labels.late, labels.missed, kept, *delay_cells(labels.opened)))
    columns = ("fault", "recall", "95 % interval", "in time", "late", "missed", "kept quiet", "delay p50", "p95", "max")
    print_rows(columns, rows, "no fault")


def _print_problems(score: Score) -> None:
    out.print("\nby problem", style="bold")
    rows = [
        (
            problem,
            *share_cells(figures.labels.recall)[:2],
            figures.labels.asked,
            *share_cells(figures.events.precision)[:2],
            figures.events.right,
            figures.events.repeated + figures.events.false,
        )
        for problem, figures in score.problems.items()
    ]
    columns = ("problem", "recall", "95 % interval", "asked", "precision", "95 % interval", "right", "not right")
    print_rows(columns, rows, "no problem")


def _print_rules(score: Score) -> None:
    out.print("\nby rule", style="bold")
    rows = []
    for rule, figures in score.rules.items():
        events = figures.events
        counts = (events.right, events.repeated, events.false, events.explained, events.withdrawn)
        rows.append((rule, *share_cells(events.precision)[:2], *counts, *delay_cells(figures.opened)))
    columns = (
        "rule", "precision", "95 % interval", "right", "repeated", "false", "explained", "withdrawn",
        "delay p50", "p95", "max",
    )  # fmt: skip
    print_rows(columns, rows, "no event")


def _print_findings(what: str, findings: Sequence[Finding], zone: ZoneInfo, most: int) -> None:
    out.print(f"\n{what}: {len(findings)}", style="bold")
    if findings[:most]:
        rows = [(f.verdict, f.what, f.where, local_time(f.at_ms, zone), f.why) for f in findings[:most]]
        print_rows(("", "fault or rule", "device or group", "at", "why"), rows, "")
    if len(findings) > most:
        out.print(f"… and {len(findings) - most} more; raise --list, or use --html or --json")


def share_cells(share: Share) -> tuple[str, str, str]:
    """A share, its interval and what it is of, in words; empty where there is nothing to share."""
    if share.share is None or share.low is None or share.high is None:
        return "", "", ""
    return f"{share.share:.4f}", f"{share.low:.4f} – {share.high:.4f}", f"{share.hits} of {share.of}"


def delay_cells(delays: Delays) -> tuple[str, str, str]:
    """p50, p95 and the largest in words, empty where none is known."""
    p50, p95, most = ("" if ms is None else duration(ms) for ms in (delays.p50_ms, delays.p95_ms, delays.max_ms))
    return p50, p95, most


def _delay_words(delays: Delays) -> str:
    if not delays.known:
        return "unknown"
    p50, p95, most = delay_cells(delays)
    return f"p50 {p50}, p95 {p95}, max {most}"
