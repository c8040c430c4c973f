"""How commands print: tables and lines for people, JSON for machines, complaints on standard error."""

import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

out = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
err = Console(stderr=True, highlight=False)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for a machine.")]


def complain(problems: Iterable[str]) -> None:
    for problem in problems:
        err.print(f"[bold red]error:[/] {_plain(problem)}", soft_wrap=True)


def warn(problems: Iterable[str]) -> None:
    for problem in problems:
        err.print(f"[bold yellow]warning:[/] {_plain(problem)}", soft_wrap=True)


def print_json(content: Any) -> None:
    print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table, or one line where there is nothing."""
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*("" if cell is None else _plain(str(cell)) for cell in row))
    out.print(table if table.row_count else empty)


def _plain(text: str) -> str:
    """Text from outside, so that nothing in it is taken for markup."""
    return text.replace("[", r"\[")
