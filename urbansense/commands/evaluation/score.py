"""`urbansense score`: how good rules are, by a truth that is known."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import typer

from domain.errors import ConfigurationError
from domain.time.durations import parse_duration_ms, parse_instant_ms
from simulators.truth.labels import fetch_truth
from urbansense.api_client.opening import with_api
from urbansense.commands.evaluation.score_report import ScoreFiles, print_bars, print_rehearsal, print_score
from urbansense.commands.terminal.output import JsonFlag, err, print_json, warn
from urbansense.commands.terminal.progress import ProgressBar
from urbansense.configuration.settings import Settings, load_settings
from urbansense.evaluation.scoring.grading import Bars, Window, score_of
from urbansense.evaluation.scoring.inputs.case import ScoringCase, labels_once
from urbansense.evaluation.scoring.inputs.first_published import NotKnown, fetch_first_published, with_first_published
from urbansense.evaluation.scoring.inputs.recorded_case import case_of_file, fetch_case
from urbansense.evaluation.scoring.practice.practised_case import practise_on_city
from urbansense.evaluation.scoring.practice.rehearsal import Rehearsal
from urbansense.evaluation.scoring.report.document import document_of, write_case

_BARS: Final = "Bars: exit code 1 if one is missed"
_CITY: Final = "Practising on a simulated city"

_Truth = Annotated[Path | None, typer.Option(help="The truth file of a simulation: one label a line.")]
_EventsFile = Annotated[
    Path | None, typer.Option(help="Score the events of this file, JSON or JSON lines, not the platform's.")
]
_End = Annotated[
    str | None,
    typer.Option("--to", help="RFC 3339; the last label's end, or the platform's clock if that is earlier."),
]
_City = Annotated[
    str | None,
    typer.Option(help="Practise on this city, a name or a file, without any server.", rich_help_panel=_CITY),
]
_Seed = Annotated[int | None, typer.Option(min=0, help="Its seed, if not the one in its file.", rich_help_panel=_CITY)]
_CityStart = Annotated[str, typer.Option(help="When the city begins, RFC 3339 with an offset.", rich_help_panel=_CITY)]
_CityLength = Annotated[str, typer.Option("--for", help="How long: 24h, 7d.", rich_help_panel=_CITY)]
_Rules = Annotated[
    list[Path] | None,
    typer.Option(exists=True, help="Rule files or folders; the library if left out.", rich_help_panel=_CITY),
]
_Keep = Annotated[
    Path | None, typer.Option(help="Keep truth.jsonl and events.jsonl in this folder.", rich_help_panel=_CITY)
]
_MinRecall = Annotated[float | None, typer.Option(min=0, max=1, help="Of the faults.", rich_help_panel=_BARS)]
_MinPrecision = Annotated[float | None, typer.Option(min=0, max=1, help="Of the events.", rich_help_panel=_BARS)]
_MaxDelay = Annotated[str | None, typer.Option(help="From a fault to its event: 10m.", rich_help_panel=_BARS)]
_MaxFalse = Annotated[
    float | None, typer.Option(min=0, help="False events per 1,000 device-days.", rich_help_panel=_BARS)
]


def register(app: typer.Typer) -> None:
    app.command()(score)


def score(
    truth: _Truth = None,
    events: _EventsFile = None,
    devices: Annotated[int | None, typer.Option(min=4, help="How many devices there are.")] = None,
    begin: Annotated[str | None, typer.Option("--from", help="RFC 3339; the first label if left out.")] = None,
    end: _End = None,
    grace: Annotated[str | None, typer.Option(help="How long after its end a fault explains events; 15m.")] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Score the rules in shadow too.")] = False,
    as_json: JsonFlag = False,
    json_file: Annotated[Path | None, typer.Option(help="Write the JSON here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables as Markdown here.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with a timeline here.")] = None,
    most: Annotated[int, typer.Option("--list", min=0, help="How many misses and false events to list.")] = 20,
    city: _City = None,
    seed: _Seed = None,
    start: _CityStart = "2026-06-01T00:00:00+08:00",
    duration: _CityLength = "7d",
    rules: _Rules = None,
    keep: _Keep = None,
    min_recall: _MinRecall = None,
    min_precision: _MinPrecision = None,
    max_delay_p95: _MaxDelay = None,
    max_false: _MaxFalse = None,
) -> None:
    """Match events to the truth and say how good the rules are: recall, precision, delay, false events.

    The events are those that the platform published, those of a file, or those that rules raise on a simulated city.
    """
    bars = Bars(min_recall, min_precision, _duration_ms("--max-delay-p95", max_delay_p95), max_false)
    grace_ms = _duration_ms("--grace", grace)
    zone = ZoneInfo(load_settings().timezone)
    rehearsal = None
    if city is not None:
        _refuse_beside_city(truth=truth, events=events, begin=begin, end=end)
        window = _city_window(start, duration)
        case, rehearsal = _practised(city, devices, seed, window, rules or (), shadow)
        if keep is not None:
            write_case(case, keep)
            err.print(f"truth.jsonl and events.jsonl written to {keep}", markup=False)
    elif truth is None:
        raise ConfigurationError("give --truth, the file that a simulation wrote, or --city to practise on one")
    else:
        case = _recorded(truth, events, begin, end, devices, rules or (), shadow)
    matched = case.matched(grace_ms)
    result = score_of(matched, case.devices)
    judged = list(bars.judge(result))
    content = document_of(result, judged, rehearsal)
    ScoreFiles(html, markdown, json_file).write(matched, result, judged, content, zone)
    if as_json:
        print_json(content)
    else:
        print_score(result, zone, most)
        if rehearsal is not None:
            print_rehearsal(rehearsal)
        print_bars(judged)
    if not all(bar.holds for bar in judged):
        raise typer.Exit(1)


def _city_window(start: str, duration: str) -> Window:
    start_ms = _instant_ms("--start", start)
    length_ms = _duration_ms("--for", duration) or 0
    if length_ms <= 0:
        raise ConfigurationError("--for: give a time that is longer than nothing")
    return Window(start_ms, start_ms + length_ms)


def _practised(
    city: str, devices: int | None, seed: int | None, window: Window, rules: Sequence[Path], shadow: bool
) -> tuple[ScoringCase, Rehearsal]:
    """What rules make of a city that is simulated in this process."""
    with ProgressBar("practising") as bar:

        def show(at_ms: int, reports: int) -> None:
            bar.show(min(1.0, (at_ms - window.from_ms) / (window.to_ms - window.from_ms)), reports)

        return practise_on_city(city, devices, seed, window, rules, with_shadow=shadow, on_progress=show)


def _recorded(
    truth: Path,
    events: Path | None,
    begin: str | None,
    end: str | None,
    devices: int | None,
    rules: Sequence[Path],
    shadow: bool,
) -> ScoringCase:
    """What was published elsewhere: the events of a file, or those of the platform."""
    labels = labels_once(fetch_truth(truth))
    from_ms = None if begin is None else _instant_ms("--from", begin)
    to_ms = None if end is None else _instant_ms("--to", end)
    if events is not None:
        return case_of_file(labels, events, from_ms, to_ms, devices, rules)
    case = with_api(lambda api: fetch_case(api, labels, from_ms, to_ms, devices, with_shadow=shadow))
    return replace(case, scored=with_first_published(case.scored, _first_published(load_settings())))


def _first_published(settings: Settings) -> Mapping[str, int]:
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
