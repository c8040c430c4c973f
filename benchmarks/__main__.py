"""`make bench`: every bench, one table, one JSON file in benchmarks/results/."""

import asyncio
import importlib
import inspect
import json
import platform
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_BENCHES = ("gateway", "recorder", "rules")
_RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    console = Console()
    rows: list[dict[str, Any]] = []
    for name in names or _BENCHES:
        console.print(f"measuring {name} …")
        measured = importlib.import_module(f"benchmarks.{name}").measure()
        rows += asyncio.run(measured) if inspect.iscoroutine(measured) else measured
    console.print(_table(rows))
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.write_text(json.dumps({"python": platform.python_version(), "rows": rows}, indent=2, ensure_ascii=False))
    console.print(f"written to {path.relative_to(Path.cwd())}" if path.is_relative_to(Path.cwd()) else str(path))
    return 0


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("what", "ours", "floor", "ratio", "unit")
    for row in rows:
        floor, ratio = row.get("floor"), row.get("ratio")
        table.add_row(
            row["name"],
            f"{row['value']:,.1f}",
            "" if floor is None else f"{floor:,.1f}",
            "" if ratio is None else f"{ratio:.2f}",
            row["unit"],
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
