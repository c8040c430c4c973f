"""What only the embedded log has: one process and its file, cleaning, a member that does not read."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from domain.errors import ConfigurationError, Fenced
from domain.time.units import DAY_MS
from domain.topics import Cleanup, TopicSpec
from streams import Committed, Outgoing, TopicPartition
from streams.reading.tables import latest_by_key, read_to_end
from streams.sqlite.cleaner import LogCleaner
from streams.sqlite.log import SQLiteLog
from tests.streams.rigs import PATIENCE_S, collected, eventually, numbered, read_some


class HandClock:
    def __init__(self) -> None:
        self.now_ms = 1_763_772_000_000

    def __call__(self) -> int:
        return self.now_ms


async def test_a_second_opening_is_refused_with_what_to_do(tmp_path: Path) -> None:
    log = SQLiteLog(tmp_path / "log.sqlite")
    with pytest.raises(ConfigurationError, match="URBANSENSE_LOG_URL"):
        SQLiteLog(tmp_path / "log.sqlite")
    command = "import sys, pathlib, streams.sqlite.log as e; e.SQLiteLog(pathlib.Path(sys.argv[1]))"
    other = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", command, str(tmp_path / "log.sqlite")],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert other.returncode != 0
    assert f"in use by process {os.getpid()}" in other.stderr
    await log.close()
    await SQLiteLog(tmp_path / "log.sqlite").close()


_WRITER = """
import asyncio, pathlib, sys
from domain.topics import TopicSpec
from streams import Committed, Outgoing, TopicPartition
from streams.sqlite.log import SQLiteLog
from streams.sqlite.cleaner import LogCleaner

async def main():
    log = SQLiteLog(pathlib.Path(sys.argv[1]))
    await log.ensure_topics([TopicSpec("t", 3), TopicSpec("e", 1)])
    writer = await log.writer("w")
    turn = 0
    while True:
        records = [Outgoing("t", None, b"%d" % turn, partition=p) for p in range(3) for _ in range(50)]
        await asyncio.gather(
            log.append(records),
            writer.commit([Outgoing("e", b"k", b"%d" % turn)] * 7, "g", {TopicPartition("t", 0): Committed(turn)}),
        )
        print(turn, flush=True)
        turn += 1

