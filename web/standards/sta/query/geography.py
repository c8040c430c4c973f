"""Places as `$filter` writes them: points and polygons in WKT, longitude first, WGS 84."""

import re
from dataclasses import dataclass
from functools import cached_property
from math import hypot
from typing import Any, Final

from device_registry.records.geometry import Polygons, read_polygons

_NUMBER: Final = r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_PAIR: Final = re.compile(rf"({_NUMBER})(?:\s*,\s*|\s+)({_NUMBER})")
_WKT: Final = re.compile(r"(?:SRID=4326;\s*)?([A-Za-z]+)\s*\((.*)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Point:
    lon: float
    lat: float


@dataclass(frozen=True)
class Geography:
    """A geography literal; made by `read_geography`, so its text can be parsed."""

    wkt: str

    @cached_property
    def shape(self) -> Point | Polygons:
        return _read_shape(self.wkt)


def read_geography(wkt: str) -> Geography:
    """The place that the text holds. Raises: ValueError where it holds none."""
    geography = Geography(wkt)
    _ = geography.shape
    return geography


def point_of(value: object) -> Point | None:
    """A point from a literal or from GeoJSON; None for anything else."""
    if isinstance(value, Geography):
        return value.shape if isinstance(value.shape, Point) else None
    if isinstance(value, dict) and value.get("type") == "Point":
        return Point(*value["coordinates"][:2])
    return None


def within(inner: object, outer: object) -> bool | None:
    """Whether a point lies inside a polygon, or is the point; None where these are not that."""
    point = point_of(inner)
    if point is None:
        return None
    if isinstance(outer, Geography) and isinstance(outer.shape, Polygons):
        return outer.shape.holds(point.lon, point.lat)
    other = point_of(outer)
    return None if other is None else point == other


def intersects(one: object, other: object) -> bool | None:
    """Whether two places touch, of which one at least is a point."""
    return within(one, other) if point_of(one) is not None else within(other, one)


def distance(one: object, other: object) -> float | None:
    """Degrees between two points, in the plane of longitude and latitude, as PostGIS has it for WGS 84."""
    here, there = point_of(one), point_of(other)
    if here is None or there is None:
        return None
    return hypot(here.lon - there.lon, here.lat - there.lat)


def _read_shape(wkt: str) -> Point | Polygons:
    match = _WKT.fullmatch(wkt.strip())
    if match is None:
        raise ValueError(f"{wkt!r} is no place; write POINT (120.55 31.87) or POLYGON ((…))")
    kind, inside = match[1].upper(), match[2]
    if kind == "POINT":
        lon, lat = _pair(inside)
        if not (-180 <= lon <= 180 and -90 <= lat <= 90):
            raise ValueError(f"{wkt!r} is off the earth; longitude comes first")
        return Point(lon, lat)
    if kind == "POLYGON":
        return read_polygons({"type": "Polygon", "coordinates": _rings(inside)})
    raise ValueError(f"{match[1]} cannot be used here; write POINT or POLYGON")


def _rings(text: str) -> list[Any]:
    rings = re.findall(r"\(([^()]*)\)", text)
    if re.sub(r"\([^()]*\)|[\s,]", "", text):
        raise ValueError(f"{text!r} is no list of rings; write POLYGON ((120 31, 121 31, 121 32, 120 31))")
    return [[list(_pair(pair)) for pair in ring.split(",")] for ring in rings]


def _pair(text: str) -> tuple[float, float]:
    match = _PAIR.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no place; write longitude and latitude: 120.55 31.87")
    return float(match[1]), float(match[2])
