"""The embedded store on a disk that fills up, on files that are broken, and afterwards."""

import asyncio
import itertools
import os
import re
import sys
from pathlib import Path

import pytest

from domain.errors import ConfigurationError, TransientFault
from tests.servers.small_disk import SmallDisk
from timeseries.duckdb.store import DuckDBStore
from timeseries.ports import PartitionBatch, PartitionProgress

DAY_MS = 1_780_000_000_000
REPORTS = 4000


def batch(number: int) -> PartitionBatch:
    """Reports of random values, which no compression makes small."""
    reports = [
        {
            "device_id": f"L-{os.urandom(6).hex()}", "kind": "streetlight", "observed_at_ms": DAY_MS + number,
            "received_at_ms": DAY_MS + number, "codec": "json", "readings": {"voltage": float(index)},
        }
        for index in range(REPORTS)
    ]  # fmt: skip
    return PartitionBatch("telemetry.streetlight", 0, (number + 1) * REPORTS, reports)  # type: ignore[arg-type]


async def stored(store: DuckDBStore) -> int:
    progress = await store.load_progress()
    return sum(place.sums.stored for place in progress.values())


async def write_until_it_fails(
    store: DuckDBStore, progress: dict[tuple[str, int], PartitionProgress]
) -> tuple[TransientFault, int]:
    """The fault, and how many batches were written before; `progress` is where they end."""
    for written in itertools.count():
        try:
            progress.update((await store.write_telemetry([batch(written)], progress)).progress)
        except TransientFault as fault:
            return fault, written
    raise AssertionError


async def test_a_disk_that_fills_refuses_in_words_and_takes_everything_once_there_is_room(
    small_disk: SmallDisk,
) -> None:
    store = await DuckDBStore.open(small_disk.folder / "store.duckdb")
    small_disk.fill(leave=6 << 20)
    progress: dict[tuple[str, int], PartitionProgress] = {}
    fault, written = await write_until_it_fails(store, progress)
    assert re.search(r"disk full: .*disk, \d+ bytes free", str(fault))
    with pytest.raises(TransientFault, match="disk full"):
        await store.check()
    assert await stored(store) == written * REPORTS  # reading goes on, or goes on again
    small_disk.free()
    progress.update((await store.write_telemetry([batch(written)], progress)).progress)
    assert "DuckDB" in await store.check()
    assert await stored(store) == (written + 1) * REPORTS
    await store.close()


async def test_a_disk_that_is_full_in_the_middle_of_a_checkpoint_heals_without_a_restart(small_disk: SmallDisk) -> None:
    store = await DuckDBStore.open(small_disk.folder / "store.duckdb")
    progress: dict[tuple[str, int], PartitionProgress] = {}
    small_disk.grow(20)  # the write-ahead file has 16 MiB when DuckDB makes a checkpoint
    _, written = await write_until_it_fails(store, progress)
    small_disk.grow(200)
    progress.update((await store.write_telemetry([batch(written)], await store.load_progress())).progress)
    assert await stored(store) == (written + 1) * REPORTS
    await store.close()


async def test_a_damaged_file_is_named_and_the_store_opens_once_it_is_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    path.write_bytes(os.urandom(100_000))
    with pytest.raises(ConfigurationError, match=r"store\.duckdb cannot be opened: .*restore it from a backup"):
        await DuckDBStore.open(path)
    store = DuckDBStore(path)
    with pytest.raises(TransientFault, match="restore it from a backup"):
        await store.check()
    path.rename(tmp_path / "damaged")
    assert "DuckDB" in await store.check()
    await store.close()


async def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    store = await DuckDBStore.open(path)
    await store.write_telemetry([batch(0)], {})
    await store.close()
    os.truncate(path, 20_000)
    with pytest.raises(TransientFault, match="cannot be opened"):
        await DuckDBStore(path).check()


async def test_a_file_that_another_process_holds_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "store.duckdb"
    program = f"import duckdb\nheld = duckdb.connect({str(path)!r})\nprint('held', flush=True)\ninput()"
    other = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert other.stdin is not None
    assert other.stdout is not None
    assert await asyncio.wait_for(other.stdout.readline(), 60) == b"held\n"
    store = DuckDBStore(path)
    with pytest.raises(TransientFault, match=rf"open in another process.*PID {other.pid}"):
        await store.check()
    other.stdin.close()
    await asyncio.wait_for(other.wait(), 60)
    assert "DuckDB" in await store.check()
    await store.close()
