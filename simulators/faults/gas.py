"""Gas in wells: it gathers for hours, stands, and goes when somebody airs the well."""

from typing import TYPE_CHECKING, Final

from domain.time_units import HOUR_MS, MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer, asks_for, asks_for_nothing
from simulators.fittings import has_gas_sensor
from simulators.truth import Label

if TYPE_CHECKING:
    from simulators.world import World

METHANE: Final = "methane-rising"
HYDROGEN_SULPHIDE: Final = "hydrogen-sulphide"
OXYGEN_LOW: Final = "oxygen-low"

_GATHERS_FOR: Final = 0.5
_AIRED_FROM: Final = 0.9
_HARMLESS: Final = 0.2
_METHANE_ALARM_LEL, _H2S_ALARM_PPM, _OXYGEN_ALARM_LACK = 25.0, 10.0, 1.4
_SLOWER_THAN_A_REPORT_MS: Final = 10 * MINUTE_MS


def extra_methane_lel(fault: Fault, at_ms: int) -> float:
    """Percent of the lower explosive limit above what is usual: 5 to 9 at its peak where harmless, else 30 to 80."""
    return _peak(fault, 5, 9, 30, 80) * _gathered(fault, at_ms)


def extra_h2s_ppm(fault: Fault, at_ms: int) -> float:
    """Parts per million above what is usual: 2 to 4 at its peak where harmless, else 13 to 60."""
    return _peak(fault, 2, 4, 13, 60) * _gathered(fault, at_ms)


def lack_of_oxygen(fault: Fault, at_ms: int) -> float:
    """Percent of the air below what is usual: 0.3 to 0.6 at its worst where harmless, else 2 to 8."""
    return _peak(fault, 0.3, 0.6, 2, 8) * _gathered(fault, at_ms)


def _peak(fault: Fault, least: float, harmless: float, bad: float, worst: float) -> float:
    if fault.size < _HARMLESS:
        return least + (harmless - least) * fault.size / _HARMLESS
    return bad + (worst - bad) * (fault.size - _HARMLESS) / (1 - _HARMLESS)


def _gathered(fault: Fault, at_ms: int) -> float:
    """The share of its peak: it rises over half the fault, stands, and is aired out in the last tenth."""
    progress = fault.progress(at_ms)
    if progress > _AIRED_FROM:
        return (1 - progress) / (1 - _AIRED_FROM)
    return min(1.0, progress / _GATHERS_FOR)


def _asked(fault: Fault, world: "World", problem: str, peak: float, alarm: float) -> Label:
    """Asked for from when the gas by itself has reached its alarm, two reports later at most."""
    if fault.size < _HARMLESS:
        return asks_for_nothing(fault)
    rises_ms = _GATHERS_FOR * (fault.end_ms - fault.start_ms) * alarm / peak
    reports_ms = 2_000 * world.device(fault.device_id).report_interval_s
    return asks_for(fault, problem, within_ms=int(rises_ms) + reports_ms + _SLOWER_THAN_A_REPORT_MS)


def _methane(fault: Fault, world: "World") -> Label:
    return _asked(fault, world, "methane", _peak(fault, 5, 9, 30, 80), _METHANE_ALARM_LEL)


def _hydrogen_sulphide(fault: Fault, world: "World") -> Label:
    return _asked(fault, world, "hydrogen-sulphide", _peak(fault, 2, 4, 13, 60), _H2S_ALARM_PPM)


def _oxygen_low(fault: Fault, world: "World") -> Label:
    return _asked(fault, world, "oxygen-low", _peak(fault, 0.3, 0.6, 2, 8), _OXYGEN_ALARM_LACK)


GAS_FAULTS: Final = (
    FaultSpec(METHANE, Layer.CITY, (4 * HOUR_MS, 12 * HOUR_MS), has_gas_sensor, _methane),
    FaultSpec(HYDROGEN_SULPHIDE, Layer.CITY, (4 * HOUR_MS, 12 * HOUR_MS), has_gas_sensor, _hydrogen_sulphide),
    FaultSpec(OXYGEN_LOW, Layer.CITY, (4 * HOUR_MS, 12 * HOUR_MS), has_gas_sensor, _oxygen_low),
)
