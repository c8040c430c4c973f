"""SenML's unit names in UCUM."""

from typing import Final

SENML_TO_UCUM: Final = {
    # RFC 8428 section 12.1, primary units that some quantity of ours can stand in
    "m": "m", "s": "s", "A": "A", "K": "K", "Hz": "Hz", "rad": "rad", "Pa": "Pa", "J": "J", "W": "W", "V": "V",
    "Cel": "Cel", "lx": "lx", "m/s": "m/s", "m/s2": "m/s2", "m3/s": "m3/s", "l/s": "L/s", "lat": "deg", "lon": "deg",
    "pH": "[pH]", "dB": "dB", "dBW": "dB[W]", "count": "1", "/": "1", "%RH": "%", "%EL": "%", "1/s": "Hz", "S/m": "S/m",
    # "%" is no percentage but an old name of "/", a ratio from 0 to 1 (RFC 8428 section 12.1, note 2)
    "%": "1",
    # registered later, by ISO 7027-1
    "NTU": "[NTU]",
    # RFC 8798 section 2, and its secondary units
    "VA": "V.A", "var": "V.A", "kg/m3": "g/L", "deg": "deg", "ms": "ms", "min": "min", "h": "h", "MHz": "MHz",
    "kW": "kW", "kVA": "kV.A", "kvar": "kV.A", "Wh": "W.h", "kWh": "kW.h", "mV": "mV", "mA": "mA", "dBm": "dBm",
    "mm/h": "mm/h", "m/h": "m/h", "ppm": "[ppm]", "/100": "%", "hPa": "hPa", "mm": "mm", "cm": "cm", "km": "km",
    "km/h": "km/h",
}  # fmt: skip

UCUM_UNITS: Final = frozenset(SENML_TO_UCUM.values())
