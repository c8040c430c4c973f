"""Runs of EPA SWMM through pyswmm, one at a time in this process, leaving no files behind."""

import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyswmm import Simulation, SystemStats
from swmm.toolkit import solver
from swmm.toolkit.shared_enum import LinkProperty, LinkResult, NodeResult, ObjectType

from domain.errors import UrbansenseError
from simulators.drainage.model import Catchment

Series = NDArray[np.float32]

_ONE_AT_A_TIME: Final = threading.Lock()
"""SWMM keeps its model in global memory."""

_TOLERABLE_PERCENT: Final = 10.0
"""Of a run from a state: pipes that begin empty take what is then missing. Storms stay within 1 %. Behind blocked
pipes SWMM's own sum is up to 5 % out for some hours, which come back when they empty: it does not count the water in the
slot that stands for the pressure in full pipes."""


class HydraulicsFailed(UrbansenseError):
    """SWMM refused its input or lost more than 10 % of the water: a bug in the drains, with SWMM's own words."""


@dataclass(frozen=True, slots=True)
class Throttle:
    """In minutes [from_minute, to_minute) of a run, a pipe lets no more than `limit_l_s` through."""

    pipe_row: int
    from_minute: int
    to_minute: int
    limit_l_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a run. Shape: one row a manhole, one column a minute from 0 (the state it began with) to its end.

    `depth_m` is water above the manhole's bed, what stands on the road above the rim included; `flow_l_s` is what leaves
    through its pipe, below zero where it flows back. `state` is what the next run goes on from. `lost_percent` is SWMM's
    own balance of the water in the pipes, `runoff_lost_percent` of that on the land: positive where water vanished.
    """

    depth_m: Series
    flow_l_s: Series
    state: bytes
    lost_percent: float
    runoff_lost_percent: float


def run_swmm(
    catchment: Catchment, text: str, minutes: int, state: bytes | None = None, throttles: Sequence[Throttle] = ()
) -> Run:
    """Run an input file for so many minutes, from a `state` or from rest.

    Raises: HydraulicsFailed.
    """
    with _ONE_AT_A_TIME, tempfile.TemporaryDirectory(prefix="urbansense-swmm-") as folder:
        paths = {name: Path(folder, f"model.{name}") for name in ("inp", "rpt", "out", "from", "to")}
        paths["inp"].write_text(text, encoding="utf-8")
        try:
            with Simulation(*(str(paths[name]) for name in ("inp", "rpt", "out"))) as simulation:
                if state is not None:
                    paths["from"].write_bytes(state)
                    simulation.use_hotstart(str(paths["from"]))
                simulation.step_advance(60)
                simulation.start()
                depth_m, flow_l_s = _stepped(simulation, catchment, minutes, throttles)
                simulation.save_hotstart(str(paths["to"]))
                balance = SystemStats(simulation)
                lost, runoff_lost = balance.routing_stats["routing_error"], balance.runoff_stats["routing_error"]
        except Exception as error:
            report = paths["rpt"].read_text(errors="replace") if paths["rpt"].exists() else ""
            wrong = [line.strip() for line in report.splitlines() if "ERROR" in line] or [str(error).strip()]
            raise HydraulicsFailed(f"catchment {catchment.number}: {'; '.join(wrong[:3])}") from error
        if state is not None and abs(lost) > _TOLERABLE_PERCENT:
            raise HydraulicsFailed(f"catchment {catchment.number}: SWMM's balance of water is {lost:.2f} % out")
        return Run(depth_m, flow_l_s, paths["to"].read_bytes(), lost, runoff_lost)


def _stepped(
    simulation: Simulation, catchment: Catchment, minutes: int, throttles: Sequence[Throttle]
) -> tuple[Series, Series]:
    nodes = [solver.project_get_index(ObjectType.NODE, manhole.manhole_id) for manhole in catchment.manholes]
    links = [solver.project_get_index(ObjectType.LINK, pipe.pipe_id) for pipe in catchment.pipes]
    depth_m = np.empty((len(nodes), minutes + 1), dtype=np.float32)
    flow_l_s = np.empty((len(links), minutes + 1), dtype=np.float32)
    for minute in range(minutes + 1):
        depth_m[:, minute] = [solver.node_get_result(node, NodeResult.DEPTH) for node in nodes]
        flow_l_s[:, minute] = [solver.link_get_result(link, LinkResult.FLOW) for link in links]
        for throttle in throttles:
            if minute == throttle.from_minute:
                solver.link_set_parameter(links[throttle.pipe_row], LinkProperty.FLOW_LIMIT, throttle.limit_l_s)
            if minute == throttle.to_minute:
                solver.link_set_parameter(links[throttle.pipe_row], LinkProperty.FLOW_LIMIT, 0.0)
        if minute < minutes:
            next(simulation)
    return depth_m, flow_l_s
