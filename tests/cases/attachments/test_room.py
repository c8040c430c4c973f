"""How much room photos have."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cases.attachments import AttachmentStore, NoRoom, PhotoQuota

JPEG = b"\xff\xd8\xff\xe1\x00\x18Exif\x00\x00" + bytes(range(256)) * 8


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def store(folder: Path, total: int = 5_000, free: int = 0) -> AttachmentStore:
    return AttachmentStore(folder / "photos", PhotoQuota(total_bytes=total, free_bytes=free))


async def test_beyond_all_bytes_no_photo_is_read_and_what_is_there_stays(tmp_path: Path) -> None:
    photos = store(tmp_path)
    kept = [await photos.receive(chunks(JPEG, bytes([n]))) for n in range(3)]
    with pytest.raises(NoRoom, match="none can be added"):
        await photos.receive(chunks(JPEG, b"more"))
    assert all(photos.path(one.content).is_file() for one in kept)
    assert list((tmp_path / "photos/incoming").iterdir()) == []


async def test_the_same_photo_again_takes_no_further_room(tmp_path: Path) -> None:
    photos = store(tmp_path, total=10_000)
    for _ in range(20):
        await photos.receive(chunks(JPEG))
    assert photos.room.used() == len(JPEG)


async def test_what_earlier_processes_kept_counts(tmp_path: Path) -> None:
    before = store(tmp_path)
    for n in range(3):
        await before.receive(chunks(JPEG, bytes([n])))
    with pytest.raises(NoRoom):
        await store(tmp_path).receive(chunks(JPEG, b"more"))


async def test_the_disk_keeps_some_room_for_everything_else(tmp_path: Path) -> None:
    with pytest.raises(NoRoom, match="the disk of the photos"):
        await store(tmp_path, free=1 << 60).receive(chunks(JPEG))
