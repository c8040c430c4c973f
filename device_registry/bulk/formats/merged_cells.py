"""Which cells of a sheet are covered by merged ones. They are empty in the file, whatever they look like; pure."""

import re
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

_AREA: Final = re.compile(r"([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)")


class MergedCells:
    """The merged areas of a sheet, looked up by rows in ascending order, each once."""

    def __init__(self, areas: Iterable[str]) -> None:
        self._coming = [_read(area) for area in areas]
        heapify(self._coming)
        self._reached: list[tuple[int, _Area]] = []

    def covered(self, row: int, width: int) -> Iterator[tuple[int, str]]:
        """The covered cells among the first `width` of a row: the column, from 0, and the area (`A2:A5`).

        An area's first cell, which holds what all of them show, is not covered.
        """
        while self._coming and self._coming[0].top <= row:
            area = heappop(self._coming)
            heappush(self._reached, (area.bottom, area))
        while self._reached and self._reached[0][0] < row:
            heappop(self._reached)
        for _, area in self._reached:
            for column in range(area.left + (row == area.top), min(area.right + 1, width)):
                yield column, area.text


class _Area(NamedTuple):
    """Rows from 1, columns from 0, both ends included."""

    top: int
    bottom: int
    left: int
    right: int
    text: str


def _read(text: str) -> _Area:
    parts = _AREA.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} names no merged cells")
    return _Area(int(parts[2]), int(parts[4]), _column(parts[1]), _column(parts[3]), text)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1
