"""Entities and collections as the JSON that clients get: control information, links, expansions."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote

from web.standards.sta.entities.sets import ENTITY_SETS, EntitySet, Navigation, exists
from web.standards.sta.entities.views import Row
from web.standards.sta.query.expressions import InvalidQuery
from web.standards.sta.query.options import Expansion, Options
from web.standards.sta.retrieval.bounds import NOTHING, Bounds
from web.standards.sta.retrieval.collecting import collect
from web.standards.sta.retrieval.source import Source

MOST_EXPANSIONS: Final = 5000
_PREFIX: Final = "http://www.opengis.net/spec/iot_sensing/1.1/req"
CONFORMANCE: Final = tuple(
    f"{_PREFIX}/{requirement}"
    for requirement in (
        "datamodel",
        *(
            f"datamodel/{entity}"
            for entity in ("thing", "location", "historical-location", "datastream", "sensor", "observed-property",
                           "observation", "feature-of-interest")
        ),
        "resource-path/resource-path-to-entities",
        "request-data",
    )
)  # fmt: skip
"""What of the standard is kept: sensing without the writing half (create, update and delete, batches, MQTT)."""


def service_root(root: str) -> dict[str, Any]:
    """The root document: the entity sets, and what of the standard holds."""
    sets = [{"name": name, "url": f"{root}/{name}"} for name in ENTITY_SETS]
    return {"value": sets, "serverSettings": {"conformance": CONFORMANCE}}


def link_to(root: str, entity_set: EntitySet, row: Row) -> str:
    key = entity_set.identify(row).replace("'", "''")
    escaped = quote(key, safe=":'")
    return f"{root}/{entity_set.name}('{escaped}')"


def navigation_bounds(row: Row, way: Navigation) -> Bounds:
    """Where the entities are to which the way leads from the row."""
    facts = {name: row.fact(name) for name in way.shares}
    if None in facts.values():
        return NOTHING
    only = {name: frozenset((fact,)) for name, fact in facts.items() if fact is not None}
    return Bounds(devices=only.get("device"), quantities=only.get("quantity"), profiles=only.get("profile"))


class Answers:
    """Writes the JSON of one request. `root` is the service's address without a slash at its end."""

    def __init__(self, source: Source, root: str) -> None:
        self._source = source
        self._root = root
        self._expansions = 0

    async def collection(
        self, entity_set: EntitySet, bounds: Bounds, options: Options, address: str, *, only_links: bool = False
    ) -> dict[str, Any]:
        """The page that the options ask for; `address` is where the collection stands. Raises: InvalidQuery."""
        found = await collect(self._source, entity_set, bounds, options)
        answer: dict[str, Any] = {} if found.count is None else {"@iot.count": found.count}
        if found.next is not None:
            answer["@iot.nextLink"] = f"{address}?{found.next}"
        if only_links:
            answer["value"] = [{"@iot.selfLink": link_to(self._root, entity_set, row)} for row in found.rows]
        else:
            answer["value"] = await self.entities(entity_set, found.rows, options)
        return answer

    async def entities(self, entity_set: EntitySet, rows: Sequence[Row], options: Options) -> list[dict[str, Any]]:
        """The entities of these rows, all of which exist."""
        if options.expand:
            rows = [await self._source.with_device(row) for row in rows]
            await self._look_ahead(rows, options.expand)
        return [await self._entity(entity_set, row, options) for row in rows]

    async def _look_ahead(self, rows: Sequence[Row], expansions: Iterable[Expansion]) -> None:
        if any(one.navigation == "Datastreams" for one in expansions):
            devices = {row.device.device_id: row.device for row in rows if row.device is not None}
            await self._source.learn_quantities(list(devices.values()))

    async def _entity(self, entity_set: EntitySet, row: Row, options: Options) -> dict[str, Any]:
        link = link_to(self._root, entity_set, row)
        entity: dict[str, Any] = {"@iot.id": entity_set.identify(row), "@iot.selfLink": link, **entity_set.body(row)}
        ways = entity_set.navigations
        entity.update({f"{name}@iot.navigationLink": f"{link}/{name}" for name in ways})
        if options.select:
            chosen = {"@iot.id" if name == "id" else name for name in options.select}
            chosen |= {f"{name}@iot.navigationLink" for name in chosen}
            entity = {name: value for name, value in entity.items() if name in chosen}
        for expansion in options.expand:
            entity.update(await self._expanded(row, expansion, ways[expansion.navigation], link))
        return entity

    async def _expanded(self, row: Row, expansion: Expansion, way: Navigation, link: str) -> dict[str, Any]:
        self._expansions += 1
        if self._expansions > MOST_EXPANSIONS:
            raise InvalidQuery(f"$expand: more than {MOST_EXPANSIONS} collections in one answer; use a smaller $top")
        name, target = expansion.navigation, ENTITY_SETS[way.target]
        if not way.many:
            found = [row] if exists(target, row) else []
            shown = await self.entities(target, found, expansion.options)
            return {name: shown[0] if shown else None}
        bounds = navigation_bounds(row, way)
        answer = await self.collection(target, bounds, expansion.options, f"{link}/{name}")
        inner = {f"{name}{key}": value for key, value in answer.items() if key != "value"}
        return {**inner, name: answer["value"]}
