"""Where the sun stands over a place: its geometric elevation, and the stretches of day and night.

Source: the NOAA solar calculator (Meeus, Astronomical Algorithms, chapter 25), as in `astral.sun`; a property test compares
the two. Ours because it is asked for every report: the sun's own motion is worked out once an hour for all places.
"""

from math import asin, cos, degrees, floor, radians, sin, tan
from typing import Final

from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS

HORIZON: Final = -0.833
"""It is day while the sun's centre stands at least this high, in degrees: refraction 34', the sun's radius 16'."""
_HALF_DAY_MINUTES: Final = 720
_MOST_HALF_DAYS: Final = 800
"""More than polar day or night lasts anywhere; what is longer is returned as this long."""
_J2000_MS: Final = 946_728_000_000
_CENTURY_MS: Final = 36_525 * DAY_MS
_MOST_HOURS_KEPT: Final = 4_096

_Motion = tuple[float, float, float, float]
_motions: dict[int, _Motion] = {}


def elevation(at_ms: int, lon: float, lat: float) -> float:
    """How high the sun's centre stands, in degrees above the geometric horizon, -90 to 90; refraction is left out.

    Units: lon and lat are WGS 84 degrees. Within 0.01 degree of astral's for the years 1900 to 2100.
    """
    hour = at_ms // HOUR_MS
    motion = _motions.get(hour) or _motion(hour)
    since_ms = at_ms - hour * HOUR_MS
    declination = motion[0] + motion[1] * since_ms
    hour_angle = at_ms % DAY_MS * _ANGLE_PER_MS + radians(lon) + motion[2] + motion[3] * since_ms
    phi = radians(lat)
    # minus the cosine: the hour angle counts from solar noon, ours from midnight
    height = sin(phi) * sin(declination) - cos(phi) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))


def is_day(minute: int, lon: float, lat: float) -> bool:
    """Whether the sun is up at the beginning of that minute since the epoch."""
    return elevation(minute * MINUTE_MS, lon, lat) >= HORIZON


def daylight_span(minute: int, lon: float, lat: float) -> tuple[bool, int, int]:
    """Whether it is day in that minute, and the minutes [begin, end) around it in which that does not change."""
    up = is_day(minute, lon, lat)
    return up, _turn(minute, lon, lat, up, -1) + 1, _turn(minute, lon, lat, up, 1)


_ANGLE_PER_MS: Final = radians(360.0 / DAY_MS)


def _turn(minute: int, lon: float, lat: float, up: bool, step: int) -> int:
    """The first minute in that direction in which it is no longer as in `minute`.

    Between solar midnight and noon the sun only rises, and then only sinks: so looking there is enough, and halving
    finds the minute between.
    """
    inside = minute
    outside = _next_extreme(minute, lon, step)
    for _ in range(_MOST_HALF_DAYS):
        if is_day(outside, lon, lat) != up:
            break
        inside, outside = outside, outside + step * _HALF_DAY_MINUTES
    else:
        return outside
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if is_day(middle, lon, lat) == up:
            inside = middle
        else:
            outside = middle
    return outside


def _next_extreme(minute: int, lon: float, step: int) -> int:
    """The nearest solar noon or midnight in that direction, to the minute."""
    hour = minute // 60
    motion = _motions.get(hour) or _motion(hour)
    solar = minute + 4.0 * lon + degrees(motion[2]) * 4.0
    to_go = -solar % _HALF_DAY_MINUTES if step > 0 else solar % _HALF_DAY_MINUTES
    return minute + step * max(1, floor(to_go + 0.5))


def _motion(hour: int) -> _Motion:
    """Declination and equation of time at the hour's beginning, in radians, each with its change per ms; kept."""
    if len(_motions) >= _MOST_HOURS_KEPT:
        _motions.clear()
    declination, equation = _position(hour * HOUR_MS)
    next_declination, next_equation = _position((hour + 1) * HOUR_MS)
    found = (
        declination,
        (next_declination - declination) / HOUR_MS,
        equation,
        (next_equation - equation) / HOUR_MS,
    )
    _motions[hour] = found
    return found


def _position(at_ms: int) -> tuple[float, float]:
    """The sun's declination and the equation of time, both in radians. Source: Meeus, chapters 25 and 28."""
    t = (at_ms - _J2000_MS) / _CENTURY_MS
    mean_longitude = radians((280.46646 + t * (36000.76983 + 0.0003032 * t)) % 360.0)
    anomaly = radians(357.52911 + t * (35999.05029 - 0.0001537 * t))
    eccentricity = 0.016708634 - t * (0.000042037 + 0.0000001267 * t)
    centre = (
        sin(anomaly) * (1.914602 - t * (0.004817 + 0.000014 * t))
        + sin(2 * anomaly) * (0.019993 - 0.000101 * t)
        + sin(3 * anomaly) * 0.000289
    )
    node = radians(125.04 - 1934.136 * t)
    longitude = mean_longitude + radians(centre - 0.00569 - 0.00478 * sin(node))
    seconds = 21.448 - t * (46.8150 + t * (0.00059 - t * 0.001813))
    obliquity = radians(23.0 + (26.0 + seconds / 60.0) / 60.0 + 0.00256 * cos(node))
    declination = asin(sin(obliquity) * sin(longitude))
    y = tan(obliquity / 2) ** 2
    equation = (
        y * sin(2 * mean_longitude)
        - 2 * eccentricity * sin(anomaly)
        + 4 * eccentricity * y * sin(anomaly) * cos(2 * mean_longitude)
        - 0.5 * y * y * sin(4 * mean_longitude)
        - 1.25 * eccentricity * eccentricity * sin(2 * anomaly)
    )
    return declination, equation
