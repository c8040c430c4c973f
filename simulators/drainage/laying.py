"""From a ground plan to the drains below it."""

import heapq
import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from simulators.drainage.net import CLEANEST_M_S, Drain, DrainNet, Manhole, Outfall, Pipe
from simulators.drainage.pipes import diameter_for, least_slope
from simulators.ground.streets import GroundPlan, Spot
from simulators.noise.seeded import key_of, mixed, uniform
from simulators.weather.storms import storm_formula

_NET_REACHES_M: Final = 1700.0
_LARGEST_SIDE: Final = 7
"""Junctions along the side of a catchment: 49 of each drain, about 100 manholes."""

_OUTFALL_M: Final = 60.0
_COVER_M: Final = 0.7
_SHALLOWEST_M: Final = {Drain.STORM: 1.5, Drain.SEWAGE: 1.8}
_DEEPEST_M: Final = 5.0
_FALLS: Final = tuple(0.0006 + 0.0003 * step for step in range(12))
_OUTLET_GROUND_M: Final = 4.0
_LOW_ONE_IN: Final = 4
_PONDS_M2: Final = {True: (600.0, 1400.0), False: (2500.0, 5000.0)}
"""Water gathers where the road sags, and lies thin on a road that is level."""

_LETTER: Final = {Drain.STORM: "Y", Drain.SEWAGE: "W"}

_FORMULA: Final = "suzhou"
_RETURN_YEARS: Final = 0.5
"""What these drains can take, as many old ones; newer ones must take 2 to 5 years' storms (GB 50014) [mem]."""

_RUNOFF: Final = 0.6
_TO_INLET_MIN: Final = 10.0
_IN_PIPES_M_S: Final = 0.9
_GROUNDWATER_L_S: Final = 0.25
"""What seeps into a storm drain at each manhole [mem]; without it dry drains would measure nothing at all."""

_LITRES_A_HEAD_DAY: Final = 170.0
_PEAK_FACTOR: Final = 2.3
"""Sewage a head and day, and how far the largest flow is over the mean. Source: GB 50014, orders of magnitude [mem]."""

Steps = dict[Spot, dict[Spot, float]]
"""From each junction to its neighbours by street, with the metres between."""


@lru_cache(maxsize=8)
def lay_drains(seed: int, plan: GroundPlan) -> DrainNet:
    """The drains of a city: at every junction of the plan one storm and one sewage manhole. Pure; a few are remembered."""
    steps = _steps(plan)
    numbers = {spot: number for number, spot in enumerate(plan.junctions, start=1)}
    manholes: list[Manhole] = []
    pipes: list[Pipe] = []
    outfalls: list[Outfall] = []
    for catchment, junctions in enumerate(_catchments(plan, steps)):
        tree = _tree(key_of(seed, "outfall", str(catchment)), junctions, steps)
        for fall in _FALLS:
            ground_m = _ground(seed, tree, fall)
            laid = [_Drawing(seed, drain, catchment, tree, ground_m, numbers) for drain in Drain]
            if all(manhole.depth_m <= _DEEPEST_M for drawing in laid for manhole in drawing.manholes):
                break
        for drawing in laid:
            manholes += drawing.manholes
            pipes += drawing.pipes
            outfalls.append(drawing.outfall)
    return DrainNet(tuple(manholes), tuple(pipes), tuple(outfalls))


class _Tree(NamedTuple):
    """`order` are the junctions from the outfall upwards; `below` the next one down, with the metres to it."""

    order: tuple[Spot, ...]
    below: dict[Spot, tuple[Spot, float]]
    distance_m: dict[Spot, float]


