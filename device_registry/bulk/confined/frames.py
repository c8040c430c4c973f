"""What the child writes: JSON behind its length, so that nothing of it can do more than be read."""

import json
from collections.abc import Sequence
from typing import Any, BinaryIO, Final, NamedTuple

from device_registry.bulk.columns import RowProblem
from device_registry.bulk.formats.contract import RawRow

HEADER_BYTES: Final = 4
MOST_FRAME_BYTES: Final = 64 * 1024 * 1024
OUT_OF_MEMORY: Final = 3
"""The child's exit code where memory ended: there may be none left for a frame."""


class Frame(NamedTuple):
    """One step of the child. `position` is how many bytes of the file are read.

    Shape: first the `columns`, then any number of `rows`, at the end `is_end`; or `unreadable`, and nothing behind it.
    """

    position: int
    columns: tuple[str, ...] = ()
    rows: tuple[RawRow, ...] = ()
    unreadable: tuple[RowProblem, ...] = ()
    is_end: bool = False


def write_frame(to: BinaryIO, frame: Frame) -> None:
    # The standard library's JSON takes half of a surrogate pair, which orjson does not.
    body = json.dumps(frame, separators=(",", ":"), default=_parts).encode()
    to.write(len(body).to_bytes(HEADER_BYTES, "big"))
    to.write(body)
    to.flush()


def read_frame(body: bytes) -> Frame:
    position, columns, rows, unreadable, is_end = json.loads(body)
    return Frame(position, tuple(columns), tuple(map(_row, rows)), _problems(unreadable), is_end)


def _parts(problem: RowProblem) -> tuple[int, str, str, str]:
    return problem.line, problem.column, problem.what, problem.remedy


def _row(given: Sequence[Any]) -> RawRow:
    line, cells, extra, errors = given
    return RawRow(line, cells, tuple(extra), _problems(errors))


def _problems(given: Sequence[Any]) -> tuple[RowProblem, ...]:
    return tuple(RowProblem(*one) for one in given)
