"""What a path leads to: a collection, one entity, or one of its properties."""

from dataclasses import dataclass
from typing import Any

from web.standards.sta.answers import navigation_bounds
from web.standards.sta.entities.sets import ENTITY_SETS, EntitySet, exists
from web.standards.sta.entities.views import Row
from web.standards.sta.query.resource_path import Segment
from web.standards.sta.retrieval.bounds import Bounds, entity_bounds
from web.standards.sta.retrieval.properties import IDS, property_of
from web.standards.sta.retrieval.source import Source, reading_query


class Unknown(LookupError):
    """Nothing stands at that path; the message names the step that leads nowhere."""


@dataclass(frozen=True, slots=True)
class Collection:
    entity_set: EntitySet
    bounds: Bounds
    only_links: bool = False


@dataclass(frozen=True, slots=True)
class Single:
    entity_set: EntitySet
    row: Row
    only_link: bool = False


@dataclass(frozen=True, slots=True)
class Property:
    """`bare` asks for the value alone, as text."""

    name: str
    value: Any
    bare: bool = False


Target = Collection | Single | Property


async def resolve(source: Source, segments: tuple[Segment, ...]) -> Target:
    """What the path leads to; it has one segment at least. Raises: Unknown."""
    first = segments[0]
    if first.name not in ENTITY_SETS:
        raise Unknown(f"there is no {first.name!r} here; known are {', '.join(ENTITY_SETS)}")
    at: Target = await _entered(source, ENTITY_SETS[first.name], Bounds(), first)
    for position, segment in enumerate(segments[1:], start=2):
        is_last = position == len(segments)
        match at:
            case Collection(entity_set, bounds) if segment == Segment("$ref") and is_last:
                at = Collection(entity_set, bounds, only_links=True)
            case Single(entity_set, row) if segment == Segment("$ref") and is_last:
                at = Single(entity_set, row, only_link=True)
            case Single(entity_set, row) if segment.name in entity_set.navigations:
                at = await _followed(source, entity_set, row, segment)
            case Single(entity_set, row) if segment.key is None and segment.name in (*entity_set.properties, *IDS):
                properties = {**entity_set.body(row), **dict.fromkeys(IDS, entity_set.identify(row))}
                at = Property(segment.name, properties.get(segment.name))
            case Property(name, value) if segment == Segment("$value") and is_last:
                at = Property(name, value, bare=True)
            case Property(_, dict() as value) if segment.key is None:
                at = Property(segment.name, property_of(value, (segment.name,)))
            case _:
                raise Unknown(f"nothing is called {segment.name!r} there")
    return at


async def _entered(source: Source, entity_set: EntitySet, bounds: Bounds, segment: Segment) -> Target:
    if segment.key is None:
        return Collection(entity_set, bounds)
    row = await _only(source, entity_set, bounds & entity_bounds(entity_set.name, segment.key))
    if row is None:
        raise Unknown(f"{segment.name}('{segment.key}') is not known")
    return Single(entity_set, row)


async def _followed(source: Source, entity_set: EntitySet, row: Row, segment: Segment) -> Target:
    way = entity_set.navigations[segment.name]
    target = ENTITY_SETS[way.target]
    row = await source.with_device(row)
    if way.many:
        return await _entered(source, target, navigation_bounds(row, way), segment)
    if segment.key is not None or not exists(target, row):
        raise Unknown(f"there is no such {segment.name}")
    return Single(target, row)


async def _only(source: Source, entity_set: EntitySet, bounds: Bounds) -> Row | None:
    if entity_set.name == "Observations":
        found = await source.readings(reading_query(bounds, limit=1))
        return found[0] if found else None
    async for row in source.rows(entity_set.name, bounds):
        if exists(entity_set, row):
            return row
    return None
