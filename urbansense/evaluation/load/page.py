"""A load report as one HTML page that needs nothing else: verdicts, figures, and what happened second by second."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from domain.time.durations import format_instant
from reporting.charts.lines import Band, Line, line_chart
from urbansense.evaluation.load.report import LoadReport

_STYLE: Final = """
:root{color-scheme:light dark;--line:#8885;--soft:#8881;--good:#23863a;--bad:#c33}
@media(prefers-color-scheme:dark){:root{--good:#5cc973;--bad:#ff7b72}}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin-top:2.2rem;border-bottom:1px solid var(--line)}
table{border-collapse:collapse;width:100%;font-size:14px}
td,th{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
td.n+td:not(.n){padding-left:2.5rem}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}.soft{opacity:.75}
svg{width:100%;height:auto;background:var(--soft);border-radius:6px;margin:.4rem 0 0}
svg .grid{stroke:var(--line);stroke-width:.6}svg .band{fill:#e08a1e;opacity:.18}
svg .mark{stroke:var(--bad);stroke-width:1.2;stroke-dasharray:2 3}
svg .tick{font:11px system-ui,sans-serif;fill:currentColor;opacity:.75}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round}
.legend{margin:.2rem 0 0;font-size:13px}.legend span{margin-right:1.2em;white-space:nowrap}
.key{display:inline-block;width:.8em;height:.8em;border-radius:2px;margin-right:.4em}
""" + "".join(
    f".line.c{n}{{stroke:{colour}}}.key.c{n}{{background:{colour}}}"
    for n, colour in enumerate(("#3b82d6", "#e0861a", "#2f9e58", "#c2459a", "#8a63d2", "#17a2a2", "#d0493e", "#8c8c8c"))
)
_MARK_MS: Final = 1000.0
_NAMES: Final = {
    "log": "device → log", "store": "device → store", "event": "device → event", "driver": "driver lag",
    "send": "send lag",
}  # fmt: skip


def report_page(report: LoadReport) -> str:
    """The whole page."""
    asked = report.asked
    verdict = "<span class=good>passes</span>" if report.passed else "<span class=bad>FAILS</span>"
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8>",
            f"<title>Load: {asked.offered_per_s:,.0f} messages/s</title>",
            "<meta name=viewport content='width=device-width,initial-scale=1'><link rel=icon href='data:,'>",
            f"<style>{_STYLE}</style><h1>Load of {asked.offered_per_s:,.0f} messages/s: {verdict}</h1>",
            f"<p class=soft>{escape(_what(report))}</p>",
            *_verdicts(report),
            *_figures(report),
            *_charts(report),
            *_services(report),
            *(f"<p class=soft>Left out: {escape(line)}</p>" for line in report.left_out),
            "</html>",
        )
    )


def _what(report: LoadReport) -> str:
    asked = report.asked
    return (
        f"{format_instant(report.began_ms)}, profile {asked.profile}, {asked.duration_s:g} s; {asked.devices:,} devices of "
        f"kind {asked.kind} on {asked.connections:,} MQTT {asked.mqtt_version} connections at QoS {asked.qos}, "
        f"{asked.processes} sending. Latencies count from the intended send time."
    )


def _verdicts(report: LoadReport) -> Iterable[str]:
    yield "<h2>Thresholds</h2>"
    rows = [
        (
            v.threshold,
            v.asked,
            v.reached,
            "<span class=good>holds</span>" if v.holds else "<span class=bad>MISSED</span>",
        )
        for v in report.verdicts
    ]
    yield _table(("", "asked", "reached", ""), [(*map(escape, row[:3]), row[3]) for row in rows], right=())


def _figures(report: LoadReport) -> Iterable[str]:
    messages, log, events = report.messages, report.log, report.events
    yield "<h2>Messages</h2>"
    figures = (
        ("offered", messages.offered), ("sent", messages.sent), ("acknowledged", messages.acknowledged),
        ("refused", messages.refused), ("unanswered", messages.unanswered), ("sent again", messages.resent),
        ("reconnects", messages.reconnects), ("on the log", log.seen), ("lost", log.lost),
        ("duplicates", log.duplicates), ("events expected", events.expected), ("events seen", events.seen),
    )  # fmt: skip
    told = [(name, "–" if count is None else f"{count:,}") for name, count in figures]
    half = len(told) // 2
    yield _table(("", "") * 2, [(*a, *b) for a, b in zip(told[:half], told[half:], strict=True)], right=(1, 3))
    yield f"<p>{report.achieved_per_s:,.0f} messages/s achieved of {report.asked.offered_per_s:,.0f} offered.</p>"
    yield "<h2>Latency</h2>"
    rows = [
        (_NAMES[name], f"{latency.count:,}", *map(_ms, (latency.p50, latency.p95, latency.p99, latency.max)))
        for name, latency in report.latency.items()
    ]
    yield _table(("from the intended send time", "count", "p50", "p95", "p99", "max"), rows, right=range(1, 6))
    if report.asked.outage_s is not None:
        took = "not within the run" if report.recovery_s is None else f"{report.recovery_s:.0f} s"
        yield f"<p>Recovered after the outage: {took}.</p>"


def _charts(report: LoadReport) -> Iterable[str]:
    seconds = report.timeline
    bands = [Band(*report.asked.outage_s, "outage")] if report.asked.outage_s else []
    yield "<h2>Rate</h2>"
    yield line_chart(
        [
            Line("acknowledged", [(s.second, s.acknowledged) for s in seconds]),
            Line("arrived on the log", [(s.second, s.arrived) for s in seconds]),
            Line(
                "offered", [(s.second, s.offered) for s in seconds if s.second < report.asked.duration_s], dashed=True
            ),
        ],
        "/s",
        bands=bands,
    )
    yield "<h2>Latency of what arrived in each second</h2>"
    yield line_chart(
        [
            Line("device → log p50", [(s.second, s.log_p50) for s in seconds]),
            Line("device → log p99", [(s.second, s.log_p99) for s in seconds]),
            Line("device → event p99", [(s.second, s.event_p99) for s in seconds]),
        ],
        "ms",
        logarithmic=True,
        bands=bands,
        mark=_MARK_MS,
    )
    yield f"<p class=soft>Dotted: {_MARK_MS / 1000:g} s.</p>"
    yield "<h2>CPU in use</h2>"
    yield line_chart([Line(name, points) for name, points in report.usage.items()], "cores", bands=bands)


def _services(report: LoadReport) -> Iterable[str]:
    yield "<h2>Services</h2>"
    rows = [(escape(u.name), f"{u.cpu_s:.1f} s", f"{u.cores:.2f}", f"{u.memory_mb:,.0f} MB") for u in report.services]
    yield _table(("", "CPU time", "cores", "memory, at most"), rows, right=range(1, 4))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[int]) -> str:
    numbers = set(right)

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(f"<{tag}{' class=n' if n in numbers else ''}>{cell}</{tag}>" for n, cell in enumerate(row))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><tr>{cells('th', heads)}</tr>{body}</table>"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"
