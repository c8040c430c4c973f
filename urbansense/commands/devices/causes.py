"""What is wrong with the rows of a file, each cause once with the rows that have it."""

from collections.abc import Iterator
from typing import Final

_MOST_SHOWN: Final = 20
_MOST_RANGES: Final = 8


class Causes:
    """Errors of rows in the order of the file, gathered by column, fault and remedy. Holds the first 20 causes."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], _Rows] = {}
        self._last_shown = 0
        self.rows = 0
        """How many rows have a cause that is held."""

    def add(self, line: int, column: str, what: str, remedy: str) -> None:
        """Errors of one row come one after the other, rows in ascending order."""
        cause = (column, what, remedy)
        if cause not in self._rows and len(self._rows) >= _MOST_SHOWN:
            return
        self._rows.setdefault(cause, _Rows()).add(line)
        self.rows += line != self._last_shown
        self._last_shown = line

    def lines(self, place: str) -> Iterator[str]:
        """`line 2, name: what is wrong; what to do`, and `lines 2–5, 9: …`; `place` is what a row is called."""
        for (column, what, remedy), rows in self._rows.items():
            where = f"{place}{'s' if rows.count > 1 else ''} {rows}"
            yield f"{where}, {column or place}: {what}; {remedy}"


class _Rows:
    """Ascending numbers as ranges."""

    def __init__(self) -> None:
        self.count = 0
        self._ranges: list[tuple[int, int]] = []
        self._last = 0

    def add(self, row: int) -> None:
        if row == self._last:
            return
        self.count += 1
        if self._ranges and row == self._last + 1 and self._ranges[-1][1] == self._last:
            self._ranges[-1] = (self._ranges[-1][0], row)
        elif len(self._ranges) < _MOST_RANGES:
            self._ranges.append((row, row))
        self._last = row

    def __str__(self) -> str:
        shown = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in self._ranges)
        hidden = self.count - sum(last - first + 1 for first, last in self._ranges)
        return f"{shown} and {hidden} more" if hidden else shown
