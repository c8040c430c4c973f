"""A disk of a few megabytes that can be filled: a tmpfs of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

_MIB = 1 << 20


class SmallDisk:
    """`folder` has room for `mib` MiB; `fill` takes what is left of it and `free` gives it back."""

    def __init__(self, folder: Path, mib: int) -> None:
        self.folder = folder
        self.mib = mib
        self._ballast = folder / "ballast"

    def fill(self, leave: int = 0) -> None:
        """Nothing is left but `leave` bytes."""
        with self._ballast.open("ab", buffering=0) as sink:
            try:
                while (room := shutil.disk_usage(self.folder).free - leave) > 0:
                    sink.write(bytes(min(room, _MIB)))
            except OSError:
                return

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def grow(self, mib: int) -> None:
        """Make the disk itself larger."""
        _mount("-o", f"remount,size={mib}m", str(self.folder))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[SmallDisk]:
    """Skips where this user may not mount."""
    folder, mib = tmp_path / "disk", 24
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={mib}m,mode=700", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no small disk can be mounted here: {error}")
    try:
        yield SmallDisk(folder, mib)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
