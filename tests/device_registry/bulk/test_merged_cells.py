"""Which cells merged ones cover, against the plain definition: every cell of an area but its first."""

from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from device_registry.bulk.formats.merged_cells import MergedCells

_WIDTH = 4
_ROWS = 8
_CORNERS = st.tuples(st.integers(1, _ROWS), st.integers(1, _ROWS), st.integers(0, 5), st.integers(0, 5))


@given(st.lists(_CORNERS, max_size=4), st.sets(st.integers(1, _ROWS)))
def test_every_cell_of_an_area_but_its_first_is_covered(corners: list[tuple[int, ...]], rows: set[int]) -> None:
    areas = [(*sorted(one[:2]), *sorted(one[2:])) for one in corners]
    texts = [
        f"{get_column_letter(left + 1)}{top}:{get_column_letter(right + 1)}{bottom}"
        for top, bottom, left, right in areas
    ]
    merged = MergedCells(texts)
    for row in sorted(rows):
        assert sorted(merged.covered(row, _WIDTH)) == sorted(
            (column, text)
            for (top, bottom, left, right), text in zip(areas, texts, strict=True)
            for column in range(left, min(right + 1, _WIDTH))
            if top <= row <= bottom and (row, column) != (top, left)
        )
