"""The ground plan of a city: streets as polylines that truly meet at their junctions. In metres from the centre."""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

from simulators.noise import key_of, uniform

BLOCK_M: Final = 240.0
"""From junction to junction; eight lamps."""

_JITTER_M: Final = 20.0
_LARGEST_TURN: Final = math.radians(8)
_NAMES: Final = (
    ("Renmin Road", "人民路"), ("Changjiang Road", "长江路"), ("Shazhou Road", "沙洲路"), ("Jiyang Road", "暨阳路"),
    ("Yangshe Street", "杨舍街"), ("Jingang Avenue", "金港大道"), ("Huachang Road", "华昌路"), ("Guotai Road", "国泰路"),
    ("Nanyuan Road", "南苑路"), ("Beiyuan Road", "北苑路"), ("Chengbei Road", "城北路"), ("Gangcheng Avenue", "港城大道"),
)  # fmt: skip


class Spot(NamedTuple):
    """A point beside or on a street, with the junction nearest to it."""

    east_m: float
    north_m: float
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Street:
    """One street: `spots` are its junctions from end to end."""

    name: str
    name_zh: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class GroundPlan:
    """All streets, west-east first, swept to and fro, so that where one ends the next begins one block away."""

    streets: tuple[Street, ...]
    junctions: tuple[Spot, ...]


def lay_streets(seed: int, rows: int, columns: int) -> GroundPlan:
    """A bent, slightly turned net of `rows` west-east and `columns` south-north streets, each at least two long."""
    key = key_of(seed, "streets")
    turn = uniform(key, 0, low=-_LARGEST_TURN, high=_LARGEST_TURN)
    net = [[_junction(key, turn, row, column, rows, columns) for column in range(columns)] for row in range(rows)]
    lines = [list(line) for line in net] + [[line[column] for line in net] for column in range(columns)]
    streets = tuple(
        Street(*_name(number), tuple(line if number % 2 == 0 else reversed(line))) for number, line in enumerate(lines)
    )
    return GroundPlan(streets, tuple(spot for line in net for spot in line))


def along(street: Street, spacing_m: float, aside_m: float) -> list[Spot]:
    """Points every `spacing_m` along a street, `aside_m` from its axis on alternating sides; never empty."""
    found: list[Spot] = []
    left_m = spacing_m / 2
    for a, b in zip(street.spots, street.spots[1:], strict=False):
        east_m, north_m = b.east_m - a.east_m, b.north_m - a.north_m
        length_m = math.hypot(east_m, north_m)
        while left_m < length_m:
            t, side = left_m / length_m, aside_m if len(found) % 2 else -aside_m
            near = a if t < 0.5 else b
            found.append(
                Spot(
                    a.east_m + t * east_m - side * north_m / length_m,
                    a.north_m + t * north_m + side * east_m / length_m,
                    near.row,
                    near.column,
                )
            )
            left_m += spacing_m
        left_m -= length_m
    return found


def _junction(key: int, turn: float, row: int, column: int, rows: int, columns: int) -> Spot:
    jitter = [uniform(key, 1, row, column, axis, low=-_JITTER_M, high=_JITTER_M) for axis in (0, 1)]
    east = (column - (columns - 1) / 2) * BLOCK_M + jitter[0]
    north = (row - (rows - 1) / 2) * BLOCK_M + jitter[1]
    cos, sin = math.cos(turn), math.sin(turn)
    return Spot(east * cos - north * sin, east * sin + north * cos, row, column)


def _name(number: int) -> tuple[str, str]:
    if number < len(_NAMES):
        return _NAMES[number]
    return f"Road {number + 1}", f"第{number + 1}路"
