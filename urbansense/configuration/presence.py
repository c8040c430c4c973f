"""Which process works on a data folder: it holds a lock there, and beside the lock stands where its API listens.

    platform.lock   held by the process that works on the folder; the kernel lets go when the process ends, however it ends
    platform.json   {"pid", "started_at_ms", "works_as", "url"}: of the holder, while the lock is held; nothing else counts

So whether a platform runs is never a question of time: a holder that does not answer yet is slow, not absent.
"""

import errno
import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shutil import disk_usage
from stat import S_ISDIR
from tempfile import gettempdir
from time import time
from typing import Final

import orjson
import structlog

from domain.errors import ConfigurationError, TransientFault, UrbansenseError, disk_full
from urbansense.configuration.private_files import write_private

DEMO_PREFIX: Final = "urbansense-demo-"
"""How the folder of a demo begins, in the folder for temporary files."""

_LOCK: Final = "platform.lock"
_PLACE: Final = "platform.json"
_log = structlog.get_logger()


class WorksAs(StrEnum):
    """What the process that works on a folder is: one that others ask by its API, or a command that soon ends."""

    PLATFORM = "platform"
    DEMO = "demo"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that works on a folder; `url` is None until its API listens, and for a command."""

    folder: Path
    pid: int | None = None
    works_as: WorksAs = WorksAs.PLATFORM
    url: str | None = None
    started_at_ms: int = 0

    def __str__(self) -> str:
        process = f"process {self.pid}" if self.pid is not None else "another process"
        return f"the data folder {self.folder} is in use by {process}"


class Presence:
    """The hold of this process on a data folder, until `close` or its end."""

    def __init__(self, folder: Path, works_as: WorksAs, descriptor: int) -> None:
        self._folder, self._works_as, self._descriptor = folder, works_as, descriptor
        self._started_at_ms = int(time() * 1000)
        self.announce(None)

    @classmethod
    def take(cls, folder: Path, works_as: WorksAs) -> "Presence | None":
        """None where another process has it. The folder is there.

        Raises: TransientFault where the disk is full; ConfigurationError where no lock can be made.
        """
        try:
            descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return cls(folder, works_as, descriptor)
            except BlockingIOError:
                os.close(descriptor)
                return None
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            raise _unusable(folder, error) from error

    def announce(self, url: str | None) -> None:
        """From now on the API of this process listens at `url`; on a full disk it is left to be found at its usual port."""
        content = {
            "pid": os.getpid(), "started_at_ms": self._started_at_ms, "works_as": self._works_as.value, "url": url,
        }  # fmt: skip
        try:
            write_private(self._folder / _PLACE, orjson.dumps(content))
        except OSError as error:
            with suppress(OSError):
                (self._folder / _PLACE).unlink(missing_ok=True)  # what an earlier holder left
            _log.warning("where the API listens cannot be written down", reason=str(error))

    def close(self) -> None:
        (self._folder / _PLACE).unlink(missing_ok=True)
        os.close(self._descriptor)


def holder_of(folder: Path) -> Holder | None:
    """Who works on the folder now; None where nobody does. Nothing is made. Raises: ConfigurationError."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        return _described(folder)
    except OSError as error:
        raise _unusable(folder, error) from error
    finally:
        os.close(descriptor)


def running_demos() -> list[Holder]:
    """The demos of this user that run now, the newest last: by their folders among the temporary files."""
    found = [holder_of(folder) for folder in Path(gettempdir()).glob(f"{DEMO_PREFIX}*") if _is_ours(folder)]
    demos = [one for one in found if one is not None and one.works_as is WorksAs.DEMO]
    return sorted(demos, key=lambda one: one.started_at_ms)


def _described(folder: Path) -> Holder:
    try:
        content = orjson.loads((folder / _PLACE).read_bytes())
        return Holder(folder, content["pid"], WorksAs(content["works_as"]), content["url"], content["started_at_ms"])
    except (OSError, ValueError, KeyError, TypeError):
        return Holder(folder)  # it has the lock, and writes who it is at this moment


def _is_ours(folder: Path) -> bool:
    """Whether nobody but this user can have made it: what lies in a shared folder may be anybody's."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _unusable(folder: Path, error: OSError) -> UrbansenseError:
    if error.errno == errno.ENOSPC:
        return TransientFault(disk_full(folder, disk_usage(folder).free))
    return ConfigurationError(f"URBANSENSE_DATA_DIR={folder}: {error.strerror}; look at its owner and file system")
