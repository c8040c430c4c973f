"""How long a rules worker takes from its start until it owns a partition with the state of 10,000 lamps and 20 rules again.

It reads the rules and the state topic as the first worker left them, before any compaction: every version of every state.
"""

import asyncio
import time
from pathlib import Path

from benchmarks.rows import Row, limited_row
from benchmarks.rules.on_log import until, work
from benchmarks.rules.twenty import twenty_rules
from benchmarks.rules.workload import LAMPS, Lamps, filled_log
from rules.worker.worker import RulesWorker
from streams.reading.tables import latest_by_key

_LIMIT_S = 10.0


async def measure_restore(name: str, url: str, folder: Path) -> list[Row]:
    """One row; the state is read once, as after a crash."""
    async with filled_log(url, folder / "restore", "restore-", twenty_rules(), partitions=1) as (log, topics):
        await work(log, topics)
        assert len(await latest_by_key(log, topics.rule_state)) == LAMPS + 1
        worker, stop = RulesWorker(log, topics, Lamps()), asyncio.Event()
        began_s = time.perf_counter()
        running = asyncio.create_task(worker.run(stop))
        try:
            await until(lambda: bool(worker.owned), running)
            took_s = time.perf_counter() - began_s
        finally:
            stop.set()
            await running
    return [limited_row(f"restore of 10,000 lamps with 20 rules from {name}", took_s, unit="s", at_most=_LIMIT_S)]
