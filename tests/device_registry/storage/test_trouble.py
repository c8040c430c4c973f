"""The registry in one SQLite file on a disk that is full, and on a file that is broken."""

import os
from pathlib import Path

import pytest

from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.errors import TransientFault
from tests.device_registry.samples import CABINET, NOW_MS
from tests.servers.small_disk import SmallDisk


def test_on_a_full_disk_a_change_is_refused_in_words_reading_goes_on_and_it_heals(small_disk: SmallDisk) -> None:
    registry = Registry(f"sqlite:///{small_disk.folder / 'registry.db'}")
    registry.upsert_devices([CABINET], now_ms=NOW_MS)
    small_disk.fill()
    many = [Device(f"L{number}", "streetlight", "streetlight", name="x" * 200) for number in range(2000)]
    with pytest.raises(TransientFault, match=rf"disk full: {small_disk.folder}, \d+ bytes free"):
        registry.upsert_devices(many, now_ms=NOW_MS)
    assert registry.count_devices() == 1
    small_disk.free()
    registry.upsert_devices(many, now_ms=NOW_MS)
    assert registry.count_devices() == 2001
    registry.close()


def test_a_disk_that_is_full_at_the_start_is_named_and_the_schema_comes_once_there_is_room(
    small_disk: SmallDisk,
) -> None:
    small_disk.fill()
    registry = Registry(f"sqlite:///{small_disk.folder / 'registry.db'}")
    with pytest.raises(TransientFault, match="disk full"):
        registry.count_devices()
    small_disk.free()
    assert registry.count_devices() == 0
    registry.close()


@pytest.mark.parametrize("content", [os.urandom(50_000), b"SQLite format 3\x00" + bytes(84)])
def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "registry.db"
    path.write_bytes(content)
    registry = Registry(f"sqlite:///{path}")
    with pytest.raises(TransientFault, match=rf"{path} is damaged .*restore it from a backup"):
        registry.count_devices()
    registry.close()
