"""What the factors of HJ 212-2017 mean where a device's profile maps nothing.

Source: HJ 212-2017 annex B, and the factor codes of HJ 525-2009 that it takes over, as deployed systems use them. Left out
are codes that cities use with different units (w00000, waste water flow: L/s here, m3/h there) and factors that the
quantity catalogue does not have; a profile names those.
"""

from types import MappingProxyType
from typing import Final

FACTORS: Final = MappingProxyType(
    {
        "w01001": ("ph", "[pH]"),
        "w01003": ("turbidity", "[NTU]"),
        "w01009": ("dissolved_oxygen", "mg/L"),
        "w01010": ("water_temperature", "Cel"),
        "w01014": ("conductivity", "uS/cm"),
        "w01018": ("cod_cr", "mg/L"),
        "w01019": ("cod_mn", "mg/L"),
        "w21001": ("tn", "mg/L"),
        "w21003": ("nh3_n", "mg/L"),
        "w21011": ("tp", "mg/L"),
    }
)
"""Quantity and unit by factor code."""

READINGS: Final = MappingProxyType(
    {f"{code}-{part}": meaning for code, meaning in FACTORS.items() for part in ("Rtd", "Avg")}
)
"""The same by field: of a factor the reading is its real-time value (Rtd), or its mean over a period (Avg)."""
