"""The part of a filter that registry and store can find by themselves. Pure.

The bounds of a condition hold every row for which it is true, and often more: the condition itself is judged afterwards,
unless the bounds are `exact`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, reduce
from typing import Any, Final

from device_registry.records.geometry import Circle, Polygons
from domain.quantities.catalogue import CATALOGUE
from timeseries.queries.readings import Comparison
from web.standards.sta.entities.identifiers import read_datastream_id, read_observation_id
from web.standards.sta.entities.sets import ENTITY_SETS
from web.standards.sta.query.expressions import Binary, Call, Constant, Expression, Junction, Path
from web.standards.sta.query.geography import Geography, Point

_METRES_PER_DEGREE: Final = 111_400.0  # not less than a degree of either axis, on the sphere
_FLIPPED: Final = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_SIGNS: Final[Mapping[str, tuple[Comparison, ...]]] = {
    "eq": (">=", "<="), "gt": (">",), "ge": (">=",), "lt": ("<",), "le": ("<=",),
}  # fmt: skip
DEVICE_FACTS: Final = ("kind", "department", "profile", "parent_id", "grid", "state")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Rows that match every field given. None means any; an empty set means that there can be no row."""

    from_ms: int | None = None
    to_ms: int | None = None
    devices: frozenset[str] | None = None
    quantities: frozenset[str] | None = None
    profiles: frozenset[str] | None = None
    values: tuple[tuple[Comparison, float], ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    place: Circle | Polygons | None = None
    exact: bool = True

    def __and__(self, other: "Bounds") -> "Bounds":
        facts = {**other.facts, **self.facts}
        clash = any(facts[name] != value for name, value in other.facts.items())
        two_places = self.place is not None and other.place is not None
        return Bounds(
            _of_both(max, self.from_ms, other.from_ms),
            _of_both(min, self.to_ms, other.to_ms),
            frozenset() if clash else _of_both(frozenset.__and__, self.devices, other.devices),
            _of_both(frozenset.__and__, self.quantities, other.quantities),
            _of_both(frozenset.__and__, self.profiles, other.profiles),
            tuple(dict.fromkeys((*self.values, *other.values))),
            facts,
            self.place or other.place,
            self.exact and other.exact and not two_places,
        )

    def __or__(self, other: "Bounds") -> "Bounds":
        return Bounds(
            _if_both(min, self.from_ms, other.from_ms),
            _if_both(max, self.to_ms, other.to_ms),
            _if_both(frozenset.__or__, self.devices, other.devices),
            _if_both(frozenset.__or__, self.quantities, other.quantities),
            _if_both(frozenset.__or__, self.profiles, other.profiles),
            tuple(value for value in self.values if value in other.values),
            {name: value for name, value in self.facts.items() if other.facts.get(name) == value},
            None,
            exact=False,
        )


NOTHING: Final = Bounds(devices=frozenset())
ANYTHING: Final = Bounds(exact=False)


def bounds_of(condition: Expression, entity_set: str) -> Bounds:
    """The bounds of a condition on the entities of a set."""
    match condition:
        case Junction("and", operands):
            return reduce(Bounds.__and__, (bounds_of(operand, entity_set) for operand in operands))
        case Junction(_, operands):
            return reduce(Bounds.__or__, (bounds_of(operand, entity_set) for operand in operands))
        case Binary(
            "lt" | "le", Call("geo.distance", (Path() as path, Constant(Geography() as here))), Constant(limit)
        ):
            return _near(path, here, limit, entity_set)
        case Binary("eq", Call("year", (Path() as path,)), Constant(int() as year)) if 1970 <= year < 9999:
            return _compared(final_property(path, entity_set), "ge", datetime(year, 1, 1, tzinfo=UTC)) & _compared(
                final_property(path, entity_set), "lt", datetime(year + 1, 1, 1, tzinfo=UTC)
            )
        case Binary(operator, Path() as path, Constant(value)) if operator in _FLIPPED:
            return _compared(final_property(path, entity_set), operator, value)
        case Binary(operator, Constant(value), Path() as path) if operator in _FLIPPED:
            return _compared(final_property(path, entity_set), _FLIPPED[operator], value)
        case Call("st_within" | "st_intersects" | "geo.intersects", (Path() as path, Constant(Geography() as where))):
            if _is_place(path, entity_set) and isinstance(where.shape, Polygons):
                return Bounds(place=where.shape, exact=False)
    return ANYTHING


def entity_bounds(entity_set: str, entity_id: str) -> Bounds:
    """Where the entity of that id is, if there is one."""
    match entity_set:
        case "Things" | "Locations" | "FeaturesOfInterest":
            return Bounds(devices=frozenset((entity_id,)))
        case "Sensors":
            return Bounds(profiles=frozenset((entity_id,)))
        case "ObservedProperties":
            return Bounds(quantities=frozenset((entity_id,)))
        case "Datastreams":
            series = read_datastream_id(entity_id)
            return _series(*series) if series else NOTHING
        case "Observations":
            found = read_observation_id(entity_id)
            return replace(_series(*found[0]), from_ms=found[1], to_ms=found[1] + 1) if found else NOTHING
        case _:
            return NOTHING


def _series(device_id: str, quantity: str) -> Bounds:
    return Bounds(devices=frozenset((device_id,)), quantities=frozenset((quantity,)))


@lru_cache(maxsize=1024)
def final_property(path: Path, entity_set: str) -> tuple[str, tuple[str, ...]]:
    """The set to which the path leads by way of single entities, and what is left of it there, one name at least."""
    names = path.names
    while len(names) > 1 and (way := ENTITY_SETS[entity_set].navigations.get(names[0])) and way.at_most_one:
        entity_set, names = way.target, names[1:]
    return entity_set, names


def _compared(where: tuple[str, tuple[str, ...]], operator: str, value: Any) -> Bounds:
    match where, operator, value:
        case (entity_set, ("@iot.id" | "id",)), "eq", str():
            return entity_bounds(entity_set, value)
        case ("Things", ("properties", fact)), "eq", str() if fact in DEVICE_FACTS:
            return Bounds(facts={fact: value})
        case ("ObservedProperties", ("name",)), "eq", str():
            return Bounds(quantities=frozenset(one.name for one in CATALOGUE.values() if one.title_en == value))
        case ("Sensors", ("name",)), "eq", str():
            return Bounds(profiles=frozenset((value,)))
        case ("Observations", ("phenomenonTime" | "resultTime",)), _, datetime():
            return _times(operator, value)
        case ("Observations", ("result",)), _, int() | float() if operator in _SIGNS and abs(value) < 1e300:
            exact = float(value) == value
            return Bounds(values=tuple((sign, float(value)) for sign in _SIGNS[operator])) if exact else ANYTHING
    return ANYTHING


def _times(operator: str, instant: datetime) -> Bounds:
    """Whole milliseconds for which the comparison with an instant of microseconds holds."""
    since_epoch = instant - _EPOCH
    micros = (since_epoch.days * 86_400 + since_epoch.seconds) * 1_000_000 + since_epoch.microseconds
    low, high = micros // 1000, -(-micros // 1000)
    match operator:
        case "ge":
            return Bounds(from_ms=high)
        case "gt":
            return Bounds(from_ms=low + 1)
        case "lt":
            return Bounds(to_ms=high)
        case "le":
            return Bounds(to_ms=low + 1)
        case "eq":
            return Bounds(from_ms=high, to_ms=low + 1)
        case _:
            return ANYTHING


def _near(path: Path, here: Geography, limit: Any, entity_set: str) -> Bounds:
    is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not (is_number and 0 <= limit <= 10 and isinstance(here.shape, Point) and _is_place(path, entity_set)):
        return ANYTHING
    # A little more than asked for, so that the rounding of either way of reckoning cannot lose a device.
    radius_m = limit * _METRES_PER_DEGREE + 1
    return Bounds(place=Circle(here.shape.lon, here.shape.lat, radius_m), exact=False)


def _is_place(path: Path, entity_set: str) -> bool:
    return final_property(path, entity_set) in (("Locations", ("location",)), ("FeaturesOfInterest", ("feature",)))


def _of_both(join: Callable[..., Any], one: Any, other: Any) -> Any:
    """Of two limits, of which None is none, the one that keeps to both."""
    if one is None:
        return other
    return one if other is None else join(one, other)


def _if_both(join: Callable[..., Any], one: Any, other: Any) -> Any:
    """The limit that leaves room for both."""
    return None if one is None or other is None else join(one, other)
