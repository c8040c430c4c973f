"""One page of a collection: bounded by registry and store, judged, ordered, counted, with the place of the next page."""

import heapq
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from domain.quantities.catalogue import CATALOGUE
from timeseries.queries.readings import ReadingQuery, StoredReading
from timeseries.queries.samples import Sample
from web.standards.sta.entities.sets import EntitySet, exists
from web.standards.sta.entities.views import Row
from web.standards.sta.query.evaluation import evaluate, holds, sort_key
from web.standards.sta.query.expressions import InvalidQuery, Path, paths_of
from web.standards.sta.query.options import Options
from web.standards.sta.retrieval.bounds import Bounds, bounds_of
from web.standards.sta.retrieval.properties import IDS, values_of
from web.standards.sta.retrieval.source import Source, is_covered, reading_query

MOST_JUDGED: Final = 50_000
"""So many readings are judged one by one for a page; then it ends, short of its size, with a link to go on."""
MOST_COUNTED: Final = 200_000


@dataclass(frozen=True, slots=True)
class Found:
    """A page's rows, the query of the next one (None on the last), and how many there are in all where that was asked."""

    rows: list[Row]
    next: str | None = None
    count: int | None = None


async def collect(source: Source, entity_set: EntitySet, bounds: Bounds, options: Options) -> Found:
    """The page that the options ask for, of the entities within the bounds. Raises: InvalidQuery."""
    if options.filter is not None:
        bounds = bounds & bounds_of(options.filter, entity_set.name)
    collection = _Collection(source, entity_set, bounds, options)
    count = await collection.count() if options.count else None
    if options.top == 0:
        return Found([], None, count)
    if entity_set.name == "Observations":
        found = await collection.readings()
    elif _is_by_id(options):
        found = await collection.by_id()
    else:
        found = await collection.ordered()
    return replace(found, count=count)


class _Collection:
    def __init__(self, source: Source, entity_set: EntitySet, bounds: Bounds, options: Options) -> None:
        self._source = source
        self._set = entity_set
        self._bounds = bounds
        self._options = options
        self._filter = options.filter
        self._covered = options.filter is None or is_covered(entity_set.name, bounds)
        self._paths = paths_of(options.filter) if options.filter is not None else set[Path]()

    async def count(self) -> int:
        if self._set.name == "Observations":
            return await self._count_readings()
        if self._set.name == "Things" and self._covered:
            count = await self._source.count_devices(self._bounds)
            if count is not None:
                return count
        return sum([1 async for _ in self._matching(None, 0)])

    async def by_id(self) -> Found:
        """The page behind `$skiptoken`, without reading on."""
        options = self._options
        rows: list[Row] = []
        skip = options.skip
        async for row in self._matching(options.skiptoken, skip + options.top if self._covered else 0):
            if skip > 0:
                skip -= 1
            elif len(rows) == options.top:
                return Found(rows, options.next_query(skiptoken=self._set.identify(rows[-1])))
            else:
                rows.append(row)
        return Found(rows)

    async def ordered(self) -> Found:
        """The page in an order of its own: all are looked at, as many kept as come before its end."""
        options = self._options
        end = options.skip + options.top
        paths = {path for what, _ in options.orderby for path in paths_of(what)}
        keyed = []
        async for row in self._matching(None, 0):
            values = await values_of(paths, row, self._set, self._source)
            key = tuple(_Key(sort_key(evaluate(what, values)), down) for what, down in options.orderby)
            keyed.append(((*key, self._set.identify(row)), row))
            if len(keyed) > 4 * end + 1000:
                keyed = heapq.nsmallest(end + 1, keyed, key=lambda pair: pair[0])
        first = heapq.nsmallest(end + 1, keyed, key=lambda pair: pair[0])
        rows = [row for _, row in first[options.skip : end]]
        return Found(rows, options.next_query(skip=end) if len(first) > end else None)

    async def readings(self) -> Found:
        options = self._options
        by, descending = _reading_order(options)
        after = _read_token(options.skiptoken) if options.skiptoken is not None else None
        query = replace(reading_query(self._bounds), by=by, descending=descending, after=after)
        if not self._covered:
            return await self._judged_readings(query)
        rows = await self._source.readings(replace(query, skip=options.skip, limit=options.top + 1))
        if len(rows) <= options.top:
            return Found(rows)
        return Found(rows[:-1], options.next_query(skiptoken=_token(rows[-2])))

    async def _judged_readings(self, query: ReadingQuery) -> Found:
        options = self._options
        rows: list[Row] = []
        judged, skip = 0, options.skip
        async for page in self._source.all_readings(query):
            for row in page:
                if not await self._holds(row):
                    continue
                if skip > 0:
                    skip -= 1
                elif len(rows) == options.top:
                    return Found(rows, options.next_query(skiptoken=_token(rows[-1])))
                else:
                    rows.append(row)
            judged += len(page)
            if judged >= MOST_JUDGED:
                left = {"skip": skip} if skip else {}
                return Found(rows, options.next_query(skiptoken=_token(page[-1]), **left))
        return Found(rows)

    async def _count_readings(self) -> int:
        query = reading_query(self._bounds)
        if self._covered:
            return await self._source.count_readings(query)
        count = judged = 0
        async for page in self._source.all_readings(query):
            judged += len(page)
            if judged > MOST_COUNTED:
                raise InvalidQuery("$count: too many observations to judge; bound phenomenonTime, or leave $count out")
            count += sum([await self._holds(row) for row in page])
        return count

    async def _matching(self, after: str | None, page: int) -> AsyncIterator[Row]:
        async for row in self._source.rows(self._set.name, self._bounds, after, page):
            if exists(self._set, row) and (self._covered or await self._holds(row)):
                yield row

    async def _holds(self, row: Row) -> bool:
        if self._filter is None:
            return True
        return holds(self._filter, await values_of(self._paths, row, self._set, self._source))


