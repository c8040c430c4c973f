"""A process that writes into an embedded store until it is killed; prints after each commit how far it is.

Run as: python -m tests.timeseries.duckdb.killed_writer FILE
"""

import asyncio
import sys
from pathlib import Path

from tests.timeseries.building import NOON_MS, TOPIC, report
from timeseries.duckdb.store import DuckDBStore
from timeseries.ports import PartitionBatch

REPORTS_PER_BATCH = 400
READINGS_PER_REPORT = 4


async def write_for_ever(path: Path) -> None:
    store = await DuckDBStore.open(path)
    progress = await store.load_progress()
    while True:
        first = progress[TOPIC, 0].next_offset if progress else 0
        readings = {f"q{number}": float(first) for number in range(READINGS_PER_REPORT)}
        reports = [report(readings, NOON_MS + first + i) for i in range(REPORTS_PER_BATCH)]
        outcome = await store.write_telemetry([PartitionBatch(TOPIC, 0, first + len(reports), reports)], progress)
        progress = outcome.progress
        print(progress[TOPIC, 0].next_offset, flush=True)


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1])))
