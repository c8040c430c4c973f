"""`urbansense score`: how good rules are, by a truth that is known."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import orjson
import typer

from domain.errors import ConfigurationError
from domain.time.durations import parse_duration_ms, parse_instant_ms
from simulators.cities import load_city
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import fetch_truth, truth_lines
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.evaluation.score_report import print_bars, print_rehearsal, print_score
from urbansense.commands.terminal.output import JsonFlag, err, print_json, warn
from urbansense.commands.terminal.progress import ProgressBar
from urbansense.configuration.settings import Settings, load_settings
from urbansense.evaluation.scoring.grading import Bar, Bars, Score, ScoredEvent, Window, score_of
from urbansense.evaluation.scoring.inputs.case import ScoringCase, labels_once, window_of
from urbansense.evaluation.scoring.inputs.events import (
    event_lines,
    fetch_clock_ms,
    fetch_events_file,
    fetch_group_rules,
    fetch_platform_events,
)
from urbansense.evaluation.scoring.inputs.first_published import NotKnown, fetch_first_published, with_first_published
from urbansense.evaluation.scoring.practice.rehearsal import Rehearsal, load_rule_book, rehearse
from urbansense.evaluation.scoring.report.markdown import markdown_of
from urbansense.evaluation.scoring.report.page import render_page

_BARS: Final = "Bars: exit code 1 if one is missed"
_CITY: Final = "Practising on a simulated city"


def register(app: typer.Typer) -> None:
    app.command()(score)


def score(
    truth: Annotated[Path | None, typer.Option(help="The truth file of a simulation: one label a line.")] = None,
    events: Annotated[
        Path | None, typer.Option(help="Score the events of this file, JSON or JSON lines, not the platform's.")
    ] = None,
    devices: Annotated[int | None, typer.Option(min=4, help="How many devices there are.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="RFC 3339; the first label if left out.")] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", help="RFC 3339; the last label's end, or the platform's clock if that is earlier."),
    ] = None,
    grace: Annotated[str | None, typer.Option(help="How long after its end a fault explains events; 15m.")] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Score the rules in shadow too.")] = False,
    as_json: JsonFlag = False,
    json_file: Annotated[Path | None, typer.Option(help="Write the JSON here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with a timeline here.")] = None,
    most: Annotated[int, typer.Option("--list", min=0, help="How many misses and false events to list.")] = 20,
    city: Annotated[
        str | None,
        typer.Option(help="Practise on this city, a name or a file, without any server.", rich_help_panel=_CITY),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Its seed, if not the one in its file.", rich_help_panel=_CITY)
    ] = None,
    start: Annotated[
        str, typer.Option(help="When the city begins, RFC 3339 with an offset.", rich_help_panel=_CITY)
    ] = "2026-06-01T00:00:00+08:00",
    duration: Annotated[str, typer.Option("--for", help="How long: 24h, 7d.", rich_help_panel=_CITY)] = "7d",
    rules: Annotated[
        list[Path] | None,
        typer.Option(exists=True, help="Rule files or folders; the library if left out.", rich_help_panel=_CITY),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep truth.jsonl and events.jsonl in this folder.", rich_help_panel=_CITY)
    ] = None,
    min_recall: Annotated[
        float | None, typer.Option(min=0, max=1, help="Of the faults.", rich_help_panel=_BARS)
    ] = None,
    min_precision: Annotated[
        float | None, typer.Option(min=0, max=1, help="Of the events.", rich_help_panel=_BARS)
    ] = None,
    max_delay_p95: Annotated[
        str | None, typer.Option(help="From a fault to its event: 10m.", rich_help_panel=_BARS)
    ] = None,
    max_false: Annotated[
        float | None, typer.Option(min=0, help="False events per 1,000 device-days.", rich_help_panel=_BARS)
    ] = None,
) -> None:
    """Match events to the truth and say how good the rules are: recall, precision, delay, false events.

    The events are those that the platform told, those of a file, or what rules say of a simulated city.
    """
    bars = Bars(min_recall, min_precision, _duration_ms("--max-delay-p95", max_delay_p95), max_false)
    grace_ms = _duration_ms("--grace", grace)
    zone = ZoneInfo(load_settings().timezone)
    rehearsal = None
    if city is not None:
        _refuse_beside_city(truth=truth, events=events, begin=begin, end=end)
        case, rehearsal = _practised(city, devices, seed, start, duration, rules or (), shadow)
        if keep is not None:
            _keep(case, keep)
    elif truth is None:
        raise ConfigurationError("give --truth, the file that a simulation wrote, or --city to practise on one")
    else:
        case = _told(truth, events, begin, end, devices, rules or (), shadow)
    matched = case.matched(grace_ms)
    result = score_of(matched, case.devices)
    judged = list(bars.judge(result))
    content = _content(result, judged, rehearsal)
    if html is not None:
        html.write_text(render_page(matched, result, judged, zone), encoding="utf-8")
        err.print(f"page written to {html}", markup=False)
    if markdown is not None:
        markdown.write_text(markdown_of(result, zone), encoding="utf-8")
        err.print(f"tables written to {markdown}", markup=False)
    if json_file is not None:
        json_file.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        err.print(f"figures written to {json_file}", markup=False)
    if as_json:
        print_json(content)
    else:
        print_score(result, zone, most)
        if rehearsal is not None:
            print_rehearsal(rehearsal)
        print_bars(judged)
    if not all(bar.holds for bar in judged):
        raise typer.Exit(1)


def _practised(
    city: str, devices: int | None, seed: int | None, start: str, duration: str, rules: Sequence[Path], shadow: bool
) -> tuple[ScoringCase, Rehearsal]:
    """What rules say of a city that lives in this process."""
    start_ms = _instant_ms("--start", start)
    length_ms = _duration_ms("--for", duration) or 0
    if length_ms <= 0:
        raise ConfigurationError("--for: give a time that is longer than nothing")
    until_ms = start_ms + length_ms
    book = load_rule_book(rules)
    described = load_city(city)
    life = ReportStream(described.city(seed, devices), start_ms, described.faults, weather_plan=described.weather)
    with ProgressBar("practising") as bar:

        def tell(at_ms: int, reports: int) -> None:
            bar.show(min(1.0, (at_ms - start_ms) / length_ms), reports)

        rehearsal = rehearse(life, until_ms, book, with_shadow=shadow, tell=tell)
    case = ScoringCase(
        labels_once(rehearsal.labels),
        rehearsal.practice.told,
        Window(start_ms, until_ms),
        len(life.city.devices),
        book.groups,
        rehearsal.registry.counts_for,
    )
    return case, rehearsal


def _told(
    truth: Path,
    events: Path | None,
    begin: str | None,
    end: str | None,
    devices: int | None,
    rules: Sequence[Path],
    shadow: bool,
) -> ScoringCase:
    """What was told elsewhere: in a file, or by the platform."""
    labels = labels_once(fetch_truth(truth))
    from_ms = None if begin is None else _instant_ms("--from", begin)
    to_ms = None if end is None else _instant_ms("--to", end)
    if events is not None:
        window = window_of(labels, from_ms, to_ms)
        return ScoringCase(labels, tuple(fetch_events_file(events)), window, devices, load_rule_book(rules).groups)

    async def fetch(api: Api) -> tuple[Window, list[ScoredEvent], frozenset[str]]:
        window = window_of(labels, from_ms, to_ms, await fetch_clock_ms(api))
        return (
            window,
            await fetch_platform_events(api, window.from_ms, window.to_ms, shadow),
            await fetch_group_rules(api),
        )

    window, told, groups = with_api(fetch)
    return ScoringCase(labels, with_first_published(told, _tellings(load_settings())), window, devices, groups)


def _tellings(settings: Settings) -> Mapping[str, int]:
    try:
        return asyncio.run(fetch_first_published(settings))
    except NotKnown as error:
        warn([f"it is not known when events were told, so their openings count: {error}"])
        return {}


def _refuse_beside_city(**given: Any) -> None:
    options = {"truth": "--truth", "events": "--events", "begin": "--from", "end": "--to"}
    problems = [
        f"{option} has no meaning beside --city: the city has a truth and events of its own"
        for name, option in options.items()
        if given[name] is not None
    ]
    if problems:
        raise ConfigurationError(problems)


def _keep(case: ScoringCase, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "truth.jsonl").write_text("".join(truth_lines(case.labels)), encoding="utf-8")
    (folder / "events.jsonl").write_bytes(b"".join(event_lines(case.told)))
    err.print(f"truth.jsonl and events.jsonl written to {folder}", markup=False)


def _content(result: Score, bars: Sequence[Bar], rehearsal: Rehearsal | None) -> dict[str, Any]:
    """The score as JSON: its shape is that of `grading.Score`, with the bars and the practice beside it."""
    practice = None
    if rehearsal is not None:
        practice = {
            "messages": rehearsal.messages,
            "reports": rehearsal.practice.reports,
            "judged": rehearsal.practice.judged,
            "too_late": rehearsal.practice.too_late,
            "rejected": rehearsal.rejected,
            "rule_errors": dict(rehearsal.practice.errors),
            "took_s": rehearsal.practice.took_s,
        }
    return {
        **result.model_dump(mode="json"),
        "bars": [{"bar": bar.words, "holds": bar.holds} for bar in bars],
        "practice": practice,
    }


def _duration_ms(option: str, text: str | None) -> int | None:
    try:
        return None if text is None else parse_duration_ms(text)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from error


def _instant_ms(option: str, text: str) -> int:
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from error
