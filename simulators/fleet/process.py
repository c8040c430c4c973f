"""One process of a load by itself: `python -m simulators.fleet.process`, which reads what to do on its standard input.

    parent ──plan, process number──▶ connect ──"connected"──▶ parent ──start time──▶ run ──Progress …, Outcome──▶ parent

Messages are pickled values with their length in front; both ends are ours, and of the same version. When the parent's end
closes, the process ends; Ctrl-C is the parent's to handle.
"""

import gc
import os
import pickle
import select
import signal
import sys
from typing import Any, BinaryIO, Final

import structlog

from domain.errors import ConfigurationError
from simulators.fleet.driver import LoadDriver
from simulators.fleet.plan import LoadProgress

CONNECT_WITHIN_S: Final = 60.0
_REPORT_EVERY: Final = 10
STOP: Final = "stop"


def encode_message(value: Any) -> bytes:
    """A value as it travels between the processes."""
    data = pickle.dumps(value)
    return len(data).to_bytes(8, "big") + data


def main() -> None:
    """Do what the parent commands, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    to_parent = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    from_parent = os.fdopen(0, "rb", buffering=0)
    plan, process = _receive(from_parent)
    gc.collect()
    gc.freeze()
    asked = _Asked(from_parent, to_parent)
    try:
        driver = LoadDriver(plan, process)
        is_connected = driver.connect(asked, CONNECT_WITHIN_S)
        _send(to_parent, "connected" if is_connected else "not connected")
        start_ms = _receive(from_parent)
        if start_ms != STOP:
            _send(to_parent, driver.run(start_ms, asked))
    except ConfigurationError as error:
        _send(to_parent, error)
    except (EOFError, BrokenPipeError):
        sys.exit(1)


class _Asked:
    """Reports progress to the parent, and reads whether to stop."""

    def __init__(self, from_parent: BinaryIO, to_parent: BinaryIO) -> None:
        self._from, self._to = from_parent, to_parent
        self._count = 0

    def __call__(self, progress: LoadProgress) -> bool:
        self._count += 1
        if self._count % _REPORT_EVERY == 0:
            _send(self._to, progress)
        readable, _, _ = select.select([self._from], [], [], 0)
        return bool(readable) and _receive(self._from) == STOP


def _send(to: BinaryIO, value: Any) -> None:
    data = memoryview(encode_message(value))
    while data:
        data = data[to.write(data) :]


def _receive(source: BinaryIO) -> Any:
    """Raises: EOFError when the other end has gone."""
    return pickle.loads(_exactly(source, int.from_bytes(_exactly(source, 8), "big")))


def _exactly(source: BinaryIO, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = source.read(count - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


if __name__ == "__main__":
    main()
