"""Files that only their owner reads: folders 0700, files 0600, whatever the umask.

Other users are kept out by the data folder; its files are private one by one as well, for the day they are copied.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

_OF_OTHERS: Final = 0o077
_POSIX: Final = os.name == "posix"


@contextmanager
def private_umask() -> Iterator[None]:
    """Inside, whatever this process makes, or a library or a child of it, is open to its owner only."""
    before = os.umask(_OF_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def write_private(path: Path, content: bytes) -> None:
    """The file holds `content`, whole, and only its owner reads it; durable on return. Raises: OSError."""
    beside = _written_beside(path, content)
    try:
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _sync(path.parent)


def read_or_make_private(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; where there is none it is made with the bytes of `make`, readable by its owner only.

    Of several processes that make it at once, one wins, and all return the same bytes. Durable on return. Raises: OSError.
    """
    if not path.exists():
        beside = _written_beside(path, make())
        try:
            with suppress(FileExistsError):
                os.link(beside, path)
        finally:
            beside.unlink(missing_ok=True)
        _sync(path.parent)
    return path.read_bytes()


def close_to_others(path: Path) -> str | None:
    """None where only the owner may use the file or folder, now if not before; else one line on why others may.

    A folder with the sticky bit, such as /tmp, belongs to everybody and is left as it is.
    """
    try:
        mode = path.lstat().st_mode
        if not _POSIX or stat.S_ISLNK(mode) or not mode & _OF_OTHERS:
            return None
        if mode & stat.S_ISVTX:
            return f"{path} is shared by all users of this machine: name a folder of its own"
        path.chmod(stat.S_IMODE(mode) & ~_OF_OTHERS)
    except FileNotFoundError:
        return None  # gone meanwhile
    except OSError as error:
        return f"others may use {path} (mode {stat.S_IMODE(mode):04o}), and it cannot be changed: {error.strerror}"
    return None if not path.lstat().st_mode & _OF_OTHERS else f"others may use {path}: its file system keeps no modes"


def close_folder_to_others(folder: Path) -> list[str]:
    """`close_to_others` of the folder and of what lies directly in it; the lines of what stays open.

    What lies deeper is behind folders that are closed. A folder that everybody shares keeps all that is in it.
    """
    shared = close_to_others(folder)
    if shared is not None:
        return [shared]
    return [line for path in sorted(folder.iterdir()) if (line := close_to_others(path)) is not None]


def _written_beside(path: Path, content: bytes) -> Path:
    descriptor, name = mkstemp(prefix=f".{path.name}.", dir=path.parent)  # of mode 0600 whatever the umask
    with os.fdopen(descriptor, "wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    return Path(name)


def _sync(folder: Path) -> None:
    if not _POSIX:
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
