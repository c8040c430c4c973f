"""The rows of a file out of a process that can be killed: what `bulk.importing` reads by."""

import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import IO, BinaryIO, Final

from device_registry.bulk.columns import RowProblem, UnreadableFile
from device_registry.bulk.confined.frames import HEADER_BYTES, MOST_FRAME_BYTES, OUT_OF_MEMORY, Frame, read_frame
from device_registry.bulk.confined.limits import ReadingLimits
from device_registry.bulk.formats.contract import Format, RawRow

_CHILD: Final = "device_registry.bulk.confined.child"
_LOOK_EVERY_S: Final = 0.2
_PIECE_BYTES: Final = 256 * 1024


class BoundMet(UnreadableFile):
    """A file that would have taken more than reading one may: `bound` is `memory`, `time`, `silence` or `crash`."""

    def __init__(self, bound: str, what: str) -> None:
        self.bound = bound
        super().__init__(RowProblem(1, "", what, "save it as CSV UTF-8, or in parts"))


class ConfinedReader(AbstractContextManager["ConfinedReader"]):
    """`columns`, then `pages`, of one file, read by a child that is dead once this is closed.

    `while_waiting` is called every fifth of a second in which nothing comes; what it raises ends the reading. The file is
    the child's from now on. Raises, when made or while read: UnreadableFile; BoundMet, which is one, where the child
    would have taken more than `limits`.
    """

    def __init__(
        self,
        file: BinaryIO,
        came_in: Format,
        limits: ReadingLimits,
        while_waiting: Callable[[int], None] = lambda position: None,
    ) -> None:
        self.position = 0
        self.columns: tuple[str, ...] = ()
        self._limits = limits
        self._while_waiting = while_waiting
        with ExitStack() as stack:
            source = stack.enter_context(_on_disk(file))
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", _CHILD, came_in.value, str(limits.memory_bytes), str(limits.cpu_s)],
                stdin=source,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Nothing of our environment, which holds secrets; and our modules, not those of the working folder.
                env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            )
        try:
            self.columns = self._next().columns
        except BaseException:
            self.close()
            raise

    def pages(self) -> Iterator[tuple[RawRow, ...]]:
        """The rows in their order, some at a time: at most 200, and hardly more than 1 MiB of text."""
        while not (frame := self._next()).is_end:
            yield frame.rows

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        self._out.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _out(self) -> IO[bytes]:
        if self._child.stdout is None:
            raise ValueError("the child has no output")
        return self._child.stdout

    def _next(self) -> Frame:
        length = int.from_bytes(self._read(HEADER_BYTES), "big")
        if length > MOST_FRAME_BYTES:
            raise BoundMet("memory", f"a row of it takes more than {MOST_FRAME_BYTES:,} bytes")
        frame = read_frame(self._read(length))
        if frame.unreadable:
            raise UnreadableFile(*frame.unreadable)
        self.position = frame.position
        return frame

    def _read(self, size: int) -> bytes:
        read = bytearray()
        descriptor = self._out.fileno()
        until = time.monotonic() + self._limits.silent_s
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while len(read) < size:
                if not selector.select(_LOOK_EVERY_S):
                    if time.monotonic() > until:
                        raise BoundMet("silence", f"no row of it could be read within {self._limits.silent_s:g} s")
                    self._while_waiting(self.position)
                elif piece := os.read(descriptor, min(size - len(read), _PIECE_BYTES)):
                    read += piece
                else:
                    raise self._why_it_died()
        return bytes(read)

    def _why_it_died(self) -> BoundMet:
        code = self._child.wait()
        if code == OUT_OF_MEMORY:
            return BoundMet("memory", f"reading it takes more than {self._limits.memory_bytes >> 20} MiB of memory")
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return BoundMet("time", f"reading it takes more than {self._limits.cpu_s} s of a processor")
        return BoundMet("crash", f"it ends the process that reads it (exit code {code})")


def _on_disk(file: BinaryIO) -> AbstractContextManager[BinaryIO]:
    """The file from its beginning, as one that a process can inherit."""
    file.seek(0)
    try:
        file.fileno()
    except OSError:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever uses it
        shutil.copyfileobj(file, copy)
        copy.seek(0)
        return copy
    file.flush()
    os.lseek(file.fileno(), 0, os.SEEK_SET)
    return _Kept(file)


class _Kept(AbstractContextManager[BinaryIO]):
    """Somebody else's file, which stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> BinaryIO:
        return self._file

    def __exit__(self, *_: object) -> None:
        return None