class _Drawing:
    """One drain of one catchment: sized from above downwards, then written from the outfall upwards."""

    def __init__(
        self,
        seed: int,
        drain: Drain,
        catchment: int,
        tree: _Tree,
        ground_m: dict[Spot, float],
        numbers: dict[Spot, int],
    ) -> None:
        self.drain, self.catchment, self.tree, self.ground_m = drain, catchment, tree, ground_m
        self.key, self.ground_key = key_of(seed, "drain", drain.value), key_of(seed, "ground")
        self.ids = {spot: f"{_LETTER[drain]}{numbers[spot]:05d}" for spot in tree.order}
        self.outfall_id = f"{_LETTER[drain]}F{catchment + 1:04d}"
        self.manholes: list[Manhole] = []
        self.pipes: list[Pipe] = []
        self._draw()

    @property
    def outfall(self) -> Outfall:
        return Outfall(self.outfall_id, self.drain, self.catchment, self.pipes[0].to_invert_m)

    def _draw(self) -> None:
        area_ha: dict[Spot, float] = {}
        dry_l_s: dict[Spot, float] = {}
        minutes: dict[Spot, float] = {}
        widest_mm: dict[Spot, int] = {}
        lowest_m: dict[Spot, float] = {}
        for spot in reversed(self.tree.order):
            below, length_m = self.tree.below.get(spot, (None, _OUTFALL_M))
            area_ha[spot] = area_ha.get(spot, 0.0) + self._area_ha(spot)
            dry_l_s[spot] = dry_l_s.get(spot, 0.0) + self._dry_l_s(spot)
            minutes.setdefault(spot, _TO_INLET_MIN)
            needed_m3_s = self._design_m3_s(area_ha[spot], dry_l_s[spot], minutes[spot])
            speed_m_s = CLEANEST_M_S[self.drain]
            diameter_mm = diameter_for(needed_m3_s, speed_m_s, widest_mm.get(spot, 0))
            deep_m = max(_SHALLOWEST_M[self.drain], _COVER_M + diameter_mm / 1000)
            # Crowns meet: a narrow pipe enters at the crown of the wide one, so that it does not stand in its water.
            top_m = min(self.ground_m[spot] - deep_m + diameter_mm / 1000, lowest_m.get(spot, math.inf))
            invert_m = math.floor(100 * (top_m - diameter_mm / 1000)) / 100
            end_m = round(invert_m - least_slope(diameter_mm, speed_m_s) * length_m, 3)
            to_id = self.outfall_id if below is None else self.ids[below]
            self.pipes.append(
                Pipe(f"{self.ids[spot]}-", self.ids[spot], to_id, round(length_m, 1), diameter_mm, invert_m, end_m)
            )
            self.manholes.append(self._manhole(spot, invert_m, dry_l_s[spot]))
            if below is not None:
                area_ha[below] = area_ha.get(below, 0.0) + area_ha[spot]
                dry_l_s[below] = dry_l_s.get(below, 0.0) + dry_l_s[spot]
                minutes[below] = max(minutes.get(below, 0.0), minutes[spot] + length_m / _IN_PIPES_M_S / 60)
                widest_mm[below] = max(widest_mm.get(below, 0), diameter_mm)
                lowest_m[below] = min(lowest_m.get(below, math.inf), end_m + diameter_mm / 1000)
        self.manholes.reverse()
        self.pipes.reverse()

    def _manhole(self, spot: Spot, invert_m: float, dry_l_s: float) -> Manhole:
        low = _is_low(self.ground_key, spot)
        return Manhole(
            manhole_id=self.ids[spot],
            drain=self.drain,
            catchment=self.catchment,
            spot=spot,
            ground_m=self.ground_m[spot],
            invert_m=invert_m,
            area_ha=round(self._area_ha(spot), 3),
            ponds_m2=round(uniform(self.key, spot.row, spot.column, 2, low=_PONDS_M2[low][0], high=_PONDS_M2[low][1])),
            is_low=low,
            dry_inflow_l_s=round(self._dry_l_s(spot), 3),
            mean_flow_m3_h=round(dry_l_s * 3.6, 2),
        )

    def _area_ha(self, spot: Spot) -> float:
        return uniform(self.key, spot.row, spot.column, 0, low=0.7, high=1.3)

    def _dry_l_s(self, spot: Spot) -> float:
        if self.drain is Drain.STORM:
            return _GROUNDWATER_L_S
        heads = uniform(self.key, spot.row, spot.column, 1, low=700, high=1700)
        return heads * _LITRES_A_HEAD_DAY / 86_400

    def _design_m3_s(self, area_ha: float, dry_l_s: float, minutes: float) -> float:
        """What the pipe must carry. Source: GB 50014, the rational method; 167 turns mm/min into L/(s.ha)."""
        if self.drain is Drain.SEWAGE:
            return _PEAK_FACTOR * dry_l_s / 1000
        rain_l_s_ha = 167 * storm_formula(_FORMULA).intensity_mm_min(minutes, _RETURN_YEARS)
        return _RUNOFF * rain_l_s_ha * area_ha / 1000


