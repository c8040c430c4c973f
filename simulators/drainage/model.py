"""One catchment as an input file of EPA SWMM, in litres a second, metres, hectares and millimetres.

Time in it counts from the start of the run. What flows in: rain on the land of each manhole, into the storm drain, a
little of it into the sewer (roofs connected wrongly), groundwater, and sewage by the hour of the day.

Source: Rossman 2015, "Storm Water Management Model User's Manual Version 5.1", appendix D.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from simulators.drainage.demand import demand_ratio
from simulators.drainage.net import Drain, DrainNet, Manhole, Outfall, Pipe
from simulators.drainage.pipes import ROUGHNESS

_ROUTING_STEP_S: Final = 6
"""In a storm that floods, peaks differ by 2 mm on the mean from those of 2 s steps, by 3 cm at most.

Pressure in full pipes by the Preissmann slot: SWMM's other method, EXTRAN, lost half of the water behind a blocked pipe."""

_WRONGLY_CONNECTED: Final = 0.02
"""The part of the rain's land that drains into the sewer [mem]: enough to be seen, seldom enough to overflow."""

_SHAFTS_M2: Final = 6.0
"""The area of what fills with a manhole: its own shaft, those of the six or seven that stand between it and the next, and
the house connections. SWMM's plain junctions have none; levels in full pipes then jump by metres and depend on the step."""

_ROAD_M: Final = 0.15
_HIGHEST_M: Final = 3.0
"""Water spreads to the whole pond by the time it is 15 cm deep; above 3 m it would be lost."""

_PAVED: Final = 65.0
_OVERLAND_M: Final = 80.0
_SURFACES: Final = "0.013 0.2 1.5 4 25 OUTLET"
"""Manning's n of paved and green ground, mm that stay on each, percent of paved that keeps none: the manual, A.6 [mem]."""

_SOAKS_IN: Final = "50 5 4 7 0"
"""Horton: mm/h into dry and into wet soil, decay 1/h, days to dry: of loam under grass. Source: the manual, A.2 [mem]."""


_OPTIONS: Final = f"""[OPTIONS]
FLOW_UNITS LPS
INFILTRATION HORTON
FLOW_ROUTING DYNWAVE
LINK_OFFSETS DEPTH
SKIP_STEADY_STATE NO
START_DATE 01/01/2001
START_TIME 00:00:00
REPORT_START_DATE 01/01/2001
REPORT_START_TIME 00:00:00
END_DATE 01/{{end_day:02d}}/2001
END_TIME {{end_hour:02d}}:{{end_minute:02d}}:00
WET_STEP 00:01:00
DRY_STEP 00:05:00
ROUTING_STEP {_ROUTING_STEP_S}
REPORT_STEP 01:00:00
SURCHARGE_METHOD SLOT
INERTIAL_DAMPING PARTIAL
NORMAL_FLOW_LIMITED BOTH
VARIABLE_STEP 0
LENGTHENING_STEP 0
MIN_SURFAREA 1.2
MAX_TRIALS 8
HEAD_TOLERANCE 0.0015
THREADS 1

[REPORT]
INPUT NO
CONTROLS NO
SUBCATCHMENTS NONE
NODES NONE
LINKS NONE
"""


class Catchment:
    """The manholes and pipes of one catchment: the order of everything that is read out of a run of it.

    Pipe `i` leaves manhole `i`.
    """

    def __init__(self, net: DrainNet, number: int) -> None:
        self.number = number
        self.manholes: tuple[Manhole, ...] = tuple(m for m in net.manholes if m.catchment == number)
        self.pipes: tuple[Pipe, ...] = tuple(net.pipe_from(m.manhole_id) for m in self.manholes)
        self.outfalls: tuple[Outfall, ...] = tuple(o for o in net.outfalls if o.catchment == number)
        self.rows = {manhole.manhole_id: row for row, manhole in enumerate(self.manholes)}


def swmm_input(catchment: Catchment, start_hour: float, rain_mm: Sequence[float], minutes: int) -> str:
    """The input file of a run of `minutes` that begins at a civil hour, with the rain of each of its minutes.

    It ends a minute later than asked, so that the last minute can be read.
    """
    hours, minute = divmod(minutes + 1, 60)
    days, hour = divmod(hours, 24)
    options = _OPTIONS.format(end_day=1 + days, end_hour=hour, end_minute=minute)
    return "\n".join((options, *_network(catchment), *_land(catchment), *_series(start_hour, rain_mm, minutes), ""))


