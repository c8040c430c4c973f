"""The outlines of areas, drawn around their devices: the map's only ground where a city brings no tiles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.devices import Device

MOST_AREAS: Final = 60
"""A map with more outlines than this shows nothing; shorter paths are outlined then."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outline:
    """The convex hull of an area's devices, as (lat, lon) in counter-clockwise order, at least three corners."""

    path: str
    ring: tuple[Point, ...]


def area_outlines(devices: Iterable[Device]) -> list[Outline]:
    """The outlines of the deepest level of the area tree that needs at most sixty of them, by path.

    Areas whose devices stand in one line, or are fewer than three, have no outline.
    """
    placed: dict[str, list[Point]] = {}
    for device in devices:
        if device.area and device.lat is not None and device.lon is not None:
            placed.setdefault(device.area, []).append((device.lat, device.lon))
    depth = max((path.count("/") + 1 for path in placed), default=0)
    while depth > 1 and len({_cut(path, depth) for path in placed}) > MOST_AREAS:
        depth -= 1
    joined: dict[str, list[Point]] = {}
    for path, points in placed.items():
        joined.setdefault(_cut(path, depth), []).extend(points)
    rings = ((path, convex_hull(points)) for path, points in sorted(joined.items()))
    return [Outline(path, ring) for path, ring in rings if len(ring) >= 3]


def convex_hull(points: Sequence[Point]) -> tuple[Point, ...]:
    """The corners of the convex hull, without those on a straight edge.

    Source: A. M. Andrew, "Another efficient algorithm for convex hulls in two dimensions", 1979 (monotone chain).
    """
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return tuple(ordered)
    lower, upper = _chain(ordered), _chain(reversed(ordered))
    return tuple(lower[:-1] + upper[:-1])


def _chain(points: Iterable[Point]) -> list[Point]:
    chain: list[Point] = []
    for point in points:
        while len(chain) >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cut(path: str, depth: int) -> str:
    return "/".join(path.split("/")[:depth])
