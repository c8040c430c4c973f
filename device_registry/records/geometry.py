"""Plane and sphere, as far as a registry needs them: GeoJSON polygons, what lies inside, how far two places are apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

Point = tuple[float, float]
"""Longitude and latitude, WGS 84 degrees."""

_EARTH_RADIUS_M: Final = 6_371_008.8  # mean radius of WGS 84
_METRES_PER_DEGREE: Final = 111_195.0
_MOST_POINTS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Box:
    """From west to east and from south to north, edges included, degrees."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Circle:
    """The places at most `radius_m` metres from (lon, lat), on the sphere."""

    lon: float
    lat: float
    radius_m: float

    @property
    def box(self) -> Box:
        """A box around it. One that reaches over a pole or the date line is as wide as the earth."""
        height = self.radius_m / _METRES_PER_DEGREE * 1.001
        south, north = self.lat - height, self.lat + height
        narrowest = cos(radians(min(max(abs(south), abs(north)), 90.0)))
        width = height / narrowest if narrowest > 1e-6 else 360.0
        west, east = self.lon - width, self.lon + width
        if west < -180 or east > 180:
            west, east = -180.0, 180.0
        return Box(west, max(south, -90.0), east, min(north, 90.0))

    def holds(self, lon: float, lat: float) -> bool:
        return distance_m((self.lon, self.lat), (lon, lat)) <= self.radius_m


@dataclass(frozen=True, slots=True)
class Polygons:
    """One or more polygons, each a ring and the rings of its holes; no ring crosses the date line."""

    polygons: tuple[tuple[tuple[Point, ...], ...], ...]

    @property
    def box(self) -> Box:
        points = [point for polygon in self.polygons for point in polygon[0]]
        lons, lats = [lon for lon, _ in points], [lat for _, lat in points]
        return Box(min(lons), min(lats), max(lons), max(lats))

    def holds(self, lon: float, lat: float) -> bool:
        """Whether the place is inside; one on an edge may be either. By crossing number (W. R. Franklin, PNPOLY)."""
        return any(
            _inside(polygon[0], lon, lat) and not any(_inside(hole, lon, lat) for hole in polygon[1:])
            for polygon in self.polygons
        )


def distance_m(one: Point, other: Point) -> float:
    """Metres between two places on the sphere, by the haversine formula; off by up to 0.5 % from the ellipsoid."""
    lon1, lat1, lon2, lat2 = map(radians, (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_RADIUS_M * asin(min(1.0, sqrt(half)))


def read_polygons(geometry: Mapping[str, Any]) -> Polygons:
    """The polygons of a GeoJSON Polygon or MultiPolygon (RFC 7946), or of a Feature that holds one.

    Raises: ValueError with what is wrong, coordinates in the wrong order included.
    """
    if geometry.get("type") == "Feature" and isinstance(geometry.get("geometry"), dict):
        geometry = geometry["geometry"]
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon":
            coordinates = [coordinates]
        case "MultiPolygon":
            pass
        case other:
            raise ValueError(f"{other!r} is no GeoJSON Polygon or MultiPolygon")
    if not isinstance(coordinates, list) or not coordinates:
        raise ValueError("it has no coordinates")
    polygons = tuple(
        tuple(_ring(ring) for ring in _list(polygon, "a polygon is a list of rings")) for polygon in coordinates
    )
    if not all(polygons):
        raise ValueError("a polygon has no ring")
    if sum(len(ring) for polygon in polygons for ring in polygon) > _MOST_POINTS:
        raise ValueError(f"it has more than {_MOST_POINTS} points; simplify it")
    return Polygons(polygons)


def _ring(ring: object) -> tuple[Point, ...]:
    points = tuple(_point(point) for point in _list(ring, "a ring is a list of [lon, lat]"))
    if len(points) < 4 or points[0] != points[-1]:
        raise ValueError("a ring needs four points or more, the last equal to the first")
    return points


def _point(point: object) -> Point:
    values = _list(point, "a point is [lon, lat]")
    if len(values) < 2 or not all(isinstance(value, int | float) and -360 <= value <= 360 for value in values[:2]):
        raise ValueError("a point is [lon, lat] in degrees")
    lon, lat = float(values[0]), float(values[1])
    if not -90 <= lat <= 90 and -180 <= lat <= 180 and -90 <= lon <= 90:
        raise ValueError(f"[{lon}, {lat}] is in the wrong order: GeoJSON has longitude first")
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"[{lon}, {lat}] is off the earth")
    return lon, lat


def _list(value: object, remedy: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(remedy)
    return value


def _inside(ring: Sequence[Point], lon: float, lat: float) -> bool:
    inside = False
    before_lon, before_lat = ring[-1]
    for at_lon, at_lat in ring:
        if (at_lat > lat) != (before_lat > lat) and lon < (before_lon - at_lon) * (lat - at_lat) / (
            before_lat - at_lat
        ) + at_lon:
            inside = not inside
        before_lon, before_lat = at_lon, at_lat
    return inside
