"""Properties by their path: which there are, and what they are worth for a row."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from web.standards.sta.entities.sets import ENTITY_SETS, OPEN_PROPERTIES, EntitySet, exists
from web.standards.sta.entities.views import Row
from web.standards.sta.query.expressions import Expression, InvalidQuery, Path, paths_of
from web.standards.sta.query.options import Options
from web.standards.sta.retrieval.bounds import final_property
from web.standards.sta.retrieval.source import Source

IDS: Final = ("@iot.id", "id")


def check_options(options: Options, entity_set: EntitySet) -> None:
    """Raises: InvalidQuery where the options name something that the set, or one expanded from it, does not have."""
    for expression in (*((options.filter,) if options.filter else ()), *(what for what, _ in options.orderby)):
        _check_paths(expression, entity_set)
    for name in options.select:
        if name not in (*entity_set.properties, *entity_set.navigations, *IDS, "@iot.selfLink"):
            raise InvalidQuery(f"$select: {_unknown(entity_set, name)}")
    for expansion in options.expand:
        way = entity_set.navigations.get(expansion.navigation)
        if way is None:
            known = ", ".join(entity_set.navigations)
            raise InvalidQuery(f"$expand: {entity_set.name} lead to {known}, not to {expansion.navigation!r}")
        check_options(expansion.options, ENTITY_SETS[way.target])


async def values_of(paths: set[Path], row: Row, entity_set: EntitySet, source: Source) -> Mapping[Path, Any]:
    """What a condition needs to be judged for the row; None for what is not known."""
    return {path: await _value(path, row, entity_set, source) for path in paths}


def property_of(body: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """What stands under the names, one inside the other; None where there is nothing."""
    value: Any = body
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


async def _value(path: Path, row: Row, entity_set: EntitySet, source: Source) -> Any:
    target, names = final_property(path, entity_set.name)
    if target != entity_set.name or len(names) < len(path.names):
        row = await source.with_device(row)
        if not exists(ENTITY_SETS[target], row):
            return None
    if row.reading is not None and target == "Observations":
        match names[0]:
            case "phenomenonTime" | "resultTime":  # judged in their thousands: not by way of text
                return datetime.fromtimestamp(row.reading.sample.observed_at_ms / 1000, UTC)
            case "result":
                return row.reading.sample.value
    if names[0] in IDS:
        return ENTITY_SETS[target].identify(row)
    return property_of(ENTITY_SETS[target].body(row), names)


def _check_paths(expression: Expression, entity_set: EntitySet) -> None:
    for path in sorted(paths_of(expression), key=str):
        target, names = final_property(path, entity_set.name)
        known = ENTITY_SETS[target]
        way = known.navigations.get(names[0])
        if way is not None and len(names) > 1:
            raise InvalidQuery(f"{path}: {target} may lead to many {names[0]}; ask for {way.target} and filter those")
        if names[0] not in (*known.properties, *IDS):
            raise InvalidQuery(f"{path}: {_unknown(known, names[0])}")
        if len(names) > 1 and names[0] not in OPEN_PROPERTIES:
            raise InvalidQuery(f"{path}: {names[0]} of {target} has nothing below it")


def _unknown(entity_set: EntitySet, name: str) -> str:
    return f"{entity_set.name} have no property {name!r}; known are @iot.id, {', '.join(entity_set.properties)}"
