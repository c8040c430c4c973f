"""Faults of single lamps, and what crews and operators do to them that is none."""

from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.faults.cabinets import an_hour_by_day, in_the_dark
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer
from simulators.noise.seeded import uniform
from simulators.weather.sky import Sky

LAMP_DEAD: Final = "lamp-dead"
LAMP_BLINK: Final = "lamp-blink"
LAMP_FLICKERS: Final = "lamp-flickers"
DAY_BURNER: Final = "day-burner"
LOW_POWER: Final = "low-power"
LAMP_TESTED: Final = "lamp-tested"
DIMMING_CHANGED: Final = "dimming-changed"

RARELY: Final = 0.25


# What the size of a fault means.


def is_dark(fault: Fault, key: int, at_ms: int) -> bool:
    """Whether a flickering lamp is dark at an instant.

    Most go out for every second spell of 70 to 130 s; those of the smallest quarter only now and then, for a minute or two.
    """
    spell_ms = 130_000 - MINUTE_MS * fault.size
    spell = int((at_ms - fault.start_ms) // spell_ms)
    if fault.size < RARELY:
        return uniform(key, fault.start_ms, spell, 21) < share_dark(fault)
    return spell % 2 == 0


def share_dark(fault: Fault) -> float:
    """For how much of its time a flickering lamp is dark."""
    return 0.1 if fault.size < RARELY else 0.5


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


LAMP_FAULTS: Final = (
    FaultSpec(LAMP_DEAD, Layer.CITY, (2 * HOUR_MS, 60 * HOUR_MS), _is_lamp),
    FaultSpec(LAMP_BLINK, Layer.CITY, (MINUTE_MS, 6 * MINUTE_MS), _is_lamp, fits=in_the_dark),
    FaultSpec(LAMP_FLICKERS, Layer.CITY, (HOUR_MS, 5 * HOUR_MS), _is_lamp, fits=in_the_dark),
    FaultSpec(DAY_BURNER, Layer.CITY, (2 * HOUR_MS, 20 * HOUR_MS), _is_lamp, fits=an_hour_by_day),
    FaultSpec(LOW_POWER, Layer.CITY, (HOUR_MS // 2, 5 * HOUR_MS), _is_lamp, fits=in_the_dark),
    FaultSpec(LAMP_TESTED, Layer.CITY, (10 * MINUTE_MS, 25 * MINUTE_MS), _is_lamp, fits=_by_day),
    FaultSpec(DIMMING_CHANGED, Layer.CITY, (HOUR_MS, 6 * HOUR_MS), _is_lamp, fits=in_the_dark),
)
