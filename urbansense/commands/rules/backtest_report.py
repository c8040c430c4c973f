"""A backtest's result in the terminal."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from domain.events import Event
from reporting.charts.sparkline import folded, sparkline
from reporting.wording.durations import duration
from rules.backtest.result import BacktestResult, ChangedEvent, VariantFindings, zone_of
from urbansense.commands.terminal.output import out, print_rows
from urbansense.commands.terminal.times import local_time


def print_backtest(result: BacktestResult, most: int) -> None:
    """The findings, the difference if there is one, and at most so many events of each list."""
    zone = zone_of(result)
    out.print(
        f"{local_time(result.from_ms, zone)} to {local_time(result.to_ms, zone)} ({result.timezone}), "
        f"{result.reports:,} reports of {result.devices:,} devices, warmed up from {local_time(result.began_ms, zone)}",
        markup=False,
    )
    if result.first_report_ms is not None and result.first_report_ms > result.from_ms:
        out.print(f"the store holds nothing before {local_time(result.first_report_ms, zone)}", markup=False)
    for variant in filter(None, (result.candidate, result.against)):
        _print_variant(variant, result)
    if result.difference is not None:
        _print_difference(result, zone, most)
    else:
        print_rows(_COLUMNS, _rows(result.candidate.events[:most], zone), "no events")
        _print_rest(len(result.candidate.events) - most)
    if result.raised is not None:
        out.print(f"{len(result.raised)} missing events raised, marked historical")
        if result.raised:
            print_rows(_COLUMNS, _rows(result.raised[:most], zone), "")
        for why in result.not_raised:
            out.print(f"not raised: {why}", markup=False)


_COLUMNS = ("rule", "subject", "since", "opened", "cleared", "open for", "notes")


def _print_variant(variant: VariantFindings, result: BacktestResult) -> None:
    late = f", {variant.too_late:,} came too late to be judged" if variant.too_late else ""
    out.print(f"\n{variant.label}: {variant.judged:,} reports judged{late}", style="bold", markup=False)
    rows = [
        (
            found.rule,
            found.events,
            found.subjects,
            found.open_at_end,
            found.withdrawn,
            duration(found.median_duration_ms),
            duration(found.longest_duration_ms),
            sparkline(folded(found.per_bucket)[1]),
        )
        for found in variant.rules
    ]
    print_rows(
        (
            "rule", "events", "subjects", "still open", "withdrawn", "median", "longest",
            _spark_title(variant, result),
        ),
        rows,
        "",
    )  # fmt: skip
    for found in variant.rules:
        for count, what in (
            (found.open_at_begin, "open when the period began, not counted"),
            (found.absorbed, "part of a larger event"),
            (found.silenced, "silenced"),
            (found.stale, "stale at the end"),
        ):
            if count:
                out.print(f"  {found.rule}: {count} {what}", markup=False)
        if found.error:
            out.print(f"  {found.rule} failed on some reports: {found.error}", style="red", markup=False)


def _print_difference(result: BacktestResult, zone: ZoneInfo, most: int) -> None:
    difference, against = result.difference, result.against
    assert difference is not None
    assert against is not None
    now, before = result.candidate.label, against.label
    for events, what in (
        (difference.only_now, f"only {now}"),
        (difference.only_before, f"only {before}"),
    ):
        out.print(f"\n{what}: {len(events)}", style="bold", markup=False)
        if events:
            print_rows(_COLUMNS, _rows(events[:most], zone), "")
            _print_rest(len(events) - most)
    out.print(f"\nin both, with other times or marks: {len(difference.changed)}", style="bold")
    if difference.changed:
        rows = [row for change in difference.changed[:most] for row in _change_rows(change, zone, now, before)]
        print_rows(("", *_COLUMNS), rows, "")
        _print_rest(len(difference.changed) - most)
    out.print(f"\nalike in both: {difference.same}", style="bold")


def _change_rows(change: ChangedEvent, zone: ZoneInfo, now: str, before: str) -> Iterable[Sequence[object]]:
    for label, event in ((before, change.before), (now, change.now)):
        yield (label, *next(iter(_rows([event], zone))))


def _rows(events: Iterable[Event], zone: ZoneInfo) -> Iterable[Sequence[object]]:
    for event in events:
        cleared_ms = event.cleared_at_ms
        yield (
            event.rule,
            event.subject,
            local_time(event.since_ms, zone),
            local_time(event.opened_at_ms, zone),
            local_time(cleared_ms, zone) or "still open",
            duration(None if cleared_ms is None else cleared_ms - event.opened_at_ms),
            ", ".join(_notes(event)),
        )


def _notes(event: Event) -> Iterable[str]:
    if event.stale:
        yield "stale"
    if event.unstable:
        yield "unstable"
    if event.absorbed_by:
        yield f"part of {event.absorbed_by}"
    if event.silenced_by:
        yield f"silenced by {event.silenced_by}"
    if event.reason:
        yield event.reason


def _print_rest(count: int) -> None:
    if count > 0:
        out.print(f"… and {count} more; raise --events, or use --json")


def _spark_title(variant: VariantFindings, result: BacktestResult) -> str:
    step, _ = folded(result.bucket_starts_ms)
    most = max((count for found in variant.rules for count in folded(found.per_bucket)[1]), default=0)
    return f"events per {result.bucket if step == 1 else f'{step} {result.bucket}s'}, at most {most}"
