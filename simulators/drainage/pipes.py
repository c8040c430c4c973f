"""What a pipe can carry, and how large and how steep it must be."""

import math
from typing import Final

ROUGHNESS: Final = 0.013
"""Manning's n of concrete pipe. Source: GB 50014-2021, table 5.2.3 [mem]."""

DIAMETERS_MM: Final = (300, 400, 500, 600, 800, 1000, 1200, 1500, 1800, 2000, 2200, 2400, 2600, 2800, 3000)


def full_flow_m3_s(diameter_mm: float, slope: float) -> float:
    """What a round pipe carries when just full, without pressure. Source: Manning 1891, Q = A R^(2/3) S^(1/2) / n."""
    diameter_m = diameter_mm / 1000
    area_m2 = math.pi * diameter_m**2 / 4
    return float(area_m2 * (diameter_m / 4) ** (2 / 3) * math.sqrt(slope) / ROUGHNESS)


def least_slope(diameter_mm: float, speed_m_s: float) -> float:
    """The slope at which a full round pipe runs at that speed: 0.003 for 300 mm at 0.75 m/s, as GB 50014 has it."""
    return float((speed_m_s * ROUGHNESS / (diameter_mm / 4000) ** (2 / 3)) ** 2)


def diameter_for(flow_m3_s: float, speed_m_s: float, at_least_mm: int) -> int:
    """The smallest diameter made that carries a flow at its least slope; the largest where none does."""
    for diameter_mm in DIAMETERS_MM:
        slope = least_slope(diameter_mm, speed_m_s)
        if diameter_mm >= at_least_mm and full_flow_m3_s(diameter_mm, slope) >= flow_m3_s:
            return diameter_mm
    return DIAMETERS_MM[-1]
