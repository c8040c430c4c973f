"""Gas in wells: it gathers for hours, stands, and goes when somebody airs the well."""

from typing import Final

from domain.time.units import HOUR_MS
from simulators.city.equipment import has_gas_sensor
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer

METHANE: Final = "methane-rising"
HYDROGEN_SULPHIDE: Final = "hydrogen-sulphide"
OXYGEN_LOW: Final = "oxygen-low"

GATHERS_FOR: Final = 0.5
_AIRED_FROM: Final = 0.9
HARMLESS: Final = 0.2


def extra_methane_lel(fault: Fault, at_ms: int) -> float:
    """Percent of the lower explosive limit above what is usual: 5 to 9 at its peak where harmless, else 30 to 80."""
    return peak_of(fault, 5, 9, 30, 80) * _gathered(fault, at_ms)


def extra_h2s_ppm(fault: Fault, at_ms: int) -> float:
    """Parts per million above what is usual: 2 to 4 at its peak where harmless, else 13 to 60."""
    return peak_of(fault, 2, 4, 13, 60) * _gathered(fault, at_ms)


def lack_of_oxygen(fault: Fault, at_ms: int) -> float:
    """Percent of the air below what is usual: 0.3 to 0.6 at its worst where harmless, else 2 to 8."""
    return peak_of(fault, 0.3, 0.6, 2, 8) * _gathered(fault, at_ms)


def peak_of(fault: Fault, least: float, harmless: float, bad: float, worst: float) -> float:
    if fault.size < HARMLESS:
        return least + (harmless - least) * fault.size / HARMLESS
    return bad + (worst - bad) * (fault.size - HARMLESS) / (1 - HARMLESS)


def _gathered(fault: Fault, at_ms: int) -> float:
    """The share of its peak: it rises over half the fault, stands, and is aired out in the last tenth."""
    progress = fault.progress(at_ms)
    if progress > _AIRED_FROM:
        return (1 - progress) / (1 - _AIRED_FROM)
    return min(1.0, progress / GATHERS_FOR)


GAS_FAULTS: Final = (
    FaultSpec(METHANE, Layer.CITY, (4 * HOUR_MS, 12 * HOUR_MS), has_gas_sensor),
    FaultSpec(HYDROGEN_SULPHIDE, Layer.CITY, (4 * HOUR_MS, 12 * HOUR_MS), has_gas_sensor),
    FaultSpec(OXYGEN_LOW, Layer.CITY, (4 * HOUR_MS, 12 * HOUR_MS), has_gas_sensor),
)
