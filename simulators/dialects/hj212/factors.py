"""The factor codes of HJ 212 that a water station has for our quantities.

Codes and units: HJ 212-2017 annex B, table B.1 (taken there from HJ 525-2009); turbidity (w01003) from HJ 525-2009. There
is no code for levels, tilt, lamps or batteries: a station cannot say them.
"""

from typing import Final, NamedTuple


class Factor(NamedTuple):
    """One factor. What is sent is the canonical value * `scale`; `decimals` bounds its places where it was scaled."""

    code: str
    scale: float = 1.0
    decimals: int = 2


FACTORS: Final[dict[str, Factor]] = {
    "flow_rate": Factor("w00000", scale=1 / 3.6),  # L/s, N5.2
    "ph": Factor("w01001"),
    "turbidity": Factor("w01003"),  # NTU
    "dissolved_oxygen": Factor("w01009"),  # mg/L
    "water_temperature": Factor("w01010"),  # degrees Celsius
    "conductivity": Factor("w01014"),  # uS/cm
    "cod_cr": Factor("w01018"),  # mg/L, as the rest
    "cod_mn": Factor("w01019"),
    "tn": Factor("w21001"),
    "nh3_n": Factor("w21003"),
    "tp": Factor("w21011"),
}
"""The factor of each quantity that has one."""


def factor_text(factor: Factor, value: float) -> str:
    """The number as it stands in a frame: plain decimals, as exact as the reading down to a millionth, no exponent."""
    if factor.scale != 1.0:
        return f"{value * factor.scale:.{factor.decimals}f}"
    text = repr(value)
    return text if "e" not in text else f"{value:.6f}"
