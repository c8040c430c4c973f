"""Faults of single lamps, and what crews and operators do to them that is none."""

from typing import TYPE_CHECKING, Final

from domain.devices import Device
from domain.time_units import HOUR_MS, MINUTE_MS
from simulators.faults.cabinets import BROAD_DAYLIGHT_DEG, an_hour_by_day, in_the_dark, told_within
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.noise import uniform
from simulators.sky import Sky
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.circuits import Lantern
    from simulators.world import World

LAMP_DEAD: Final = "lamp-dead"
LAMP_BLINK: Final = "lamp-blink"
LAMP_FLICKERS: Final = "lamp-flickers"
DAY_BURNER: Final = "day-burner"
LOW_POWER: Final = "low-power"
LAMP_TESTED: Final = "lamp-tested"
DIMMING_CHANGED: Final = "dimming-changed"

_RARELY: Final = 0.25
_TOLERATED_MS: Final = 3 * MINUTE_MS
"""For how long a lamp may be dark before anybody need know: one that strikes again after a dip takes as long."""


# What the size of a fault means.


def is_dark(fault: Fault, key: int, at_ms: int) -> bool:
    """Whether a flickering lamp is dark at an instant.

    Most go out for every second spell of 70 to 130 s; those of the smallest quarter only now and then, for a minute or two.
    """
    spell_ms = 130_000 - MINUTE_MS * fault.size
    spell = int((at_ms - fault.start_ms) // spell_ms)
    if fault.size < _RARELY:
        return uniform(key, fault.start_ms, spell, 21) < share_dark(fault)
    return spell % 2 == 0


def share_dark(fault: Fault) -> float:
    """For how much of its time a flickering lamp is dark."""
    return 0.1 if fault.size < _RARELY else 0.5


def power_left(fault: Fault) -> float:
    """The share of its power that a lamp with a broken string of LEDs still draws, 0.8 down to 0.25."""
    return 0.8 - 0.55 * fault.size


def level_ordered(fault: Fault) -> float:
    """The level that an operator set by hand, percent."""
    return float(round(20 + 75 * fault.size))


# Whom they befall.


def _is_lamp(device: Device) -> bool:
    return device.kind == "streetlight"


def _by_day(fault: Fault, sky: Sky) -> bool:
    return not sky.is_night(fault.start_ms) and not sky.is_night(fault.end_ms)


# What should be said.


def _lantern(fault: Fault, world: "World") -> "Lantern":
    return world.circuits.lanterns[fault.device_id]


def _lamp_dead(fault: Fault, world: "World") -> Label:
    """It is seen only when it should burn: from dusk on where it died by day. Less than 3 minutes of dark are no fault."""
    spans = _lantern(fault, world).spans_lit(world.sky, fault.start_ms, fault.end_ms)
    lit = [span for span in spans if span[1] - span[0] >= _TOLERATED_MS]
    if not lit:
        return asks_for_nothing(fault, explains=("lamp-out",) if spans else ())
    waits_ms = told_within(3 * MINUTE_MS, world.device(fault.device_id))
    long_enough = [span for span in lit if span[1] - span[0] >= waits_ms]
    onset_ms = (long_enough or lit)[0][0]
    return asks_for(
        fault,
        "lamp-out",
        within_ms=onset_ms - fault.start_ms + waits_ms,
        hard="" if long_enough else "dark for a few minutes only",
    )


def _lamp_flickers(fault: Fault, world: "World") -> Label:
    lamp = world.device(fault.device_id)
    hard = "goes out only now and then" if fault.size < _RARELY else ""
    # What goes out once in twenty minutes cannot have done so often within half an hour.
    waits_ms = 2 * HOUR_MS if fault.size < _RARELY else 30 * MINUTE_MS
    if lamp.report_interval_s > 60:
        hard = "reports too seldom to be seen going on and off"
    return asks_for(
        fault,
        "lamp-cycling",
        within_ms=told_within(waits_ms, lamp),
        explains=("lamp-out", "low-power"),
        hard=hard,
    )


def _day_burner(fault: Fault, world: "World") -> Label:
    light_ms = world.sky.next_light(fault.start_ms, fault.end_ms, BROAD_DAYLIGHT_DEG)
    if light_ms is None:
        return asks_for_nothing(fault)
    waits_ms = told_within(30 * MINUTE_MS, world.device(fault.device_id)) + 2 * MINUTE_MS
    return asks_for(fault, "day-burner", within_ms=light_ms - fault.start_ms + waits_ms)


def _low_power(fault: Fault, world: "World") -> Label:
    level = _lantern(fault, world).plan.level(world.sky.local_hour(fault.start_ms))
    hard = "hardly less than any ageing lamp draws" if power_left(fault) > 0.64 else ""
    if level < 50:
        hard = "dimmed so far that no power is due exactly"
    within_ms = told_within(15 * MINUTE_MS, world.device(fault.device_id)) + 2 * MINUTE_MS
    return asks_for(fault, "low-power", within_ms=within_ms, hard=hard)


def _no_fault(fault: Fault, world: "World") -> Label:
    return asks_for_nothing(fault)


LAMP_FAULTS: Final = (
    FaultSpec(LAMP_DEAD, Layer.CITY, (2 * HOUR_MS, 60 * HOUR_MS), _is_lamp, _lamp_dead),
    FaultSpec(LAMP_BLINK, Layer.CITY, (MINUTE_MS, 6 * MINUTE_MS), _is_lamp, _lamp_dead, fits=in_the_dark),
    FaultSpec(LAMP_FLICKERS, Layer.CITY, (HOUR_MS, 5 * HOUR_MS), _is_lamp, _lamp_flickers, fits=in_the_dark),
    FaultSpec(DAY_BURNER, Layer.CITY, (2 * HOUR_MS, 20 * HOUR_MS), _is_lamp, _day_burner, fits=an_hour_by_day),
    FaultSpec(LOW_POWER, Layer.CITY, (HOUR_MS // 2, 5 * HOUR_MS), _is_lamp, _low_power, fits=in_the_dark),
    FaultSpec(LAMP_TESTED, Layer.CITY, (10 * MINUTE_MS, 25 * MINUTE_MS), _is_lamp, _no_fault, fits=_by_day),
    FaultSpec(DIMMING_CHANGED, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_lamp, _no_fault, fits=in_the_dark),
)
