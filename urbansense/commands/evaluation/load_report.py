"""A load in the terminal: how far it is, what came of it, and which thresholds hold."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from simulators.fleet.plan import LoadPlan
from simulators.fleet.plan import LoadProgress as Sent
from simulators.fleet.supervision import OnProgress
from urbansense.commands.terminal.output import err, out, print_rows
from urbansense.evaluation.load.report import LoadReport
from urbansense.evaluation.load.session import Session

NAMES = {
    "log": "device → log",
    "store": "device → store",
    "event": "device → event",
    "driver": "driver lag",
    "send": "send lag",
}
"""Every latency of a report, and what it is called."""


@contextmanager
def progress_of() -> Iterator[Callable[[LoadPlan], OnProgress]]:
    """A bar for each run that is begun."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[done]}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:

        def begin(plan: LoadPlan) -> OnProgress:
            schedule = plan.profile.schedule
            bar = bars.add_task(f"{schedule.mean_rate:,.0f}/s", total=schedule.total, done="")

            def show(sent: Sent) -> None:
                waiting = f", {sent.waiting:,} waiting" if sent.waiting else ""
                done = f"{sent.acknowledged:,} acknowledged on {sent.connected:,} connections{waiting}"
                bars.update(bar, completed=sent.acknowledged, done=done)

            return show

        yield begin


def print_runs(session: Session) -> None:
    """The report that decides; with a search one line for each run before it."""
    if session.searched:
        rows = [
            (
                f"{report.asked.rate_per_s:,.0f}/s",
                "passes" if report.passed else "FAILS",
                "; ".join(f"{v.threshold} {v.reached}" for v in report.verdicts if not v.holds),
            )
            for report in session.reports
        ]
        print_rows(("rate", "", "missed"), rows, "no run was made")
        found = (
            f"the highest rate that passes: {session.limit:,.0f}/s"
            if session.limit
            else "no rate that was tried passes"
        )
        out.print(f"{found}\n", style="bold")
    if session.decisive is not None:
        print_report(session.decisive)
    out.print(session.left_behind, markup=False)


def print_report(report: LoadReport) -> None:
    """The tables of one report, the verdicts last."""
    asked, messages = report.asked, report.messages
    out.print(
        f"{asked.profile}, {asked.devices:,} devices on {asked.connections:,} MQTT {asked.mqtt_version} connections, "
        f"{asked.processes} sending, {asked.duration_s:g} s of {asked.offered_per_s:,.0f} messages/s at QoS 1",
        style="bold",
    )
    out.print(
        f"achieved {report.achieved_per_s:,.0f}/s: {messages.offered:,} offered, {messages.acknowledged:,} acknowledged, "
        f"{messages.refused:,} refused, {messages.unanswered:,} unanswered, {messages.resent:,} sent again, "
        f"{messages.reconnects:,} reconnects"
    )
    log = report.log
    seen = "" if log.seen is None else f"{log.seen:,} distinct on the log, {log.duplicates:,} duplicates, "
    out.print(
        f"{seen}{log.lost:,} lost (by {log.lost_by}); {report.events.seen:,} of {report.events.expected:,} events\n"
    )
    rows = [
        (
            NAMES[name],
            f"{latency.count:,}",
            *(_ms(value) for value in (latency.p50, latency.p95, latency.p99, latency.max)),
        )
        for name, latency in report.latency.items()
    ]
    print_rows(("from the intended send time", "count", "p50", "p95", "p99", "max"), rows, "")
    out.print()
    used = [(use.name, f"{use.cpu_s:.1f} s", f"{use.cores:.2f}", f"{use.memory_mb:,.0f} MB") for use in report.services]
    print_rows(("service", "CPU", "cores", "memory"), used, "no service was measured")
    if asked.outage_s is not None:
        took = "not within the run" if report.recovery_s is None else f"{report.recovery_s:.0f} s"
        out.print(f"\noutage {asked.outage_s[0]:g} s to {asked.outage_s[1]:g} s; recovered after it: {took}")
    for line in report.left_out:
        out.print(f"left out: {line}", markup=False)
    out.print()
    verdicts = [(v.threshold, v.asked, v.reached, "holds" if v.holds else "MISSED") for v in report.verdicts]
    print_rows(("threshold", "asked", "reached", ""), verdicts, "")
    out.print(
        "the load passes" if report.passed else "the load FAILS", style="bold green" if report.passed else "bold red"
    )


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f} ms" if value < 10 else f"{value:,.0f} ms"
