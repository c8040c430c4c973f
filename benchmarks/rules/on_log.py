"""The whole rules worker on a log, beside the floor on the same log: with its transactions, and with none.

What the transactions cost is the difference to a worker whose writers forget what they are given.
"""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.rows import Pace, Pair, Row, Stopwatch, limited_row, paired_row
from benchmarks.rules.floor import read_and_judge_plainly
from benchmarks.rules.twenty import EXPECTED, fired, twenty_rules
from benchmarks.rules.workload import DEAD, ONE_RULE, REPORTS, Lamps, filled_log
from domain.topics import Topics
from rules.worker.sums import read_rule_sums
from rules.worker.worker import RulesWorker
from streams.ports import Committed, Log, Outgoing, TopicPartition
from streams.reading.tables import read_to_end
from urbansense.running.memory import settled_memory

_PAIRS = 3
_PATIENCE_S = 300


async def measure_on_log(name: str, url: str, folder: Path) -> list[Row]:
    """Rows of one rule and of twenty, kept and with nothing committed, and the share that committing takes."""
    one = await _measure(f"one rule on {name}", url, folder, ONE_RULE, {"lamp-dead": DEAD}, at_least=1 / 2)
    twenty = await _measure(f"20 rules on {name}", url, folder, twenty_rules(), EXPECTED, at_least=1 / 15)
    return one + twenty


async def _measure(
    name: str, url: str, folder: Path, rules: str, expected: Mapping[str, int], at_least: float
) -> list[Row]:
    kept: list[Pair] = []
    forgotten: list[Pair] = []
    for number in range(_PAIRS):
        prefix = f"{name.replace(' ', '-')}-{number}-"
        async with filled_log(url, folder / prefix, prefix, rules) as (log, topics):
            floor = await read_and_judge_plainly(log, url, topics)
            forgotten.append((await work(_Forgetful(log), topics), floor))
            kept.append((await work(log, topics), floor))
            await check(log, topics, expected)
    shares = [1 - with_it.per_s / without.per_s for (with_it, _), (without, _) in zip(kept, forgotten, strict=True)]
    return [
        paired_row(name, kept, at_least=at_least),
        paired_row(f"{name}, nothing committed", forgotten),
        limited_row(
            f"{name}: share of the transactions", statistics.median(shares), unit="of throughput", at_most=1 / 3
        ),
    ]


async def work(log: Any, topics: Topics) -> Pace:
    """The pace of a worker from its first report to its last commit."""
    worker, stop = RulesWorker(log, topics, Lamps()), asyncio.Event()
    with settled_memory():  # as in every service
        running = asyncio.create_task(worker.run(stop))
        try:
            await until(lambda: _judged(worker) > 0, running)
            before, watch = _judged(worker), Stopwatch()
            await until(lambda: _judged(worker) == REPORTS, running)
        finally:
            stop.set()
            await running
        return watch.pace(REPORTS - before)


async def until(there: Callable[[], bool], running: asyncio.Task[None]) -> None:
    """Wait for it, as long as `running` runs."""
    async with asyncio.timeout(_PATIENCE_S):
        while not there() and not running.done():
            await asyncio.sleep(0.01)


async def check(log: Log, topics: Topics, expected: Mapping[str, int]) -> None:
    """That every report was judged once, and every event raised once. Raises: AssertionError."""
    sums, opened = await read_rule_sums(log, topics), Counter[str]()
    async for record in read_to_end(log, [topics.rules_raised]):
        if (dict(record.headers)["type"], record.value is None) == (b"opened", False):
            opened[orjson.loads(record.value or b"")["rule"]] += 1
    assert (sums.judged, fired(opened)) == (REPORTS, expected), (sums, fired(opened), expected)


def _judged(worker: RulesWorker) -> int:
    """Every rule is asked about every report here, so the first stands for all."""
    health = worker.health()
    return health[0].judged if health else 0


class _Forgetful:
    """A log whose transactions cost nothing and keep nothing."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def writer(self, transactional_id: str) -> "_Forgetful":
        return self

    async def commit(
        self, records: Sequence[Outgoing], group: str, offsets: Mapping[TopicPartition, Committed]
    ) -> None:
        pass

    async def close(self) -> None:
        pass
