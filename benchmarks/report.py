"""The table on the terminal, and the same rows as JSON in benchmarks/results/."""

import json
import os
import platform
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rows import Row

_RESULTS = Path(__file__).parent / "results"
_FILE_WIDTH = 170


def report(rows: list[Row], name: str = "") -> None:
    """Show them, and keep them under the time of day."""
    console = Console()
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(_table(rows))
    _RESULTS.mkdir(exist_ok=True)
    path = _RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}{name and '-' + name}.json"
    told = {"python": platform.python_version(), "machine": platform.machine(), "cores": os.cpu_count(), "rows": rows}
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False))
    console.print(f"written to {path.relative_to(Path.cwd())}" if path.is_relative_to(Path.cwd()) else str(path))


def _table(rows: list[Row]) -> Table:
    table = Table("what", "ours", "floor", "ratio", "unit", "CPU µs (floor)", "CPU ratio", "asked for")
    for row in rows:
        floor, ratio = row.get("floor"), row.get("ratio")
        table.add_row(
            row["name"],
            _figure(row["value"]),
            "" if floor is None else _figure(floor),
            "" if ratio is None else f"{ratio:.2g}" if ratio < 0.1 else f"{ratio:.2f}",
            row["unit"],
            f"{row['cpu_us']:.3g} ({row['floor_cpu_us']:.3g})" if "cpu_us" in row else "",
            f"{row['cpu_ratio']:.2g}" if "cpu_ratio" in row else "",
            "" if "bar" not in row else f"{row['bar']} {'holds' if row['holds'] else 'MISSED'}",
        )
    return table


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
