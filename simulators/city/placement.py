"""Places on the ground of a city as devices have them: longitude, latitude, and the unit grid they stand in.

    division ─▶ towns of 5 x 5 communities ─▶ communities of 4 x 4 grids ─▶ grids of 3 x 3 junctions

Each junction has a cell around it; the cells tile the ground, and every area is a rectangle of cells.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from domain.devices import Area
from simulators.city.blueprint import PlacePart
from simulators.ground.names import Name, numbered
from simulators.ground.streets import GroundPlan, Point

_SPANS: Final = (("city", 0), ("street", 60), ("community", 12), ("grid", 3))
"""The levels of areas, and how many junctions wide one is; the widest is the whole city."""
_FARTHEST_STEPS: Final = 8


class Position(NamedTuple):
    """Where something stands: WGS 84 degrees to six decimals, and its area as `division/town/community/grid`."""

    lon: float
    lat: float
    area: str

    @property
    def grid(self) -> str:
        """The code of the unit grid, 15 digits."""
        return self.area.replace("/", "")


class Placement:
    """The ground of one plan at one place. Nothing stands where something else does: `stand` moves on by a step."""

    def __init__(self, place: PlacePart, plan: GroundPlan) -> None:
        self._part, self._place, self._plan = place, place.place, plan
        self._corners = [[self._place.lon_lat(*corner) for corner in row] for row in plan.corners]
        self._paths = [
            [area_path(place.division, row, column) for column in range(plan.columns)] for row in range(plan.rows)
        ]
        self._taken: set[tuple[float, float]] = set()

    def stand(self, east_m: float, north_m: float, row: int, column: int) -> Position:
        """A place of its own at that point, or a metre or so beside it; `row` and `column` are a junction nearby."""
        lon, lat = self._place.lon_lat(east_m, north_m)
        steps = 0
        while (lon, lat) in self._taken:
            steps += 1
            angle = 2.4 * steps
            lon, lat = self._place.lon_lat(
                east_m + (1 + steps / 4) * math.cos(angle), north_m + (1 + steps / 4) * math.sin(angle)
            )
        self._taken.add((lon, lat))
        row, column = self._cell_of(lon, lat, row, column)
        return Position(lon, lat, self._paths[row][column])

    def areas(self, towns: Sequence[Name], communities: Sequence[Name]) -> Iterator[Area]:
        """The tree of areas, an area before those below it. Names are taken in turn."""
        for depth, (level, span) in enumerate(_SPANS):
            span = span or max(self._plan.rows, self._plan.columns)
            for row in range(0, self._plan.rows, span):
                for column in range(0, self._plan.columns, span):
                    path = "/".join(self._paths[row][column].split("/")[: depth + 1])
                    name = self._name(level, path, row, column, towns, communities)
                    own, other = (name.zh, name.en) if self._part.language == "zh" else (name.en, name.zh)
                    names = {"en" if self._part.language == "zh" else "zh": other}
                    yield Area(path, own, level, names, self._boundary(row, column, span))

    def _name(
        self, level: str, path: str, row: int, column: int, towns: Sequence[Name], communities: Sequence[Name]
    ) -> Name:
        if level == "city":
            return self._part.name
        if level == "grid":
            return Name(en=f"Grid {path[-3:]}", zh=f"{path[-3:]}网格")
        span = dict(_SPANS)[level]
        number = row // span * -(-self._plan.columns // span) + column // span
        if level == "street":
            return numbered(towns[number % len(towns)], number // len(towns) + 1)
        stem = numbered(communities[number % len(communities)], number // len(communities) + 1)
        return Name(en=f"{stem.en} community", zh=f"{stem.zh.rstrip('路街')}社区")

    def _boundary(self, row: int, column: int, span: int) -> dict[str, object]:
        """The ring around cells [row, row + span) x [column, column + span), counter-clockwise (RFC 7946)."""
        north, east = min(row + span, self._plan.rows), min(column + span, self._plan.columns)
        corners = self._corners
        ring = [
            *(corners[row][c] for c in range(column, east)),
            *(corners[r][east] for r in range(row, north)),
            *(corners[north][c] for c in range(east, column, -1)),
            *(corners[r][column] for r in range(north, row - 1, -1)),
        ]
        return {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}

    def _cell_of(self, lon: float, lat: float, row: int, column: int) -> tuple[int, int]:
        """The cell that holds a point, searched from the one around a junction nearby; the border's where it is outside."""
        corners, last_row, last_column = self._corners, self._plan.rows - 1, self._plan.columns - 1
        for _ in range(_FARTHEST_STEPS):
            south_west, south_east = corners[row][column], corners[row][column + 1]
            north_west, north_east = corners[row + 1][column], corners[row + 1][column + 1]
            if row > 0 and _right_of(south_west, south_east, lon, lat):
                row -= 1
            elif row < last_row and _right_of(north_east, north_west, lon, lat):
                row += 1
            elif column < last_column and _right_of(south_east, north_east, lon, lat):
                column += 1
            elif column > 0 and _right_of(north_west, south_west, lon, lat):
                column -= 1
            else:
                break
        return row, column


def area_path(division: str, row: int, column: int) -> str:
    """The unit grid of a junction as `division/town/community/grid`."""
    grid = (row // 3, column // 3)
    community = (grid[0] // 4, grid[1] // 4)
    town = (community[0] // 5, community[1] // 5)
    numbers = (
        110 + 20 * town[0] + town[1],
        152 + 5 * (community[0] % 5) + community[1] % 5,
        102 + 4 * (grid[0] % 4) + grid[1] % 4,
    )
    return "/".join((division, *(f"{number:03d}" for number in numbers)))


def _right_of(a: Point, b: Point, lon: float, lat: float) -> bool:
    return (b[0] - a[0]) * (lat - a[1]) < (b[1] - a[1]) * (lon - a[0])
