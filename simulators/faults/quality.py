"""What people let into rivers and drains at night."""

import math
from typing import Final

from domain.devices import Device
from domain.time.units import HOUR_MS, MINUTE_MS
from simulators.city.equipment import is_quality_station
from simulators.faults.fault import Fault
from simulators.faults.spec import FaultSpec, Layer

DISCHARGE: Final = "pollution-discharge"

_ARRIVES_WITHIN_MS: Final = 20 * MINUTE_MS
_FADES_FROM: Final = 0.6
MILD: Final = 0.25
_WITNESS_S: Final = 1_800


def foulness(fault: Fault, at_ms: int) -> float:
    """How much of the discharge has reached the station, 0 to 1: there within minutes, thinning out towards its end."""
    since_ms = at_ms - fault.start_ms
    arrived = min(1.0, since_ms / _ARRIVES_WITHIN_MS)
    fading = max(0.0, fault.progress(at_ms) - _FADES_FROM) / (1 - _FADES_FROM)
    return arrived * math.exp(-2.5 * fading) * (1 - fading)


def strength(fault: Fault) -> float:
    """How strong it is, 0.1 for a mild one to 1: at 1 conductivity is four times the usual, COD 240 mg/L above it."""
    if fault.size < MILD:
        return 0.08 + 0.04 * fault.size / MILD
    return 0.3 + 0.7 * (fault.size - MILD) / (1 - MILD)


def _could_see_it(device: Device) -> bool:
    """Stations that measure every few hours are no witnesses of what passes in one or two."""
    return is_quality_station(device) and device.report_interval_s <= _WITNESS_S


QUALITY_FAULTS: Final = (FaultSpec(DISCHARGE, Layer.CITY, (2 * HOUR_MS, 6 * HOUR_MS), _could_see_it),)
