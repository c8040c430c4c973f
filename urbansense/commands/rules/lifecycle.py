"""`urbansense rules`: check, test and apply rules, and look after those in force."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import typer

from rules.language.document.checking import CheckContext, check_text
from rules.language.document.problems import BadRules
from rules.language.document.reading import Documents, parse_documents, read_document
from rules.language.rule import Mode
from rules.testing.running import run_rule_test
from urbansense.api_client.api import Api
from urbansense.api_client.opening import running_api, with_api
from urbansense.commands.rules import history
from urbansense.commands.rules.check_context import fetch_check_context
from urbansense.commands.terminal.author import author
from urbansense.commands.terminal.output import JsonFlag, complain, out, print_json, print_rows, warn
from urbansense.commands.terminal.times import local_time
from urbansense.configuration.settings import Settings, load_settings

app = typer.Typer(help="Check, test and apply rules, and look after those in force.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Rule files (YAML).")]
RuleName = Annotated[str, typer.Argument(help="The name of a rule.")]
VersionNumber = Annotated[int, typer.Argument(help="The number of a version.")]
NoteOption = Annotated[str, typer.Option("--note", help="Why, for the record.")]


@app.command("check")
def check_rules(files: Files) -> None:
    """Find every problem of the files, with line and column; nothing is applied. Warnings alone end with exit code 0.

    Where an urbansense runs, the rules, calendars and devices there are taken into account.
    """
    settings = load_settings()
    texts, failed = {}, False
    for file in files:
        try:
            texts[file] = read_document(file)
        except BadRules as bad:
            complain(bad.problems)
            failed = True
    context = asyncio.run(_check_context(settings, texts))
    for file, text in texts.items():
        found = check_text(text, str(file), context)
        warn(map(str, found.warnings))
        complain(map(str, found.errors))
        failed |= bool(found.errors)
        if found.documents is not None and not found.errors:
            names = [calendar.name for calendar in found.documents.calendars]
            names += [rule.name for rule in found.documents.rules]
            verdict = f"{len(found.warnings)} warnings" if found.warnings else "no problem"
            out.print(f"{file}: {', '.join(names)}: {verdict}", markup=False)
    if failed:
        raise typer.Exit(1)


async def _check_context(settings: Settings, texts: Mapping[Path, str]) -> CheckContext:
    """All that the files may name: each other's rules and calendars, and what runs."""
    readable = [read for file, text in texts.items() if (read := _readable(text, file)) is not None]
    async with running_api(settings) as api:
        context = (
            CheckContext(settings.kinds) if api is None else await fetch_check_context(api, settings.kinds, readable)
        )
    rules = {rule.name: rule for documents in readable for rule in documents.rules}
    calendars = {calendar.name for documents in readable for calendar in documents.calendars}
    return replace(context, rules={**context.rules, **rules}, calendars={*context.calendars, *calendars})


def _readable(text: str, file: Path) -> Documents | None:
    try:
        return parse_documents(text, str(file))
    except BadRules:
        return None


@app.command("test")
def test_rules(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Rule test files (YAML).")],
) -> None:
    """Run rule tests: series in, events out. Exit code 0 only if every file holds."""
    failed = False
    for file in files:
        try:
            result = run_rule_test(file)
        except BadRules as bad:
            complain(bad.problems)
            failed = True
            continue
        out.print(f"{file}: {'holds' if result.held else 'DOES NOT HOLD'}, {len(result.events)} events", markup=False)
        for mismatch in result.mismatches:
            out.print(f"  {mismatch}", markup=False)
        failed |= not result.held
    if failed:
        raise typer.Exit(1)


@app.command("apply")
def apply_rules(files: Files, note: NoteOption = "", as_json: JsonFlag = False) -> None:
    """Put rules and calendars in force, without a restart; what is unchanged keeps its version. A file is all or none."""

    async def act(api: Api) -> list[Any]:
        applied: list[Any] = []
        for file in files:
            text = read_document(file)
            page = await api.post("/api/v1/rules", text, "application/yaml", headers=author(), note=note)
            applied += [*page["calendars"], *page["items"]]
        return applied

    applied = with_api(act)
    if as_json:
        print_json(applied)
        return
    rows = [
        (one["calendar"], one["version"], "calendar", "") if "calendar" in one
        else (one["rule"], one["version"], one["kind"] or "group", one["mode"])
        for one in applied
    ]  # fmt: skip
    print_rows(("rule", "version", "kind", "mode"), rows, "")


