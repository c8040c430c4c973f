"""`make bench`: every bench, one table, one JSON file in benchmarks/results/. `python -m benchmarks rules` runs one."""

import asyncio
import importlib
import inspect
import sys

from benchmarks.report import report
from benchmarks.rows import Row

_BENCHES = {
    "gateway": "benchmarks.gateway.comparison",
    "recorder": "benchmarks.recorder",
    "rules": "benchmarks.rules.comparison",
    "correlation": "benchmarks.correlation",
    "registry": "benchmarks.registry",
    "registry_import": "benchmarks.registry_import",
}


def main(names: list[str]) -> None:
    rows: list[Row] = []
    for name in names or _BENCHES:
        print(f"measuring {name} …", flush=True)
        measured = importlib.import_module(_BENCHES[name]).measure()
        rows += asyncio.run(measured) if inspect.iscoroutine(measured) else measured
    report(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
