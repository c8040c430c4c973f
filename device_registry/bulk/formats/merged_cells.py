"""Which cells of a sheet are covered by merged ones. They are empty in the file, whatever they look like; pure."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from openpyxl.utils import range_boundaries


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
    left, top, right, bottom = range_boundaries(text)
    return _Area(top, bottom, left - 1, right - 1, text)