@app.command("list")
def list_rules(as_json: JsonFlag = False) -> None:
    """The rules in force, with their health."""
    page = with_api(lambda api: api.get("/api/v1/rules"))
    if as_json:
        print_json(page)
        return
    rows = [
        (r["rule"], r["version"], r["kind"] or "group", r["severity"], r["mode"], r["opened"], _health(r))
        for r in page["items"]
    ]
    print_rows(("rule", "version", "kind", "severity", "mode", "opened", "health"), rows, "no rules in force")


@app.command("versions")
def list_versions(rule: RuleName, as_json: JsonFlag = False) -> None:
    """Every version of a rule: who applied it, when and why; and which is in force."""
    page = with_api(lambda api: api.get(f"{_path(rule)}/versions"))
    if as_json:
        print_json(page)
        return
    zone = ZoneInfo(load_settings().timezone)
    rows = []
    for one in page["items"]:
        standing = one["in_force"]
        rows.append((one["version"], one["mode"], local_time(one["applied_at_ms"], zone), one["author"], one["note"],
                     _standing(standing, one, zone)))  # fmt: skip
    print_rows(("version", "mode", "applied", "author", "note", "in force"), rows, "")


@app.command("show")
def show_rule(
    rule: RuleName, version: Annotated[int | None, typer.Option(help="This one; the one in force if left out.")] = None
) -> None:
    """The document of a rule, as it was applied."""
    out.print(_text(rule, version).rstrip("\n"), markup=False, soft_wrap=True)


@app.command("diff")
def diff_rules(rule: RuleName, version: VersionNumber, other: VersionNumber) -> None:
    """What is different between two versions. Exit code 1 if anything is."""
    before, after = (_text(rule, number).splitlines() for number in (version, other))
    lines = list(unified_diff(before, after, f"{rule}/{version}", f"{rule}/{other}", lineterm=""))
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)
    if lines:
        raise typer.Exit(1)


@app.command("rollback")
def roll_back(rule: RuleName, version: VersionNumber, note: NoteOption = "") -> None:
    """Put a version in force again, under its own number."""
    sent = {"version": version, "note": note}
    _print_status(with_api(lambda api: api.post_json(f"{_path(rule)}/rollback", sent, headers=author())))


@app.command("mode")
def set_mode(rule: RuleName, mode: Mode, note: NoteOption = "") -> None:
    """Put a rule into another mode, as a new version: live, shadow (its events are only listed) or off."""
    sent = {"mode": mode.value, "note": note}
    _print_status(with_api(lambda api: api.post_json(f"{_path(rule)}/mode", sent, headers=author())))


@app.command("remove")
def remove_rule(rule: RuleName) -> None:
    """Take a rule out of force. Its open events clear; its versions are kept, and `rollback` brings it back."""
    with_api(lambda api: api.delete(_path(rule), headers=author()))
    out.print(f"{rule} is out of force", markup=False)


def _path(rule: str) -> str:
    return f"/api/v1/rules/{quote(rule, safe='')}"


def _text(rule: str, version: int | None) -> str:
    return str(with_api(lambda api: api.get(_path(rule), version=version))["text"])


def _print_status(status: Any) -> None:
    out.print(f"{status['rule']} version {status['version']} is in force, {status['mode']}", markup=False)


def _health(status: Any) -> str:
    count = f" ({status['errors']} times)" if status["errors"] else ""
    if status["problems"]:
        return "UNHEALTHY: " + "; ".join(status["problems"]) + count
    lacking = (f"{devices} devices lack {fact}" for fact, devices in status["lacking"].items())
    return "; ".join(["healthy", *lacking])


def _standing(standing: Any, version: Any, zone: ZoneInfo) -> str:
    if standing is None:
        return ""
    if standing["at_ms"] == version["applied_at_ms"]:
        return "yes"
    why = f": {standing['note']}" if standing["note"] else ""
    return f"again since {local_time(standing['at_ms'], zone)}, {standing['author']}{why}"


history.register(app)