asyncio.run(main())
"""


async def test_kill_9_loses_nothing_acknowledged_and_leaves_no_half_transaction(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WRITER, str(path), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert child.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(40):
            assert await child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        acknowledged = 39 + len((await child.stdout.read()).splitlines())
        await child.wait()
    log = SQLiteLog(path)
    records = await collected(read_to_end(log, ["t"]))
    events = await collected(read_to_end(log, ["e"]))
    place = (await log.committed("g", [TopicPartition("t", 0)]))[TopicPartition("t", 0)]
    assert len(records) >= 150 * (acknowledged + 1)
    assert len(records) % 150 == 0
    assert len(events) == 7 * (place.offset + 1) >= 7 * (acknowledged + 1)
    await log.append([Outgoing("e", b"k", b"next")])
    assert (await collected(read_to_end(log, ["e"])))[-1].offset == len(events)
    await log.close()


async def test_a_topic_of_so_many_bytes_keeps_the_newest_of_each_partition(tmp_path: Path) -> None:
    clock = HandClock()
    log = SQLiteLog(tmp_path / "log.sqlite", now_ms=clock)
    await log.ensure_topics([TopicSpec("t", 2, retention_bytes=200_000), TopicSpec("ever", 1)])
    for partition in range(2):
        await log.append([Outgoing("t", b"k", b"v" * 936, partition=partition) for _ in range(80 + 200 * partition)])
    await log.append([Outgoing("ever", b"k", b"v" * 936) for _ in range(300)])
    assert await log.clean(clock.now_ms) == 180
    assert await log.bounds(["t", "ever"]) == {
        TopicPartition("t", 0): (0, 80),
        TopicPartition("t", 1): (180, 280),
        TopicPartition("ever", 0): (0, 300),
    }
    assert await log.clean(clock.now_ms) == 0
    await log.append([Outgoing("t", b"k", b"v" * 936, partition=1)])
    assert await log.clean(clock.now_ms) == 1
    await log.close()


async def test_retention_drops_what_is_older_and_keeps_the_offsets(tmp_path: Path) -> None:
    clock = HandClock()
    log = SQLiteLog(tmp_path / "log.sqlite", now_ms=clock)
    await log.ensure_topics([TopicSpec("t", 1, retention_ms=DAY_MS), TopicSpec("ever", 1)])
    tp = TopicPartition("t", 0)
    await log.append([*numbered("t", 25_000, partition=0), *numbered("ever", 10, partition=0)])
    clock.now_ms += DAY_MS
    await log.append(numbered("t", 10, partition=0))
    assert await log.clean(clock.now_ms) == 0
    assert await log.clean(clock.now_ms + 1) == 25_000
    assert await log.bounds(["t"]) == {tp: (25_000, 25_010)}
    reader = await log.reader(["t"], group="behind", partitions=[tp])
    reader.seek({tp: 5})
    assert [r.offset for r in await read_some(reader, 10)] == list(range(25_000, 25_010))
    assert await log.clean(clock.now_ms + 2 * DAY_MS) == 10
    await log.close()
    log = SQLiteLog(tmp_path / "log.sqlite", now_ms=clock)
    assert await log.bounds(["t", "ever"]) == {tp: (25_010, 25_010), TopicPartition("ever", 0): (0, 10)}
    await log.append(numbered("t", 1, partition=0))
    assert await log.bounds(["t"]) == {tp: (25_010, 25_011)}
    await log.close()


async def test_compaction_keeps_the_newest_of_each_key_and_a_tombstone_for_a_day(tmp_path: Path) -> None:
    clock = HandClock()
    log = SQLiteLog(tmp_path / "log.sqlite", now_ms=clock)
    await log.ensure_topics([TopicSpec("c", 1, Cleanup.COMPACT)])
    tp = TopicPartition("c", 0)
    for turn in range(3):
        await log.append([Outgoing("c", b"%d" % i, b"%d" % turn) for i in range(100)])
    await log.append([Outgoing("c", b"7", None), Outgoing("c", b"99", None)])
    before = await latest_by_key(log, "c")
    assert await log.clean(clock.now_ms) == 202
    assert await log.clean(clock.now_ms) == 0
    assert await latest_by_key(log, "c") == before
    assert len(before) == 98
    assert [r.key for r in await collected(read_to_end(log, ["c"])) if r.value is None] == [b"7", b"99"]
    assert (await log.bounds(["c"]))[tp] == (200, 302)
    clock.now_ms += DAY_MS + 1
    await log.append([Outgoing("c", b"0", b"again")])
    assert await log.clean(clock.now_ms) == 3  # two tombstones and the old value of key 0
    assert all(r.value is not None for r in await collected(read_to_end(log, ["c"])))
    await log.append([Outgoing("c", b"0", None)])
    clock.now_ms += DAY_MS + 1
    await log.clean(clock.now_ms)  # drops the last record: reading to the end must end all the same
    assert len(await collected(read_to_end(log, ["c"]))) == 97
    await log.close()


async def test_the_cleaner_cleans_until_it_is_stopped(tmp_path: Path) -> None:
    log = SQLiteLog(tmp_path / "log.sqlite")
    await log.ensure_topics([TopicSpec("c", 1, Cleanup.COMPACT)])
    stop = asyncio.Event()
    cleaner = asyncio.create_task(LogCleaner(log, every_s=0.01).run(stop))
    for turn in range(3):
        await log.append([Outgoing("c", b"k", b"%d" % turn)])
        alone = {TopicPartition("c", 0): (turn, turn + 1)}
        await eventually(lambda: log.bounds(["c"]), alone.__eq__)
    stop.set()
    async with asyncio.timeout(PATIENCE_S):
        await cleaner
    await log.close()


async def test_a_member_that_does_not_read_loses_its_partitions_after_a_while(tmp_path: Path) -> None:
    log = SQLiteLog(tmp_path / "log.sqlite", rebalance_patience_s=0.2)
    await log.ensure_topics([TopicSpec("t", 4)])
    revoked: list[frozenset[TopicPartition]] = []

    async def on_revoked(partitions: frozenset[TopicPartition]) -> None:
        revoked.append(partitions)
        await stuck.commit({tp: Committed(0) for tp in partitions})

    stuck = await log.reader(["t"], group="g", on_revoked=on_revoked)
    await stuck.read(timeout_s=0)
    await log.append(numbered("t", 40))
    other = await log.reader(["t"], group="g")
    assert len(await read_some(other, 40)) == 40
    with pytest.raises(Fenced):
        await stuck.commit({TopicPartition("t", 0): Committed(1)})
    # Reading again, it learns what it has lost (on_revoked raises Fenced, which read swallows) and joins anew.
    async with asyncio.timeout(PATIENCE_S):
        while not revoked:
            await asyncio.gather(stuck.read(timeout_s=0.05), other.read(timeout_s=0.05))
    assert revoked == [frozenset(TopicPartition("t", number) for number in range(4))]
    assert await log.committed("g", [TopicPartition("t", 0)]) == {}
    await log.close()


async def test_a_disk_that_refuses_is_waited_for(tmp_path: Path) -> None:
    log = SQLiteLog(tmp_path / "log.sqlite")
    await log.ensure_topics([TopicSpec("t", 1)])
    foreign = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")  # holds the write lock longer than SQLite's own patience of 0.1 s set here
    log._contents._commits._connection.execute("PRAGMA busy_timeout=100")
    appends = [asyncio.ensure_future(log.append(numbered("t", 5, partition=0, first=5 * i))) for i in range(4)]
    done, _ = await asyncio.wait(appends, timeout=0.5)
    assert not done
    foreign.execute("ROLLBACK")
    foreign.close()
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*appends)
    records = await collected(read_to_end(log, ["t"]))
    assert [r.value for r in records] == [b"%d" % i for i in range(20)]
    await log.close()


async def test_many_small_appends_share_a_commit(tmp_path: Path) -> None:
    log = SQLiteLog(tmp_path / "log.sqlite")
    await log.ensure_topics([TopicSpec("t", 3)])
    commits: list[int] = []
    attempt = log._contents._commits._attempt

    def counted(group: list[object]) -> object:
        commits.append(len(group))
        return attempt(group)  # type: ignore[arg-type]

    log._contents._commits._attempt = counted  # type: ignore[method-assign, assignment]
    await asyncio.gather(*(log.append([record]) for record in numbered("t", 2000)))
    assert sum(commits) == 2000
    assert len(commits) < 200
    await eventually(lambda: log.bounds(["t"]), lambda b: sum(end for _, end in b.values()) == 2000)
    await log.close()
