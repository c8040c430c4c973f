"""Room on the disk: red before it is gone, and in the metric."""

import asyncio
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from domain.errors import TransientFault
from tests.servers.small_disk import SmallDisk
from urbansense.running.disk import DiskSpace


async def test_too_little_room_is_red_before_the_disk_is_full(tmp_path: Path) -> None:
    assert "MiB free" in await DiskSpace(tmp_path, 0).check()
    with pytest.raises(TransientFault, match=rf"disk nearly full: {tmp_path}, \d+ bytes free"):
        await DiskSpace(tmp_path, 1 << 40).check()


async def test_a_full_disk_is_red_and_well_again_once_there_is_room(small_disk: SmallDisk) -> None:
    disk = DiskSpace(small_disk.folder, 1)
    small_disk.fill()
    with pytest.raises(TransientFault, match=rf"disk full: {small_disk.folder}, \d+ bytes free"):
        await disk.check()
    small_disk.free()
    assert "MiB free" in await disk.check()


async def test_the_metric_is_what_was_last_measured(small_disk: SmallDisk) -> None:
    disk, stop, registry = DiskSpace(small_disk.folder, 0), asyncio.Event(), CollectorRegistry()
    registry.register(disk)
    assert "urbansense_disk_free_bytes" not in generate_latest(registry).decode()
    running = asyncio.create_task(disk.run(stop))
    async with asyncio.timeout(20):
        while "urbansense_disk_free_bytes" not in generate_latest(registry).decode():
            await asyncio.sleep(0.01)
    stop.set()
    await running
