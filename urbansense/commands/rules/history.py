"""`urbansense rules backtest`, `explain` and `why-not`: rules and the past."""

from enum import StrEnum
from pathlib import Path
from time import time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from domain.errors import ConfigurationError, UrbansenseError
from domain.time.durations import parse_duration_ms, parse_instant_ms
from rules.backtest.result import BacktestResult
from rules.explaining import Explanation, WhyNot
from rules.language.document.reading import parse_rules
from urbansense.api_client.api import Api
from urbansense.api_client.opening import with_api
from urbansense.commands.rules.backtest_report import print_backtest
from urbansense.commands.rules.reasons_report import print_explanation, print_why_not
from urbansense.commands.terminal.output import JsonFlag, err, print_json
from urbansense.commands.terminal.progress import ProgressBar
from urbansense.configuration.settings import load_settings


def register(app: typer.Typer) -> None:
    app.command("backtest")(backtest)
    app.command("explain")(explain)
    app.command("why-not")(why_not)


def backtest(
    rule: Annotated[str, typer.Argument(help="A rule file (YAML), or the name of a rule in force, or NAME@VERSION.")],
    start: Annotated[str, typer.Option("--from", help="RFC 3339 with an offset, or how long before --to: 7d.")] = "24h",
    end: Annotated[str | None, typer.Option("--to", help="RFC 3339 with an offset; now without it.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Compare with this version, with `in-force`, or with another rule file.")
    ] = None,
    raise_missing: Annotated[
        bool, typer.Option("--raise", help="Raise the events that the live run missed, marked historical.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with charts here.")] = None,
    events: Annotated[int, typer.Option(min=0, help="How many events to list.")] = 20,
    as_json: JsonFlag = False,
) -> None:
    """Try a rule over stored history, by the engine that judges live data; nothing is put in force."""
    body = _body(rule, start, end, against, raise_missing)
    name = body.pop("name")
    result = with_api(lambda api: _run(api, name, body))
    if html is not None:
        from rules.backtest.page import render_page

        html.write_text(render_page(result), encoding="utf-8")
        err.print(f"charts written to {html}", markup=False)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        print_backtest(result, events)


class Language(StrEnum):
    EN = "en"
    ZH = "zh"


LanguageOption = Annotated[Language, typer.Option("--lang", help="The language of the words.")]


def explain(
    event_id: Annotated[str, typer.Argument(help="The id of an event, as `events list --json` shows it.")],
    lang: LanguageOption = Language.EN,
    readings: Annotated[int, typer.Option(min=0, help="How many readings to list.")] = 30,
    as_json: JsonFlag = False,
) -> None:
    """Why an event was raised: the rule, its condition with the numbers put in, the readings, and what changed."""
    answer = with_api(lambda api: api.get(f"/api/v1/events/{event_id}/explain"))
    if as_json:
        print_json(answer)
        return
    print_explanation(Explanation.model_validate(answer), lang, _zone(), readings)


def why_not(
    rule: Annotated[str, typer.Argument(help="The name of a rule in force.")],
    device: Annotated[str, typer.Argument(help="A device id.")],
    at: Annotated[str | None, typer.Option(help="RFC 3339 with an offset; now without it.")] = None,
    lang: LanguageOption = Language.EN,
    as_json: JsonFlag = False,
) -> None:
    """Why no event of a rule is open for a device."""
    if at is not None:
        _instant_ms("--at", at)
    answer = with_api(lambda api: api.get(f"/api/v1/rules/{rule}/why-not", device=device, at=at))
    if as_json:
        print_json(answer)
        return
    print_why_not(WhyNot.model_validate(answer), lang, _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(load_settings().timezone)


def _body(rule: str, start: str, end: str | None, against: str | None, raise_missing: bool) -> dict[str, Any]:
    to_ms = _instant_ms("--to", end) if end else int(time() * 1000)
    try:
        from_ms = to_ms - parse_duration_ms(start)
    except ValueError:
        from_ms = _instant_ms("--from", start)
    if from_ms >= to_ms:
        raise ConfigurationError("--from must be before --to")
    body: dict[str, Any] = {"from": from_ms, "to": to_ms, "raise": raise_missing}
    path = Path(rule)
    if path.is_file():
        body["document"] = _read(path)
        body["name"] = parse_rules(body["document"], str(path))[0].name
    elif path.suffix in (".yaml", ".yml") or "/" in rule:
        raise ConfigurationError(f"there is no file {rule}")
    else:
        body["name"], _, version = rule.partition("@")
        if version:
            body["version"] = version
    if against is not None:
        body["against"] = _read(Path(against)) if Path(against).is_file() else against
        if body["against"] == against and not (against == "in-force" or against.isdecimal()):
            raise ConfigurationError(f"--against {against}: give a version number, in-force, or a rule file")
    return body


def _instant_ms(option: str, text: str) -> int:
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from error


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8: {error}") from error


async def _run(api: Api, name: str, body: dict[str, Any]) -> BacktestResult:
    with ProgressBar("replaying history") as bar:
        async for line in api.post_for_lines(f"/api/v1/rules/{name}/backtest", body):
            if line.get("problem"):
                raise UrbansenseError(line["problem"])
            if line.get("result"):
                return BacktestResult.model_validate(line["result"])
            bar.show(line["share"], line["reports"])
    raise UrbansenseError("urbansense ended the backtest without a result; its log says why")
