"""Labels of faults: lamps."""

from typing import Final

from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.city.circuits import Lantern
from simulators.faults.cabinets import BROAD_DAYLIGHT_DEG
from simulators.faults.fault import Fault
from simulators.faults.lamps import (
    DAY_BURNER,
    DIMMING_CHANGED,
    LAMP_BLINK,
    LAMP_DEAD,
    LAMP_FLICKERS,
    LAMP_TESTED,
    LOW_POWER,
    RARELY,
    power_left,
)
from simulators.truth.kinds.asking import asks_for, asks_for_nothing, due_within
from simulators.truth.labels import Label
from simulators.world.state import World

# For how long a lamp may be dark before anybody need know: one that strikes again after a dip takes as long.
_TOLERATED_MS: Final = 3 * MINUTE_MS


def _lantern(fault: Fault, world: World) -> Lantern:
    return world.circuits.lanterns[fault.device_id]


def _lamp_dead(fault: Fault, world: World) -> Label:
    """It is seen only when it should burn: from dusk on where it died by day. Less than 3 minutes of dark are no fault."""
    spans = _lantern(fault, world).spans_lit(world.sky, fault.start_ms, fault.end_ms)
    lit = [span for span in spans if span[1] - span[0] >= _TOLERATED_MS]
    if not lit:
        return asks_for_nothing(fault, explains=("lamp-out",) if spans else ())
    waits_ms = due_within(3 * MINUTE_MS, world.device(fault.device_id))
    long_enough = [span for span in lit if span[1] - span[0] >= waits_ms]
    onset_ms = (long_enough or lit)[0][0]
    return asks_for(
        fault,
        "lamp-out",
        within_ms=onset_ms - fault.start_ms + waits_ms,
        hard="" if long_enough else "dark for a few minutes only",
    )


def _lamp_flickers(fault: Fault, world: World) -> Label:
    lamp = world.device(fault.device_id)
    hard = "goes out only now and then" if fault.size < RARELY else ""
    # What goes out once in twenty minutes cannot have done so often within half an hour.
    waits_ms = 2 * HOUR_MS if fault.size < RARELY else 30 * MINUTE_MS
    if lamp.report_interval_s > 60:
        hard = "reports too seldom to be seen going on and off"
    return asks_for(
        fault,
        "lamp-cycling",
        within_ms=due_within(waits_ms, lamp),
        explains=("lamp-out", "low-power"),
        hard=hard,
    )


def _day_burner(fault: Fault, world: World) -> Label:
    light_ms = world.sky.next_light(fault.start_ms, fault.end_ms, BROAD_DAYLIGHT_DEG)
    if light_ms is None:
        return asks_for_nothing(fault)
    waits_ms = due_within(30 * MINUTE_MS, world.device(fault.device_id)) + 2 * MINUTE_MS
    return asks_for(fault, "day-burner", within_ms=light_ms - fault.start_ms + waits_ms)


def _low_power(fault: Fault, world: World) -> Label:
    level = _lantern(fault, world).plan.level(world.sky.local_hour(fault.start_ms))
    hard = "hardly less than any ageing lamp draws" if power_left(fault) > 0.64 else ""
    if level < 50:
        hard = "dimmed so far that no power is due exactly"
    within_ms = due_within(15 * MINUTE_MS, world.device(fault.device_id)) + 2 * MINUTE_MS
    return asks_for(fault, "low-power", within_ms=within_ms, hard=hard)


def _no_fault(fault: Fault, world: World) -> Label:
    return asks_for_nothing(fault)


LAMP_LABELS: Final = {
    LAMP_DEAD: _lamp_dead,
    LAMP_BLINK: _lamp_dead,
    LAMP_FLICKERS: _lamp_flickers,
    DAY_BURNER: _day_burner,
    LOW_POWER: _low_power,
    LAMP_TESTED: _no_fault,
    DIMMING_CHANGED: _no_fault,
}
