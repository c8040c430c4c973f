"""What is wrong with an SQLite file, in words: what, where, what to do."""

import shutil
import sqlite3
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError, TransientFault, disk_full

_NO_ROOM_BYTES: Final = 1 << 20
"""With less than that, a file that cannot be opened or enlarged means that the disk is full."""
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_UNWRITABLE: Final = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM)
_NEEDS_ROOM: Final = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def file_fault(path: Path, error: sqlite3.Error) -> TransientFault | ConfigurationError | None:
    """What the file or its disk suffers from: transient where it passes by itself; None where the error is about neither.

    `path` is the file that was meant; the room in its folder is looked at.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    free = shutil.disk_usage(path.parent).free if path.parent.is_dir() else 0
    if code == sqlite3.SQLITE_FULL or (code in _NEEDS_ROOM and path.parent.is_dir() and free < _NO_ROOM_BYTES):
        return TransientFault(disk_full(path.parent, free))
    if code in _DAMAGED:
        return ConfigurationError(
            f"{path} is damaged ({error}): restore it from a backup, or move it away, with the files of the same name "
            "that end in -wal and -shm, to begin with an empty one"
        )
    if code in _UNWRITABLE:
        return ConfigurationError(
            f"{path} cannot be written ({error}): look at the owner and the modes of the file and its folder"
        )
    if code == sqlite3.SQLITE_IOERR:
        return TransientFault(f"{path} cannot be read or written ({error}): look at the disk")
    return None
