"""`urbansense rules`: check, test, apply and list rules."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from rules.documents import load_rules
from rules.problems import BadRules
from rules.testing import run_rule_test
from urbansense.client import Api, with_api
from urbansense.commands.output import JsonFlag, complain, out, print_json, print_rows
from urbansense.rule_book import unknown_kinds
from urbansense.settings import load_settings

app = typer.Typer(help="Check, test, apply and list rules.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Rule files (YAML).")]


@app.command("check")
def check_rules(files: Files) -> None:
    """Find every problem of the files, with line and column; nothing is applied."""
    problems: list[str] = []
    for file in files:
        try:
            rules = load_rules(file)
            unknown = unknown_kinds(rules, load_settings().kinds)
            problems += [f"{file}: {problem}" for problem in unknown]
            if not unknown:
                out.print(f"{file}: {', '.join(rule.name for rule in rules)}: no problem", markup=False)
        except BadRules as bad:
            problems += bad.problems
    complain(problems)
    if problems:
        raise typer.Exit(1)


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
def apply_rules(files: Files, as_json: JsonFlag = False) -> None:
    """Put rules in force, without a restart; an unchanged rule keeps its version. One file is all or nothing."""

    async def act(api: Api) -> list[Any]:
        applied: list[Any] = []
        for file in files:
            text = file.read_text(encoding="utf-8")
            page = await api.post("/api/v1/rules", text, "application/yaml", headers={"x-author": getpass.getuser()})
            applied += page["items"]
        return applied

    applied = with_api(act)
    if as_json:
        print_json(applied)
        return
    print_rows(
        ("rule", "version", "kind", "mode"), ([r["rule"], r["version"], r["kind"], r["mode"]] for r in applied), ""
    )


@app.command("list")
def list_rules(as_json: JsonFlag = False) -> None:
    """The rules in force, with their health."""
    page = with_api(lambda api: api.get("/api/v1/rules"))
    if as_json:
        print_json(page)
        return
    rows = [
        (r["rule"], r["version"], r["kind"], r["severity"], r["mode"], "; ".join(r["problems"]) or "healthy")
        for r in page["items"]
    ]
    print_rows(("rule", "version", "kind", "severity", "mode", "health"), rows, "no rules in force")
