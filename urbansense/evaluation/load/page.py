"""A load report as one HTML page that needs nothing else: verdicts, figures, and what happened second by second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from domain.time.durations import format_instant
from reporting.charts.lines import Band, Line, css_of, line_chart
from reporting.pages.cells import Cell, Marked
from reporting.pages.environment import render
from urbansense.evaluation.load.report import Latency, LoadReport

_MARK_MS: Final = 1000.0
_NAMES: Final = {
    "log": "device → log", "store": "device → store", "event": "device → event", "driver": "driver lag",
    "send": "send lag",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChartView:
    """A chart, and the CSS class and name of each of its lines."""

    picture: Markup
    keys: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LoadView:
    """What stands on the page, as texts in their order."""

    offered: str
    achieved: str
    verdict: Marked
    what: str
    thresholds: Sequence[Sequence[Cell]]
    messages: Sequence[Sequence[Cell]]
    latencies: Sequence[Sequence[Cell]]
    services: Sequence[Sequence[Cell]]
    recovery: str
    rate: ChartView
    latency: ChartView
    usage: ChartView
    mark: str
    left_out: Sequence[str]


def report_page(report: LoadReport) -> str:
    """The whole page."""
    return render("urbansense.evaluation.load", "page.jinja", view=view_of(report))


def view_of(report: LoadReport) -> LoadView:
    """The figures of a report in words."""
    bands = [Band(*report.asked.outage_s, "outage")] if report.asked.outage_s else []
    return LoadView(
        offered=f"{report.asked.offered_per_s:,.0f}",
        achieved=f"{report.achieved_per_s:,.0f}",
        verdict=Marked("passes", "good") if report.passed else Marked("FAILS", "bad"),
        what=_what(report),
        thresholds=[
            (v.threshold, v.asked, v.reached, Marked("holds", "good") if v.holds else Marked("MISSED", "bad"))
            for v in report.verdicts
        ],
        messages=_messages(report),
        latencies=_latencies(report.latency),
        services=[(u.name, f"{u.cpu_s:.1f} s", f"{u.cores:.2f}", f"{u.memory_mb:,.0f} MB") for u in report.services],
        recovery=_recovery(report),
        rate=_rate(report, bands),
        latency=_latency(report, bands),
        usage=_chart([Line(name, points) for name, points in report.usage.items()], "cores", bands),
        mark=f"{_MARK_MS / 1000:g} s",
        left_out=report.left_out,
    )


def _what(report: LoadReport) -> str:
    asked = report.asked
    return (
        f"{format_instant(report.began_ms)}, profile {asked.profile}, {asked.duration_s:g} s; {asked.devices:,} devices of "
        f"kind {asked.kind} on {asked.connections:,} MQTT {asked.mqtt_version} connections at QoS {asked.qos}, "
        f"{asked.processes} sending. Latencies count from the intended send time."
    )


def _messages(report: LoadReport) -> list[tuple[str, ...]]:
    """Names and figures, two pairs a row."""
    messages, log, events = report.messages, report.log, report.events
    figures = (
        ("offered", messages.offered), ("sent", messages.sent), ("acknowledged", messages.acknowledged),
        ("refused", messages.refused), ("unanswered", messages.unanswered), ("sent again", messages.resent),
        ("reconnects", messages.reconnects), ("on the log", log.seen), ("lost", log.lost),
        ("duplicates", log.duplicates), ("events expected", events.expected), ("events seen", events.seen),
    )  # fmt: skip
    pairs = [(name, "–" if count is None else f"{count:,}") for name, count in figures]
    half = len(pairs) // 2
    return [(*left, *right) for left, right in zip(pairs[:half], pairs[half:], strict=True)]


def _latencies(latencies: Mapping[str, Latency]) -> list[tuple[str, ...]]:
    return [
        (_NAMES[name], f"{one.count:,}", *map(_ms, (one.p50, one.p95, one.p99, one.max)))
        for name, one in latencies.items()
    ]


def _recovery(report: LoadReport) -> str:
    """Empty where there was no outage."""
    if report.asked.outage_s is None:
        return ""
    return "not within the run" if report.recovery_s is None else f"{report.recovery_s:.0f} s"


def _rate(report: LoadReport, bands: Sequence[Band]) -> ChartView:
    seconds = report.timeline
    offered = [(s.second, s.offered) for s in seconds if s.second < report.asked.duration_s]
    lines = [
        Line("acknowledged", [(s.second, s.acknowledged) for s in seconds]),
        Line("arrived on the log", [(s.second, s.arrived) for s in seconds]),
        Line("offered", offered, dashed=True),
    ]
    return _chart(lines, "/s", bands)


def _latency(report: LoadReport, bands: Sequence[Band]) -> ChartView:
    seconds = report.timeline
    lines = [
        Line("device → log p50", [(s.second, s.log_p50) for s in seconds]),
        Line("device → log p99", [(s.second, s.log_p99) for s in seconds]),
        Line("device → event p99", [(s.second, s.event_p99) for s in seconds]),
    ]
    return ChartView(line_chart(lines, "ms", logarithmic=True, bands=bands, mark=_MARK_MS), _keys(lines))


def _chart(lines: Sequence[Line], unit: str, bands: Sequence[Band]) -> ChartView:
    return ChartView(line_chart(lines, unit, bands=bands), _keys(lines))


def _keys(lines: Sequence[Line]) -> list[tuple[str, str]]:
    return [(css_of(number), line.name) for number, line in enumerate(lines)]


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"
