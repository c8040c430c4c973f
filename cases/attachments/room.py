"""How much room photos have: on the disk, all of them together, and those that one person sends in a day."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from domain.errors import UrbansenseError

_MEASURED_AGAIN_S: Final = 600.0
_MEBIBYTE: Final = 1024 * 1024


class NoRoom(UrbansenseError):
    """The disk, or the quota of all photos, has no room for another one. An operator must make some."""


class TooMuchInADay(UrbansenseError):
    """One person has sent as many bytes of photos within a day as one may."""


@dataclass(frozen=True, slots=True)
class PhotoQuota:
    """Bytes that all photos may take, that one person may send in 24 hours, and that the disk must have left."""

    total_bytes: int = 50 * 1024 * _MEBIBYTE
    person_day_bytes: int = 1024 * _MEBIBYTE
    free_bytes: int = 512 * _MEBIBYTE


class PhotoRoom:
    """What the files below a folder take. Any number of processes may share it: it is measured again every ten minutes.

    Files that no case names count too: what was refused after it had come, and what a crash left.
    """

    def __init__(self, folder: Path, quota: PhotoQuota) -> None:
        self.quota = quota
        self._folder = folder
        self._used = 0
        self._measured_at: float | None = None

    def check(self) -> int:
        """How many bytes are taken. Raises: NoRoom where the next photo has none."""
        used, free = self.used(), shutil.disk_usage(_existing(self._folder)).free
        if used >= self.quota.total_bytes:
            raise NoRoom(f"photos take {_mb(used)} MB, and may take {_mb(self.quota.total_bytes)}: none can be added")
        if free < self.quota.free_bytes:
            raise NoRoom(f"the disk of the photos has {_mb(free)} MB left, and must keep {_mb(self.quota.free_bytes)}")
        return used

    def used(self) -> int:
        if self._measured_at is None or monotonic() - self._measured_at > _MEASURED_AGAIN_S:
            self._used = sum(_size(path) for path in self._folder.rglob("*"))
            self._measured_at = monotonic()
        return self._used

    def add(self, size: int) -> None:
        self._used += size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # another process tidied up meanwhile
        return 0


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _mb(size: int) -> int:
    return size // _MEBIBYTE
