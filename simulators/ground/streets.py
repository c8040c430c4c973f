"""The ground plan of a city: streets as polylines that truly meet at their junctions. In metres from the centre.

A lattice of junctions is bent by a smooth field and shaken a little. Every `avenue_every`-th line is an avenue and runs
through; between avenues the streets of one direction have gaps (a park, a school), those across them have none, so that
every junction can be reached.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from simulators.ground.names import Name, Namer
from simulators.noise.seeded import key_of, mixed, uniform

_JITTER_M: Final = 12.0
_LARGEST_TURN: Final = math.radians(8)
_WAVES_M: Final = (1700.0, 3100.0)
_SHARPEST_SLOPE: Final = 0.2
"""Of the bending field: blocks stay within a fifth of their length, and no two streets fold over each other."""
_PIECES: Final = 4


Point = tuple[float, float]
"""Metres east and north of the centre."""


class Grade(StrEnum):
    """How broad a street is."""

    AVENUE = "avenue"
    STREET = "street"
    LANE = "lane"


_NAMES: Final = (
    ("Renmin Road", "人民路"), ("Changjiang Road", "长江路"), ("Shazhou Road", "沙洲路"), ("Jiyang Road", "暨阳路"),
    ("Yangshe Street", "杨舍街"), ("Huachang Road", "华昌路"), ("Guotai Road", "国泰路"), ("Nanyuan Road", "南苑路"),
    ("Beiyuan Road", "北苑路"), ("Chengbei Road", "城北路"),
)  # fmt: skip
_AVENUES: Final = (("Jingang Avenue", "金港大道"), ("Gangcheng Avenue", "港城大道"))


class StreetPattern(BaseModel):
    """How streets are laid. `bend_m` is how far the lattice is pushed aside, `gaps` the share of blocks left out between
    avenues. Names are taken in order; once all are used they come again with a number.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    block_m: Annotated[float, Field(ge=90, le=1000)] = 240.0
    bend_m: Annotated[float, Field(ge=0, le=200)] = 40.0
    avenue_every: Annotated[int, Field(ge=2, le=20)] = 4
    gaps: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    river: bool = False
    avenues: Annotated[tuple[Name, ...], Field(min_length=1)] = tuple(Name(en=en, zh=zh) for en, zh in _AVENUES)
    names: Annotated[tuple[Name, ...], Field(min_length=1)] = tuple(Name(en=en, zh=zh) for en, zh in _NAMES)


PLAIN_STREETS: Final = StreetPattern()


class Spot(NamedTuple):
    """A point beside or on a street, with the junction nearest to it."""

    east_m: float
    north_m: float
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Street:
    """One street: `spots` are its junctions from end to end, `blocks` the polylines between each and the next."""

    name: str
    name_zh: str
    grade: Grade
    spots: tuple[Spot, ...]
    blocks: tuple[tuple[Point, ...], ...]

    @property
    def line(self) -> tuple[Point, ...]:
        """The axis of the street from end to end."""
        first, *others = self.blocks
        return (*first, *(point for block in others for point in block[1:]))


@dataclass(frozen=True, slots=True)
class GroundPlan:
    """All streets, west-east first, swept to and fro, so that where one ends the next begins about a block away.

    `junctions` stand row by row from the south-west. `corners` are the corners of the cells around them, a row and a
    column more than junctions. `river` is the middle of a river from west to east, empty where there is none.
    """

    streets: tuple[Street, ...]
    junctions: tuple[Spot, ...]
    corners: tuple[tuple[Point, ...], ...]
    river: tuple[Point, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.corners) - 1

    @property
    def columns(self) -> int:
        return len(self.corners[0]) - 1


def lay_streets(seed: int, rows: int, columns: int, pattern: StreetPattern = PLAIN_STREETS) -> GroundPlan:
    """A bent, slightly turned net of `rows` west-east and `columns` south-north lines, each at least two long."""
    lattice = _Lattice(seed, rows, columns, pattern)
    net = [[lattice.junction(row, column) for column in range(columns)] for row in range(rows)]
    across = [[line[column] for line in net] for column in range(columns)]
    avenues, others = Namer(pattern.avenues), Namer(pattern.names)
    streets: list[Street] = []
    for upright, lines in ((False, net), (True, across)):
        for number, spots in enumerate(lines):
            line = _bent(spots)
            pieces = _pieces(lattice.key, pattern, upright, number, len(spots))
            for first, last in pieces if number % 2 == 0 else reversed(pieces):
                own, blocks = tuple(spots[first : last + 1]), tuple(line[first:last])
                if number % 2:
                    own, blocks = own[::-1], tuple(block[::-1] for block in reversed(blocks))
                grade = _grade(number, pattern)
                name = (avenues if grade is Grade.AVENUE else others).next()
                streets.append(Street(name.en, name.zh, grade, own, blocks))
    return GroundPlan(
        tuple(streets),
        tuple(spot for spots in net for spot in spots),
        tuple(tuple(lattice.at(r - 0.5, c - 0.5) for c in range(columns + 1)) for r in range(rows + 1)),
        lattice.river() if pattern.river else (),
    )


