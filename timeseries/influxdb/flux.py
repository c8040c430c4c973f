"""Flux: literals that cannot break out of their quotes, the questions we ask, and the answers as rows. Pure."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from influxdb_client.domain.dialect import Dialect

from timeseries.deduplication.classification import LAST_INSTANT_MS

Row = dict[str, str]
"""One row of an answer: column to text; a null is the empty text."""

PLAIN_CSV: Final = Dialect(  # type: ignore[no-untyped-call]
    header=True, annotations=[], delimiter=",", comment_prefix="#", date_time_format="RFC3339"
)
"""How the server is asked to write its answer."""

_LAST_NS: Final = (1 << 63) - 1
_ESCAPES: Final = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\x24"})


def literal(text: str) -> str:
    """`text` as a Flux string literal; `$` is written by number, for `${` would begin an interpolation."""
    return f'"{text.translate(_ESCAPES)}"'


def instant(at_ms: int) -> str:
    """An instant as a Flux time, whose nanoseconds have 64 bits: one beyond them is the last there is."""
    return f"time(v: {min(max(at_ms * 1_000_000, -_LAST_NS), _LAST_NS)})"


def source(bucket: str, from_ms: int | None, to_ms: int | None, *conditions: str) -> str:
    """The beginning of a question: the points of a bucket with from <= time < to for which all conditions hold."""
    start_ms = max(from_ms or 0, 0)
    stop_ms = LAST_INSTANT_MS if to_ms is None else min(to_ms, LAST_INSTANT_MS)
    if stop_ms <= start_ms:  # the server calls an empty range an error
        start_ms, stop_ms, conditions = 0, 1, ("false",)
    return (
        f"from(bucket: {literal(bucket)}) |> range(start: {instant(start_ms)}, stop: {instant(stop_ms)})"
        f" |> filter(fn: (r) => {' and '.join(conditions)})"
    )


def any_of(column: str, values: Sequence[str]) -> str:
    """The condition that `column` has one of the values, of which there must be one."""
    return "(" + " or ".join(f"r.{column} == {literal(value)}" for value in values) + ")"


def parse_rows(answer: str) -> list[Row]:
    """The rows of all tables in an answer, in its order.

    Raises: RuntimeError where the answer breaks off with an error (the server has then answered 200 already).
    """
    rows: list[Row] = []
    header: list[str] | None = None
    for cells in csv.reader(io.StringIO(answer, newline="")):
        if not cells:
            header = None
        elif header is None:
            header = cells
        else:
            row = dict(zip(header, cells, strict=True))
            if row.keys() >= {"error", "reference"}:
                raise RuntimeError(f"Flux: {row['error']}")
            rows.append(row)
    return rows
