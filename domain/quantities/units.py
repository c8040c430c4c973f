"""From any unit of a quantity to its canonical one: pint is asked once, at load; a reading costs one multiply-add.

Units are written in UCUM (`Cel`, `kW.h`, `m3/h`, `%`, `[pH]`). `dBm` has no UCUM code and stands as it is.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from domain.errors import UnknownUnit

if TYPE_CHECKING:
    import pint


@dataclass(frozen=True, slots=True)
class Conversion:
    """canonical = value * factor + offset."""

    factor: float = 1.0
    offset: float = 0.0

    @property
    def is_identity(self) -> bool:
        return self.factor == 1.0 and self.offset == 0.0

    def __call__(self, value: float) -> float:
        return value * self.factor + self.offset


IDENTITY: Final = Conversion()

_PINT_NAMES: Final = {
    "1": "", "Cel": "degC", "[degF]": "degF", "K": "kelvin", "%": "percent", "[pH]": "pH_number", "[NTU]": "NTU",
    "{NTU}": "NTU", "%{LEL}": "percent_LEL", "[ppm]": "ppm", "kW.h": "kW*h", "W.h": "W*h", "V.A": "V*A",
    "V.A{reactive}": "V*A", "mg/L": "mg/L", "ug/L": "ug/L", "g/L": "g/L", "uS/cm": "uS/cm", "mS/cm": "mS/cm",
    "S/m": "S/m", "m3/h": "m**3/h", "m3/s": "m**3/s", "L/s": "L/s", "L/min": "L/min", "m/s2": "m/s**2",
    "mm[H2O]": "mmH2O", "dBm": "dBm_level", "dB[W]": "dBW_level", "dB": "dB_ratio", "deg": "degree", "d": "day", "/": "",
    "[g]": "standard_gravity", "[in_i]": "inch", "[ft_i]": "foot", "lx": "lux",
}  # fmt: skip


@cache
def _registry() -> "pint.UnitRegistry[float]":
    import pint

    registry: pint.UnitRegistry[float] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True, cache_folder=None)
    for line in (
        "pH_number = [acidity]", "NTU = [nephelometric_turbidity]", "percent_LEL = [lower_explosive_limit]",
        "dBm_level = [level_dBm]", "dBW_level = dBm_level; offset: 30", "dB_ratio = [level_dB]",
    ):  # fmt: skip
        registry.define(line)
    return registry


@cache
def compile_conversion(unit: str, canonical: str) -> Conversion:
    """The conversion from `unit` to `canonical`, both UCUM codes.

    Raises: UnknownUnit where one is not known, or the two are not of one dimension.
    """
    if unit == canonical:
        return IDENTITY

    registry = _registry()
    try:
        source, target = (registry.Unit(_PINT_NAMES.get(name, name)) for name in (unit, canonical))
        zero, thousand = (registry.Quantity(x, source).to(target).magnitude for x in (0.0, 1000.0))
    except Exception as error:  # pint reads a unit as an expression, and raises whatever its tokens and numbers raise
        raise UnknownUnit(f"unit {unit!r} cannot be converted to {canonical!r}: {error}") from error
    return Conversion(factor=_tidy((thousand - zero) / 1000), offset=_tidy(zero))


def _tidy(number: float) -> float:
    """Without the last digits that float arithmetic inside the conversion leaves behind (0.30000000000000004)."""
    return float(f"{number:.13g}")