def river_row(rows: int) -> int:
    """The row of junctions on the northern bank of the river, of so many."""
    return max(1, (rows - 1) // 2)


def along(street: Street, spacing_m: float, aside_m: float) -> list[Spot]:
    """Points about every `spacing_m` along a street, evenly in each block and none at a junction; never empty.

    They stand `aside_m` from its axis on alternating sides.
    """
    found: list[Spot] = []
    for number, block in enumerate(street.blocks):
        lengths = [math.dist(a, b) for a, b in pairwise(block)]
        count = max(1, round(sum(lengths) / spacing_m))
        step_m = sum(lengths) / count
        for n in range(count):
            (east_m, north_m), (ahead_east, ahead_north) = point_on(block, lengths, (n + 0.5) * step_m)
            side_m = aside_m if len(found) % 2 else -aside_m
            near = street.spots[number if 2 * n + 1 < count else number + 1]
            found.append(
                Spot(east_m - side_m * ahead_north, north_m + side_m * ahead_east, near.row, near.column),
            )
    return found


def point_on(line: Sequence[Point], lengths: Sequence[float], at_m: float) -> tuple[Point, Point]:
    """The point `at_m` along a polyline whose pieces have those lengths, and the direction there, of length one."""
    piece = 0
    while at_m > lengths[piece] and piece < len(lengths) - 1:
        at_m -= lengths[piece]
        piece += 1
    a, b = line[piece], line[piece + 1]
    east, north = (b[0] - a[0]) / lengths[piece], (b[1] - a[1]) / lengths[piece]
    return (a[0] + at_m * east, a[1] + at_m * north), (east, north)


class _Lattice:
    """Where a lattice point lies on the ground, and any point between."""

    def __init__(self, seed: int, rows: int, columns: int, pattern: StreetPattern) -> None:
        self.key = key_of(seed, "streets")
        self._rows, self._columns, self._block_m = rows, columns, pattern.block_m
        turn = uniform(self.key, 0, low=-_LARGEST_TURN, high=_LARGEST_TURN)
        self._cos, self._sin = math.cos(turn), math.sin(turn)
        self._waves = [
            (
                uniform(self.key, 2, axis, n, low=0.8, high=1.25) * wave_m,
                uniform(self.key, 3, axis, n, high=math.tau),
                uniform(self.key, 4, axis, n, low=-0.6, high=0.6),
                min(pattern.bend_m / 2, _SHARPEST_SLOPE / 2 * wave_m / math.tau),
            )
            for axis in (0, 1)
            for n, wave_m in enumerate(_WAVES_M)
        ]

    def at(self, row: float, column: float) -> Point:
        """The ground below a point of the lattice, without a junction's own jitter."""
        east = (column - (self._columns - 1) / 2) * self._block_m
        north = (row - (self._rows - 1) / 2) * self._block_m
        pushed_east = self._push(north, east, 0)
        pushed_north = self._push(east, north, 1)
        east, north = east + pushed_east, north + pushed_north
        return east * self._cos - north * self._sin, east * self._sin + north * self._cos

    def junction(self, row: int, column: int) -> Spot:
        east, north = self.at(row, column)
        shake = [uniform(self.key, 1, row, column, axis, low=-_JITTER_M, high=_JITTER_M) for axis in (0, 1)]
        return Spot(east + shake[0], north + shake[1], row, column)

    def river(self) -> tuple[Point, ...]:
        """A river half a block south of its row, that winds within a sixth of a block."""
        row = river_row(self._rows) - 0.5
        steps = [column / 4 - 0.5 for column in range(4 * self._columns + 1)]
        return tuple(self.at(row + 0.15 * math.sin(1.9 * step + self._waves[0][1]), step) for step in steps)

    def _push(self, along_m: float, across_m: float, axis: int) -> float:
        return sum(
            height_m * math.sin(math.tau * (along_m + lean * across_m) / wave_m + phase)
            for wave_m, phase, lean, height_m in self._waves[2 * axis : 2 * axis + 2]
        )


def _grade(number: int, pattern: StreetPattern) -> Grade:
    within = number % pattern.avenue_every
    if within == 0:
        return Grade.AVENUE
    return Grade.STREET if 2 * within == pattern.avenue_every else Grade.LANE


def _pieces(key: int, pattern: StreetPattern, upright: bool, number: int, length: int) -> list[tuple[int, int]]:
    """The stretches (first and last junction) that a line of `length` junctions is built on."""
    wall = number % pattern.avenue_every == 0
    pieces: list[tuple[int, int]] = []
    first = 0
    for block in range(length - 1):
        across = block // pattern.avenue_every, number // pattern.avenue_every
        quarter = across[::-1] if upright else across
        broken_upright = bool(mixed(key, 5, *quarter) & 1)
        is_gap = not wall and upright is broken_upright and uniform(key, 6, upright, number, block) < pattern.gaps
        if is_gap and block > first:
            pieces.append((first, block))
        if is_gap:
            first = block + 1
    if first < length - 1:
        pieces.append((first, length - 1))
    return pieces


def _bent(spots: Sequence[Spot]) -> list[tuple[Point, ...]]:
    """The polylines between each junction of a line and the next, as one smooth curve (Catmull and Rom, 1974)."""
    points = [(spot.east_m, spot.north_m) for spot in spots]
    padded = [_beyond(points[1], points[0]), *points, _beyond(points[-2], points[-1])]
    return [tuple(_curve(*padded[n : n + 4])) for n in range(len(points) - 1)]


def _beyond(before: Point, end: Point) -> Point:
    return 2 * end[0] - before[0], 2 * end[1] - before[1]


def _curve(before: Point, a: Point, b: Point, behind: Point) -> Iterator[Point]:
    yield a
    for piece in range(1, _PIECES):
        t = piece / _PIECES
        east, north = (
            p1 + 0.5 * t * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)))
            for p0, p1, p2, p3 in zip(before, a, b, behind, strict=True)
        )
        yield east, north
    yield b
