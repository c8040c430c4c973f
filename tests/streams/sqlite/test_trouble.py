"""The embedded log on a disk that is full, on files that are broken or not ours to write, beside another holder."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from domain.errors import ConfigurationError, InUse, TransientFault
from domain.topics import TopicSpec
from streams import Outgoing, TopicPartition
from streams.ports import Start
from streams.sqlite.log import SQLiteLog
from tests.servers.small_disk import SmallDisk
from tests.streams.rigs import PATIENCE_S

VALUE = os.urandom(8_000)
SPEC = TopicSpec("t", 1)


def faulty(log: SQLiteLog) -> bool:
    try:
        log.check()
    except TransientFault as fault:
        return "disk full: " in str(fault)
    return False


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_on_a_full_disk_nothing_is_acknowledged_reading_goes_on_and_it_heals_by_itself(
    small_disk: SmallDisk,
) -> None:
    log = SQLiteLog(small_disk.folder / "log.sqlite")
    await log.ensure_topics([SPEC])
    await log.append([Outgoing("t", None, b"before")])
    small_disk.fill()
    with capture_logs() as lines:
        waiting = [asyncio.ensure_future(log.append([Outgoing("t", None, VALUE)])) for _ in range(1000)]
        await until(lambda: faulty(log))
        done = sum(future.done() for future in waiting)
        reader = await log.reader(["t"], start=Start.EARLIEST)
        read = await reader.read(1.0, 10_000)
        assert sum(map(len, read.values())) == 1 + done  # what is acknowledged is there, and nothing else
        assert done < len(waiting)
        small_disk.free()
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*waiting)
    log.check()
    assert [line["event"] for line in lines] == ["log cannot be written, trying on", "log is written again"]
    ((_, end),) = (await log.bounds(["t"])).values()
    assert end == 1001
    await reader.close()
    await log.close()


def test_a_disk_that_is_full_at_the_start_is_named_and_no_other_process_is_blamed(small_disk: SmallDisk) -> None:
    small_disk.fill()
    with pytest.raises(TransientFault, match=rf"disk full: {small_disk.folder}, \d+ bytes free"):
        SQLiteLog(small_disk.folder / "log.sqlite")


async def test_what_a_full_disk_refused_at_the_start_opens_once_there_is_room(small_disk: SmallDisk) -> None:
    path = small_disk.folder / "log.sqlite"
    first = SQLiteLog(path)
    await first.ensure_topics([SPEC])
    await first.append([Outgoing("t", None, b"kept")])
    await first.close()
    small_disk.fill()
    with pytest.raises(TransientFault, match="disk full"):
        SQLiteLog(path)
    small_disk.free()
    log = SQLiteLog(path)
    assert await log.bounds(["t"]) == {TopicPartition("t", 0): (0, 1)}
    await log.close()


def _overwrite(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def _cut(path: Path) -> None:
    os.truncate(path, 100)


@pytest.mark.parametrize("harm", [_overwrite, _cut])
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = tmp_path / "log.sqlite"
    log = SQLiteLog(path)
    await log.ensure_topics([SPEC])
    await log.close()
    harm(path)
    with pytest.raises(ConfigurationError, match=rf"{path} is damaged .*restore it from a backup, or move it away"):
        SQLiteLog(path)
    path.unlink()
    await SQLiteLog(path).close()  # the failed opening holds nothing


async def test_damage_that_shows_while_reading_is_a_fault_in_words_and_no_bug(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    log = SQLiteLog(path)
    await log.ensure_topics([SPEC])
    for _ in range(200):
        await log.append([Outgoing("t", None, VALUE)])
    await log.close()
    with path.open("r+b") as file:
        file.seek(200_000)
        file.write(bytes(100_000))
    log = SQLiteLog(path)

    async def read() -> None:
        await (await log.reader(["t"], start=Start.EARLIEST)).read(1.0, 1000)

    with pytest.raises(TransientFault, match=r"the log cannot be read: .*is damaged"):
        await read()
    await log.close()


@pytest.mark.parametrize("mode", [0o755, 0o700])
async def test_a_folder_that_is_not_ours_to_write_is_named(mode: int) -> None:
    """As another user, since root may write everywhere."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as made:
        await _refused_to_another(Path(made), mode)


def _open_to_others(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    for path in folder.iterdir():
        path.chmod(0o644)


async def _refused_to_another(folder: Path, mode: int) -> None:
    SQLiteLog(folder / "log.sqlite")._contents._lock.close()
    program = (
        "import os, pathlib, sys; from streams.sqlite.log import SQLiteLog; from domain.errors import ConfigurationError\n"
        "os.setuid(65534)\n"
        "try: SQLiteLog(pathlib.Path(sys.argv[1]) / 'log.sqlite')\n"
        "except ConfigurationError as error: print(error)"
    )
    _open_to_others(folder, mode)
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, str(folder)], capture_output=True, text=True
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert "owner" in done.stdout


async def test_the_second_holder_learns_who_the_first_is_and_takes_over_when_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    first = SQLiteLog(path)
    with pytest.raises(InUse, match=f"in use by process {os.getpid()}"):
        SQLiteLog(path)
    with pytest.raises(InUse):  # to look who holds it lets go of nothing
        SQLiteLog(path)
    await first.close()
    await SQLiteLog(path).close()


def test_an_error_about_neither_file_nor_disk_is_ours_and_stays_a_bug(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE topics (wrong INTEGER)")
    other.close()
    with pytest.raises(sqlite3.OperationalError):
        SQLiteLog(path)
