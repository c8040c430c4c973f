"""`urbansense ledger`: what became of every report."""

from typing import Any

import typer

from urbansense.api_client.opening import with_api
from urbansense.commands.terminal.output import JsonFlag, out, print_json, print_rows


def register(app: typer.Typer) -> None:
    app.command()(ledger)


def ledger(as_json: JsonFlag = False) -> None:
    """Account for every report: exit code 0 only if both ledgers balance."""
    statement = with_api(lambda api: api.get("/api/v1/ledger"))
    if as_json:
        print_json(statement)
    else:
        print_ledger(statement)
    if not (statement["store_balances"] and statement["rules_balance"]):
        raise typer.Exit(1)


def print_ledger(statement: dict[str, Any]) -> None:
    """Both ledgers and the rejections as a table."""
    rows = []
    for name, balance in (("store", "store_balances"), ("rules", "rules_balance")):
        sums = dict(statement[name])
        accepted = sums.pop("accepted")
        terms = " + ".join(f"{count} {term}" for term, count in sums.items())
        rows.append((name, accepted, f"= {terms}", "balances" if statement[balance] else "DOES NOT BALANCE"))
    print_rows(("ledger", "accepted", "accounted for", ""), rows, "")
    for title, key in (("rejected", "rejected"), ("rejected in part", "rejected_in_part")):
        reasons = ", ".join(f"{count} {reason}" for reason, count in statement[key].items())
        out.print(f"{title}: {reasons or 'none'}")
