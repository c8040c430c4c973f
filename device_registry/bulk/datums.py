"""Locations in the datums of Chinese maps, and in WGS 84; pure.

GCJ-02 is WGS 84 shifted by up to some 700 m inside China, BD-09 shifts GCJ-02 once more. Neither has a published
definition; these are the formulas that everybody uses, and they agree with the maps to about a metre.
Source: googollee/eviltransform (`delta`, `transform`, `outOfChina`) for GCJ-02; wandergis/coordtransform
(`gcj02tobd09`) for BD-09. CGCS2000 differs from WGS 84 by centimetres and is taken for it.
"""

import math
from collections.abc import Callable
from typing import Final

from device_registry.records.entries import Datum

Place = tuple[float, float]
"""lon, lat in degrees."""

_SEMI_MAJOR_AXIS_M: Final = 6378245.0  # Krasovsky 1940
_ECCENTRICITY_SQUARED: Final = 0.00669342162296594323
_X_PI: Final = math.pi * 3000.0 / 180.0
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_CLOSE_DEG: Final = 1e-10  # a hundredth of a millimetre
_MOST_STEPS: Final = 30
_DECIMALS: Final = 8  # a millimetre


def to_wgs84(lon: float, lat: float, datum: Datum) -> Place:
    """The place in WGS 84, rounded to a millimetre where it was shifted.

    Range: places outside the box around China (72.004 to 137.8347 east, 0.8293 to 55.8271 north) come back untouched,
    since no map shifts them.
    """
    if not shifts(lon, lat, datum):
        return lon, lat
    wgs_lon, wgs_lat = _inverse(lon, lat, _FORWARD[datum])
    return round(wgs_lon, _DECIMALS), round(wgs_lat, _DECIMALS)


def from_wgs84(lon: float, lat: float, datum: Datum) -> Place:
    """The place of WGS 84 in that datum; untouched outside the box."""
    return _FORWARD[datum](lon, lat) if shifts(lon, lat, datum) else (lon, lat)


def shifts(lon: float, lat: float, datum: Datum) -> bool:
    """Whether the datum has the place elsewhere than WGS 84 has it."""
    return datum in _FORWARD and _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


def _gcj02(lon: float, lat: float) -> Place:
    x, y = lon - 105.0, lat - 35.0
    root, shared = math.sqrt(abs(x)), _waves(x, 6.0, 20.0, 2.0)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (shared + _swell(x, 20.0, 40.0, 1.0, 3.0) + _swell(x, 150.0, 300.0, 12.0, 30.0)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (shared + _swell(y, 20.0, 40.0, 1.0, 3.0) + _swell(y, 160.0, 320.0, 12.0, 30.0)) * 2.0 / 3.0
    sine = math.sin(math.radians(lat))
    magic = 1.0 - _ECCENTRICITY_SQUARED * sine * sine
    meridian_m = _SEMI_MAJOR_AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / (magic * math.sqrt(magic))
    parallel_m = _SEMI_MAJOR_AXIS_M / math.sqrt(magic) * math.cos(math.radians(lat))
    return lon + math.degrees(east / parallel_m), lat + math.degrees(north / meridian_m)


def _waves(x: float, fast: float, height: float, slow: float) -> float:
    return height * math.sin(fast * x * math.pi) + height * math.sin(slow * x * math.pi)


def _swell(x: float, first: float, second: float, divisor: float, wider: float) -> float:
    return first * math.sin(x * math.pi / divisor) + second * math.sin(x * math.pi / wider)


def _bd09(lon: float, lat: float) -> Place:
    return _bd09_of_gcj02(*_gcj02(lon, lat))


def _bd09_of_gcj02(lon: float, lat: float) -> Place:
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _X_PI)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _X_PI)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _inverse(lon: float, lat: float, forward: Callable[[float, float], Place]) -> Place:
    """The place that `forward` brings here: the shift changes slowly, so subtracting it again and again converges."""
    at_lon, at_lat = lon, lat
    for _ in range(_MOST_STEPS):
        there_lon, there_lat = forward(at_lon, at_lat)
        off_lon, off_lat = there_lon - lon, there_lat - lat
        at_lon, at_lat = at_lon - off_lon, at_lat - off_lat
        if abs(off_lon) < _CLOSE_DEG and abs(off_lat) < _CLOSE_DEG:
            break
    return at_lon, at_lat


_FORWARD: Final = {Datum.GCJ02: _gcj02, Datum.BD09: _bd09}
