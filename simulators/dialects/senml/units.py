"""From canonical units to SenML's: the main registry only, so no receiver needs to know scaled units.

`mm`, `kWh`, `dBm` and their like are secondary units (RFC 8798): a pack SHOULD NOT use them. `%` and `deg` stand
in the main registry with an asterisk, not recommended for new producers: ratios go out as `/`, angles as `rad`.
Source: the IANA registry "SenML Units" (RFC 8428 section 12.1, RFC 8798, ISO 7027-1 for NTU).
"""

from math import pi
from typing import Final, NamedTuple

from domain.quantities.catalogue import CATALOGUE


class SenmlUnit(NamedTuple):
    """A number in `unit` is the canonical one * `factor` + `offset`; None where SenML has no such unit."""

    unit: str | None
    factor: float = 1.0
    offset: float = 0.0


_BY_UCUM: Final = {
    "%": SenmlUnit("/", 0.01),
    "1": SenmlUnit("/"),
    "V": SenmlUnit("V"),
    "A": SenmlUnit("A"),
    "W": SenmlUnit("W"),
    "V.A{reactive}": SenmlUnit("var"),
    "Hz": SenmlUnit("Hz"),
    "kW.h": SenmlUnit("J", 3_600_000),
    "lx": SenmlUnit("lx"),
    "h": SenmlUnit("s", 3600),
    "Cel": SenmlUnit("Cel"),
    "deg": SenmlUnit("rad", pi / 180),
    "m/s2": SenmlUnit("m/s2"),
    "m": SenmlUnit("m"),
    "cm": SenmlUnit("m", 0.01),
    "mm": SenmlUnit("m", 0.001),
    "[ppm]": SenmlUnit("/", 1e-6),
    "m3/h": SenmlUnit("m3/s", 1 / 3600),
    "m/s": SenmlUnit("m/s"),
    "kPa": SenmlUnit("Pa", 1000),
    "mm/h": SenmlUnit("m/s", 1 / 3_600_000),
    "[pH]": SenmlUnit("pH"),
    "mg/L": SenmlUnit("kg/m3", 0.001),
    "uS/cm": SenmlUnit("S/m", 0.0001),
    "[NTU]": SenmlUnit("NTU"),
    "dBm": SenmlUnit("dBW", 1, -30),
    "dB": SenmlUnit("dB"),
    "%{LEL}": SenmlUnit(None),
}
_OF_THEIR_OWN: Final = {"humidity": SenmlUnit("%RH"), "battery_level": SenmlUnit("%EL")}

SENML_UNITS: Final[dict[str, SenmlUnit]] = {
    name: _OF_THEIR_OWN.get(name) or _BY_UCUM[quantity.unit] for name, quantity in CATALOGUE.items()
}
"""The SenML unit of every quantity of the catalogue; of boolean ones it is not used."""
