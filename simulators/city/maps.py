"""A city as GeoJSON (RFC 7946), to be looked at: areas, river, streets, devices."""

from collections.abc import Iterator
from typing import Any

import orjson

from simulators.city.model import City
from simulators.ground.streets import Point


def map_geojson(city: City) -> bytes:
    """One FeatureCollection in WGS 84. `properties.layer` is `area`, `river`, `street` or `device`, in that order.

    A device is a point with its id, kind, name, area, parent and attributes; a street is a line with names and grade.
    """
    return orjson.dumps({"type": "FeatureCollection", "features": list(_features(city))})


def _features(city: City) -> Iterator[dict[str, Any]]:
    for area in city.areas:
        if area.boundary is not None:
            yield _feature("area", area.boundary, path=area.path, name=area.name, level=area.level)
    if city.plan.river:
        yield _feature("river", _line(city, city.plan.river))
    for street in city.plan.streets:
        line = _line(city, street.line)
        yield _feature("street", line, name=street.name, name_zh=street.name_zh, grade=street.grade.value)
    for device in city.devices:
        point = {"type": "Point", "coordinates": [device.lon, device.lat]}
        yield _feature(
            "device",
            point,
            device_id=device.device_id,
            kind=device.kind,
            name=device.name,
            area=device.area,
            parent_id=device.parent_id,
            **device.attributes,
        )


def _line(city: City, points: tuple[Point, ...]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [city.place.lon_lat(*point) for point in points]}


def _feature(layer: str, geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"layer": layer, **properties}}
