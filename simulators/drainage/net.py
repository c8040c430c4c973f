"""The drains below a city: storm and sewage manholes at its junctions, pipes along its streets, outfalls into its canals.

junctions ──▶ catchments of about 50, each reachable by its own streets ──▶ a tree to the outfall for storm water, the same
for sewage ──▶ diameters by what comes from above, inverts by the least slope that keeps a pipe clean

Everything is metres; levels are metres above the city's datum. Land falls towards the outfalls just enough to let the
pipes lie between 1.5 and 5 m deep.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from simulators.ground.streets import Spot


class Drain(StrEnum):
    """What a drain carries: the attribute `cover_class` of covers over it."""

    STORM = "storm"
    SEWAGE = "sewage"


@dataclass(frozen=True, slots=True)
class Manhole:
    """A well on a drain at a junction. Its depth is from the bed of the drain to the rim, to the centimetre.

    `area_ha` is the land whose rain comes in here, `ponds_m2` the road on which water stands when it comes out; `is_low`
    where the road sags. `dry_inflow_l_s` is what comes in here on the mean of a dry day, `mean_flow_m3_h` what then leaves
    it with all that comes from above. Ids are the draughtsman's: Y (雨) for storm, W (污) for sewage, and a number.
    """

    manhole_id: str
    drain: Drain
    catchment: int
    spot: Spot
    ground_m: float
    invert_m: float
    area_ha: float
    ponds_m2: float
    is_low: bool
    dry_inflow_l_s: float
    mean_flow_m3_h: float

    @property
    def depth_m(self) -> float:
        return round(self.ground_m - self.invert_m, 2)


@dataclass(frozen=True, slots=True)
class Pipe:
    """A pipe of concrete from a manhole to the next, or to an outfall. Its id is its upper manhole's with a `-`."""

    pipe_id: str
    from_id: str
    to_id: str
    length_m: float
    diameter_mm: int
    from_invert_m: float
    to_invert_m: float

    @property
    def slope(self) -> float:
        return (self.from_invert_m - self.to_invert_m) / self.length_m


@dataclass(frozen=True, slots=True)
class Outfall:
    """Where a drain ends, free to run out."""

    outfall_id: str
    drain: Drain
    catchment: int
    invert_m: float


@dataclass(frozen=True)
class DrainNet:
    """All drains of a city. Shape: manholes and pipes from the outfall upwards, one pipe leaves each manhole; each
    catchment is a net of its own, numbered from 0.
    """

    manholes: tuple[Manhole, ...]
    pipes: tuple[Pipe, ...]
    outfalls: tuple[Outfall, ...]

    @cached_property
    def catchments(self) -> int:
        return len({outfall.catchment for outfall in self.outfalls})

    def manhole(self, manhole_id: str) -> Manhole:
        """Raises: KeyError."""
        return self._by_id[manhole_id]

    def at(self, drain: Drain, junction: Spot) -> Manhole:
        """The manhole of that drain at a junction of the ground plan. Raises: KeyError."""
        return self._by_place[drain, junction.row, junction.column]

    def pipe_from(self, manhole_id: str) -> Pipe:
        """The pipe that leaves a manhole."""
        return self._pipes[manhole_id]

    def above(self, manhole_id: str) -> tuple[str, ...]:
        """The manholes whose water comes through this one, itself not among them."""
        found: list[str] = []
        todo = [manhole_id]
        while todo:
            inlets = self._inlets.get(todo.pop(), ())
            found += inlets
            todo += inlets
        return tuple(found)

    @cached_property
    def _by_id(self) -> dict[str, Manhole]:
        return {manhole.manhole_id: manhole for manhole in self.manholes}

    @cached_property
    def _by_place(self) -> dict[tuple[Drain, int, int], Manhole]:
        return {(manhole.drain, manhole.spot.row, manhole.spot.column): manhole for manhole in self.manholes}

    @cached_property
    def _pipes(self) -> dict[str, Pipe]:
        return {pipe.from_id: pipe for pipe in self.pipes}

    @cached_property
    def _inlets(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for pipe in self.pipes:
            found[pipe.to_id] = (*found.get(pipe.to_id, ()), pipe.from_id)
        return found


CLEANEST_M_S: Final = {Drain.STORM: 0.75, Drain.SEWAGE: 0.6}
"""The speed at full bore that keeps a pipe clean. Source: GB 50014-2021, 5.2.7 [mem]."""