def _network(catchment: Catchment) -> Iterable[str]:
    """Nodes and links. A manhole is a store: its shafts up to the rim, from there on the road, so that no water is lost."""
    inverts_m = {manhole.manhole_id: manhole.invert_m for manhole in catchment.manholes}
    inverts_m |= {outfall.outfall_id: outfall.invert_m for outfall in catchment.outfalls}
    yield "[STORAGE]"
    for manhole in catchment.manholes:
        top_m = manhole.depth_m + _HIGHEST_M
        yield f"{manhole.manhole_id} {manhole.invert_m:.2f} {top_m:.2f} 0 TABULAR {manhole.manhole_id} 0 0"
    yield "[CURVES]"
    for manhole in catchment.manholes:
        rim_m, pond_m2 = manhole.depth_m, manhole.ponds_m2
        yield f"{manhole.manhole_id} STORAGE 0 {_SHAFTS_M2} {rim_m:.2f} {_SHAFTS_M2}"
        yield f"{manhole.manhole_id} {rim_m + _ROAD_M:.2f} {pond_m2:.0f} {rim_m + _HIGHEST_M:.2f} {pond_m2:.0f}"
    yield "[OUTFALLS]"
    for outfall in catchment.outfalls:
        yield f"{outfall.outfall_id} {outfall.invert_m:.3f} FREE NO"
    yield "[CONDUITS]"
    for pipe in catchment.pipes:
        step_m = max(0.0, pipe.to_invert_m - inverts_m[pipe.to_id])
        yield f"{pipe.pipe_id} {pipe.from_id} {pipe.to_id} {pipe.length_m:.1f} {ROUGHNESS} 0 {step_m:.3f} 0 0"
    yield "[XSECTIONS]"
    for pipe in catchment.pipes:
        yield f"{pipe.pipe_id} CIRCULAR {pipe.diameter_mm / 1000:.3f} 0 0 0 1"


def _land(catchment: Catchment) -> Iterable[str]:
    """Subcatchments, and what flows in without rain."""
    storm = [manhole for manhole in catchment.manholes if manhole.drain is Drain.STORM]
    sewage = [manhole for manhole in catchment.manholes if manhole.drain is Drain.SEWAGE]
    lands = [(m, m.area_ha, _PAVED) for m in storm] + [(m, m.area_ha * _WRONGLY_CONNECTED, 100.0) for m in sewage]
    yield "[RAINGAGES]\nrain VOLUME 0:01 1.0 TIMESERIES rain"
    yield "[SUBCATCHMENTS]"
    for manhole, area_ha, paved in lands:
        width_m = area_ha * 10_000 / _OVERLAND_M
        yield f"S{manhole.manhole_id} rain {manhole.manhole_id} {area_ha:.4f} {paved:g} {width_m:.2f} 0.4 0"
    yield "[SUBAREAS]"
    for manhole, _, _ in lands:
        yield f"S{manhole.manhole_id} {_SURFACES}"
    yield "[INFILTRATION]"
    for manhole, _, _ in lands:
        yield f"S{manhole.manhole_id} {_SOAKS_IN}"
    yield "[INFLOWS]"
    for manhole in storm:
        yield f'{manhole.manhole_id} FLOW "" FLOW 1 1 {manhole.dry_inflow_l_s:.3f}'
    for manhole in sewage:
        yield f"{manhole.manhole_id} FLOW demand FLOW 1 {manhole.dry_inflow_l_s:.3f} 0"


def _series(start_hour: float, rain_mm: Sequence[float], minutes: int) -> Iterable[str]:
    yield "[TIMESERIES]"
    for minute in range(0, minutes + 16, 15):
        yield f"demand {_clock(minute)} {demand_ratio((start_hour + minute / 60) % 24):.5f}"
    for minute, mm in enumerate((*rain_mm, 0.0)):
        if minute == 0 or mm > 0 or rain_mm[minute - 1] > 0:
            yield f"rain {_clock(minute)} {mm:.6f}"


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02d}"
