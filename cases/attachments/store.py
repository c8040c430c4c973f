"""The files of photos: by the SHA-256 of their content, each content once.

chunks ──▶ <folder>/incoming/<random> ──fsync──▶ <folder>/ab/abcd… ──fsync of the folder──▶ now a row may name it
A crash before the row leaves a file that nobody names; the same photo sent again finds it.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import time
from typing import Final, Protocol

from cases.attachments.dimensions import MOST_PIXELS, pixels_of
from cases.attachments.formats import HEAD_BYTES, ImageFormat, recognise
from cases.attachments.room import PhotoQuota, PhotoRoom
from domain.errors import UrbansenseError

MOST_BYTES: Final = 10 * 1024 * 1024
_STALE_S: Final = 86_400


class NoPhoto(UrbansenseError):
    """The bytes are of no format that is taken."""


class PhotoTooLarge(UrbansenseError):
    """The photo has more than MOST_BYTES, or would have more than MOST_PIXELS for whoever opens it."""


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """A photo that is on the disk for good. Units: `size` in bytes. `content` is its SHA-256, hexadecimal."""

    content: str
    size: int
    photo: ImageFormat


class _File(Protocol):
    name: str

    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> None: ...
    def fileno(self) -> int: ...


class AttachmentStore:
    """The folder of photos. Any number of processes may share one; what one of them wrote stays as it is."""

    def __init__(self, folder: Path, quota: PhotoQuota | None = None) -> None:
        self.room = PhotoRoom(folder, quota or PhotoQuota())
        self._folder = folder
        self._incoming = folder / "incoming"

    async def receive(self, chunks: AsyncIterator[bytes]) -> StoredPhoto:
        """Keep a photo; never more of it than a chunk is in memory. Idempotent: the same bytes are kept once.

        Raises: NoRoom before anything is read; NoPhoto as soon as the first bytes show it; PhotoTooLarge as soon as it is;
        nothing is kept then.
        """
        await asyncio.to_thread(self._tidy)
        await asyncio.to_thread(self.room.check)
        with NamedTemporaryFile(dir=self._incoming, delete=False) as file:
            try:
                stored = await _write(file, chunks)
                await asyncio.to_thread(self._keep, file, stored)
            finally:
                await asyncio.to_thread(Path(file.name).unlink, missing_ok=True)
        return stored

    def path(self, content: str) -> Path:
        """Where the photo of that content is, if it is."""
        return self._folder / content[:2] / content

    def _tidy(self) -> None:
        """Make the folder, and clear what crashed processes were receiving a day ago or earlier."""
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            try:
                if left.stat().st_mtime < time() - _STALE_S:
                    left.unlink()
            except FileNotFoundError:
                continue

    def _keep(self, file: _File, stored: StoredPhoto) -> None:
        file.flush()
        _check_pixels(Path(file.name), stored.photo)
        os.fsync(file.fileno())
        path = self.path(stored.content)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self._folder)
        if not path.exists():
            self.room.add(stored.size)
        os.replace(file.name, path)
        _sync_folder(path.parent)


async def _write(file: _File, chunks: AsyncIterator[bytes]) -> StoredPhoto:
    head, size, digest = b"", 0, sha256()
    photo: ImageFormat | None = None
    async for chunk in chunks:
        if photo is None:
            head += chunk[:HEAD_BYTES]
            photo = recognise(head)
            if photo is None and len(head) >= HEAD_BYTES:
                break
        size += len(chunk)
        if size > MOST_BYTES:
            raise PhotoTooLarge(f"a photo has at most {MOST_BYTES} bytes")
        digest.update(chunk)
        await asyncio.to_thread(file.write, chunk)
    if photo is None:
        raise NoPhoto("this is no JPEG, PNG or WebP file, whatever it is called")
    return StoredPhoto(digest.hexdigest(), size, photo)


def _check_pixels(path: Path, photo: ImageFormat) -> None:
    with path.open("rb") as written:
        if pixels_of(written, photo) > MOST_PIXELS:
            raise PhotoTooLarge(f"a photo has at most {MOST_PIXELS:,} pixels")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
