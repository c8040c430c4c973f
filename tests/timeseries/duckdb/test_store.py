"""What only the embedded store promises: its file, its transaction, its threads."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest

from domain.errors import ConfigurationError
from domain.time.units import DAY_MS
from tests.timeseries.building import LAMP, NOON_MS, TOPIC, batch, event, gateway_timed, report, sums, write
from tests.timeseries.duckdb.killed_writer import READINGS_PER_REPORT
from timeseries import EventQuery, PartitionProgress, Sums
from timeseries.duckdb.store import DuckDBStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "timeseries.duckdb"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[DuckDBStore]:
    opened = await DuckDBStore.open(path)
    yield opened
    await opened.close()


async def test_everything_is_there_again_when_the_file_is_opened_again(path: Path) -> None:
    store = await DuckDBStore.open(path)
    assert await store.load_progress() == {}
    sent = [report({"voltage": 1.0}), gateway_timed({"voltage": 2.0}, NOON_MS + 5, message_id="7")]
    first = await write(store, *sent)
    await store.write_events([event()])
    await store.close()

    store = await DuckDBStore.open(path)
    assert await store.load_progress() == first.progress == {(TOPIC, 0): PartitionProgress(2, Sums(stored=2))}
    copies = [sent[0], gateway_timed({"voltage": 2.0}, NOON_MS + 6, message_id="7")]
    assert sums(await write(store, *copies)) == Sums(duplicate=2)
    assert (await store.fetch_events(EventQuery())).items == [event()]
    await store.close()


async def test_progress_is_that_of_the_last_write_of_each_partition(store: DuckDBStore) -> None:
    for offset in (5, 9):
        await store.write_telemetry([batch(next_offset=offset), batch(next_offset=7, partition=offset)], {})
    assert await store.load_progress() == {
        (TOPIC, 0): PartitionProgress(9), (TOPIC, 5): PartitionProgress(7), (TOPIC, 9): PartitionProgress(7),
    }  # fmt: skip


async def test_a_write_that_fails_leaves_nothing_behind(store: DuckDBStore) -> None:
    impossible = batch(report({"voltage": 1.0}), next_offset=2**70)
    with pytest.raises((duckdb.Error, OverflowError)):
        await store.write_telemetry([impossible], {})

    assert await store.load_progress() == {}
    assert await store.fetch_latest([LAMP]) == {}
    assert sums(await write(store, report({"voltage": 1.0}))) == Sums(stored=1)


def test_rows_and_progress_agree_after_kill_9(path: Path) -> None:
    """Each writer goes on where the last one was killed."""
    for commits in (1, 3, 2):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.timeseries.duckdb.killed_writer", str(path)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        reached = [int(writer.stdout.readline()) for _ in range(commits)]
        writer.kill()  # within the next write, which has begun since
        reached += [int(line) for line in writer.stdout.read().split()]
        writer.wait()

        with duckdb.connect(str(path)) as file:
            rows, instants = file.execute("SELECT count(*), count(DISTINCT observed_at_ms) FROM telemetry").fetchall()[
                0
            ]
            (progress,) = file.execute("SELECT next_offset, stored, duplicate, refused FROM progress").fetchall()
        assert progress[0] >= reached[-1]
        assert progress == (instants, instants, 0, 0)
        assert rows == instants * READINGS_PER_REPORT


async def test_a_second_process_is_refused_in_words(store: DuckDBStore, path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib; from timeseries import open_store; from domain.errors import TransientFault\n"
        "async def use(): await (await open_store('embedded:', pathlib.Path(sys.argv[1]))).check()\n"
        "try: asyncio.run(use())\n"
        "except TransientFault as error: print(error)"
    )
    command = [sys.executable, "-c", program, str(path.parent)]
    other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert f"{path} is open in another process" in other.stdout
    assert "URBANSENSE_STORE_URL" in other.stdout


async def test_a_file_that_is_no_store_is_refused_in_words(path: Path) -> None:
    await asyncio.to_thread(path.write_text, "not a database, whatever its name says" * 100)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        await DuckDBStore.open(path)


async def test_a_folder_that_cannot_be_made_is_refused_in_words(path: Path) -> None:
    await asyncio.to_thread(path.write_text, "a file")
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        await DuckDBStore.open(path / "below" / "a file.duckdb")


async def test_a_file_of_another_schema_is_refused_in_words(path: Path) -> None:
    await (await DuckDBStore.open(path)).close()
    with duckdb.connect(str(path)) as file:
        file.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(ConfigurationError, match="schema version 99"):
        await DuckDBStore.open(path)


def count_for_very_long(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute("SELECT count(*) FROM range(1_000_000_000) a, range(1000) b WHERE a.range + b.range < 0")


async def test_a_long_query_holds_up_no_write_and_ends_when_it_is_cancelled(store: DuckDBStore) -> None:
    query = asyncio.ensure_future(store._read(count_for_very_long))
    outcome = await asyncio.wait_for(write(store, report({"voltage": 1.0})), 20)
    assert sums(outcome) == Sums(stored=1)
    assert not query.done()

    query.cancel()
    assert len(await asyncio.wait_for(store.fetch_latest([LAMP]), 20)) == 1


async def test_one_report_from_long_ago_does_not_hide_its_duplicates_or_those_of_today(store: DuckDBStore) -> None:
    lamps = [f"SL-{number}" for number in range(50)]
    today = [report({"voltage": 1.0}, NOON_MS + number, lamp) for number, lamp in enumerate(lamps)]
    old = report({"voltage": 1.0}, NOON_MS - 400 * DAY_MS, lamps[0])
    assert sums(await write(store, *today, old)) == Sums(stored=51)
    assert sums(await write(store, old, *today)) == Sums(duplicate=51)


async def test_progress_covers_a_write_whose_caller_has_gone(store: DuckDBStore) -> None:
    writing = asyncio.ensure_future(
        write(store, *(report({"voltage": 1.0}, NOON_MS + number) for number in range(5_000)))
    )
    await asyncio.sleep(0)
    writing.cancel()
    assert await store.load_progress() in ({(TOPIC, 0): PartitionProgress(5_000, Sums(stored=5_000))}, {})
    stored = await store.fetch_samples(LAMP, "streetlight", "voltage", 0, NOON_MS + DAY_MS)
    assert len(stored) == (await store.load_progress()).get((TOPIC, 0), PartitionProgress(0)).next_offset