def _steps(plan: GroundPlan) -> Steps:
    """The blocks between junctions that some street runs along."""
    found: Steps = {spot: {} for spot in plan.junctions}
    for street in plan.streets:
        for a, b in pairwise(street.spots):
            length_m = math.hypot(b.east_m - a.east_m, b.north_m - a.north_m)
            found[a][b] = found[b][a] = length_m
    return found


def _catchments(plan: GroundPlan, steps: Steps) -> Iterator[tuple[Spot, ...]]:
    """The junctions in squares of up to seven by seven, fewer where blocks are long; what streets do not join is apart."""
    lengths = [length_m for others in steps.values() for length_m in others.values()]
    side = min(_LARGEST_SIDE, max(2, round(_NET_REACHES_M * len(lengths) / sum(lengths))))
    rows, columns = (1 + max((spot.row, spot.column)[axis] for spot in plan.junctions) for axis in (0, 1))
    down, across = max(1, round(rows / side)), max(1, round(columns / side))
    squares: dict[tuple[int, int], list[Spot]] = {}
    for spot in plan.junctions:
        squares.setdefault((spot.row * down // rows, spot.column * across // columns), []).append(spot)
    for junctions in squares.values():
        left = dict.fromkeys(junctions)
        while left:
            piece = [next(iter(left))]
            for spot in piece:
                left.pop(spot, None)
                piece += [other for other in steps[spot] if other in left and other not in piece]
            yield tuple(piece)


def _tree(key: int, junctions: tuple[Spot, ...], steps: Steps) -> _Tree:
    """The shortest ways to the outfall, which lies in the middle of one side."""
    middle = [sum(spot[axis] for spot in junctions) / len(junctions) for axis in (0, 1)]
    axis, sign = mixed(key) % 2, 1 if mixed(key) & 2 else -1
    edge = max(sign * spot[axis] for spot in junctions)
    outlet = min(junctions, key=lambda spot: 2 * (edge - sign * spot[axis]) + abs(spot[1 - axis] - middle[1 - axis]))
    inside, done = set(junctions), dict[Spot, float]()
    below: dict[Spot, tuple[Spot, float]] = {}
    heap: list[tuple[float, Spot, Spot | None, float]] = [(0.0, outlet, None, 0.0)]
    while heap:
        distance_m, spot, parent, length_m = heapq.heappop(heap)
        if spot in done:
            continue
        done[spot] = distance_m
        if parent is not None:
            below[spot] = (parent, length_m)
        for other, step_m in steps[spot].items():
            if other in inside and other not in done:
                heapq.heappush(heap, (distance_m + step_m, other, spot, step_m))
    return _Tree(tuple(done), below, done)


def _ground(seed: int, tree: _Tree, fall: float) -> dict[Spot, float]:
    """The level of the road at each junction: falling to the outfall, a little uneven, lower where it sags."""
    key = key_of(seed, "ground")
    found = {}
    for spot, distance_m in tree.distance_m.items():
        uneven_m = uniform(key, spot.row, spot.column, 0, low=-0.12, high=0.12)
        sag_m = uniform(key, spot.row, spot.column, 1, low=0.25, high=0.45) if _is_low(key, spot) else 0.0
        found[spot] = round(_OUTLET_GROUND_M + fall * distance_m + uneven_m - sag_m, 2)
    return found


def _is_low(key: int, spot: Spot) -> bool:
    return mixed(key, spot.row, spot.column, 3) % _LOW_ONE_IN == 0