class _Key:
    """A sort key that may be turned round."""

    __slots__ = ("descending", "key")

    def __init__(self, key: Any, descending: bool) -> None:
        self.key = key
        self.descending = descending

    def __lt__(self, other: "_Key") -> bool:
        return bool(other.key < self.key) if self.descending else bool(self.key < other.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and bool(self.key == other.key)

    __hash__ = None  # type: ignore[assignment]


def _is_by_id(options: Options) -> bool:
    return not options.orderby or (
        len(options.orderby) == 1 and not options.orderby[0][1] and _only_name(options.orderby[0][0]) in IDS
    )


def _reading_order(options: Options) -> tuple[Literal["time", "value"], bool]:
    """By what the store orders, and whether from high to low. The ids break ties, whether they are named or not."""
    if not options.orderby:
        return "time", False
    (what, descending), *more = options.orderby
    name = _only_name(what)
    ties = {"phenomenonTime", "resultTime", *IDS}
    if name in ("phenomenonTime", "resultTime", "result", *IDS) and all(
        _only_name(tie) in ties and down == descending for tie, down in more
    ):
        return "value" if name == "result" else "time", descending
    raise InvalidQuery("$orderby: Observations can be ordered by phenomenonTime or by result, asc or desc")


def _only_name(what: Any) -> str | None:
    return what.names[0] if isinstance(what, Path) and len(what.names) == 1 else None


def _token(row: Row) -> str:
    assert row.reading is not None
    reading = row.reading
    return f"{reading.sample.observed_at_ms}~{reading.sample.value!r}~{reading.device_id}~{reading.quantity}"


def _read_token(text: str) -> StoredReading:
    try:
        instant, value, device_id, quantity = text.split("~")
        if quantity in CATALOGUE and abs(int(instant)) < 10**14:
            return StoredReading(device_id, quantity, Sample(int(instant), float(value)))
    except ValueError:
        pass
    raise InvalidQuery("$skiptoken: follow @iot.nextLink as it came")
