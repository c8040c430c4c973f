"""Labels of faults: gas."""

from typing import Final

from domain.time.units import MINUTE_MS
from simulators.faults.fault import Fault
from simulators.faults.gas import GATHERS_FOR, HARMLESS, HYDROGEN_SULPHIDE, METHANE, OXYGEN_LOW, peak_of
from simulators.truth.kinds.asking import asks_for, asks_for_nothing
from simulators.truth.labels import Label
from simulators.world.state import World

_METHANE_ALARM_LEL, _H2S_ALARM_PPM, _OXYGEN_ALARM_LACK = 25.0, 10.0, 1.4
_SLOWER_THAN_A_REPORT_MS: Final = 10 * MINUTE_MS


def _asked(fault: Fault, world: World, problem: str, peak: float, alarm: float) -> Label:
    """Asked for from when the gas by itself has reached its alarm, two reports later at most."""
    if fault.size < HARMLESS:
        return asks_for_nothing(fault)
    rises_ms = GATHERS_FOR * (fault.end_ms - fault.start_ms) * alarm / peak
    reports_ms = 2_000 * world.device(fault.device_id).report_interval_s
    return asks_for(fault, problem, within_ms=int(rises_ms) + reports_ms + _SLOWER_THAN_A_REPORT_MS)


def _methane(fault: Fault, world: World) -> Label:
    return _asked(fault, world, "methane", peak_of(fault, 5, 9, 30, 80), _METHANE_ALARM_LEL)


def _hydrogen_sulphide(fault: Fault, world: World) -> Label:
    return _asked(fault, world, "hydrogen-sulphide", peak_of(fault, 2, 4, 13, 60), _H2S_ALARM_PPM)


def _oxygen_low(fault: Fault, world: World) -> Label:
    return _asked(fault, world, "oxygen-low", peak_of(fault, 0.3, 0.6, 2, 8), _OXYGEN_ALARM_LACK)


GAS_LABELS: Final = {
    METHANE: _methane,
    HYDROGEN_SULPHIDE: _hydrogen_sulphide,
    OXYGEN_LOW: _oxygen_low,
}
