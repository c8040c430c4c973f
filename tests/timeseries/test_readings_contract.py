"""Readings of many devices, in order and page by page, from every store."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.time.units import MINUTE_MS
from tests.timeseries.building import NOON_MS, report, write
from timeseries import Sample, Store
from timeseries.queries.readings import ReadingQuery, StoredReading


@pytest.fixture
async def store(store: Store) -> Store:
    """The store of every contract suite, with readings in it."""
    reports = [
        report({"voltage": 220.0 + n, "active_power": 10.0 * n, "relay_closed": n % 2 == 0}, at_ms, f"L{n}")
        for at_ms in (NOON_MS, NOON_MS + MINUTE_MS)
        for n in range(5)
    ]
    marked = report({"voltage": 999.0}, NOON_MS + 2 * MINUTE_MS, "L1", quality={"voltage": "bad"}, message_id="7")
    await write(store, *reports, marked)
    return store


def places(readings: Sequence[StoredReading]) -> list[tuple[int, str, str]]:
    return [((r.sample.observed_at_ms - NOON_MS) // MINUTE_MS, r.device_id, r.quantity) for r in readings]


async def all_pages(store: Store, query: ReadingQuery) -> list[StoredReading]:
    found: list[StoredReading] = []
    while page := await store.fetch_readings(query):
        assert len(page) <= query.limit
        found += page
        query = replace(query, after=page[-1])
    return found


async def test_readings_come_by_time_then_device_then_quantity(store: Store) -> None:
    found = places(await store.fetch_readings(ReadingQuery()))
    assert len(found) == 31
    assert found == sorted(found)


async def test_a_reading_brings_its_quality_and_what_came_with_it(store: Store) -> None:
    (found,) = await store.fetch_readings(ReadingQuery(from_ms=NOON_MS + 2 * MINUTE_MS))
    at_ms = NOON_MS + 2 * MINUTE_MS
    assert found == StoredReading("L1", "voltage", Sample(at_ms, 999.0, "bad", at_ms + 287, "7"))
    (good,) = await store.fetch_readings(ReadingQuery(NOON_MS, NOON_MS + 1, ("L2",), ("voltage",)))
    assert good == StoredReading("L2", "voltage", Sample(NOON_MS, 222.0, None, NOON_MS + 287, None))


@pytest.mark.parametrize("by", ["time", "value"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 4, 31])
async def test_pages_join_to_the_whole_and_no_reading_is_on_two(
    store: Store, by: str, descending: bool, limit: int
) -> None:
    query = ReadingQuery(by=by, descending=descending, limit=1000)  # type: ignore[arg-type]
    whole = list(await store.fetch_readings(query))
    assert await all_pages(store, replace(query, limit=limit)) == whole
    order = [(r.sample.value, *places([r])[0]) if by == "value" else places([r])[0] for r in whole]
    assert order == sorted(order, reverse=descending)


async def test_bounds_of_time_are_half_open_and_values_are_compared_in_the_store(store: Store) -> None:
    at_noon = ReadingQuery(NOON_MS, NOON_MS + MINUTE_MS, quantities=("voltage",))
    assert len(await store.fetch_readings(at_noon)) == 5
    high = replace(at_noon, values=((">=", 221.0), ("<", 223.0)))
    assert places(await store.fetch_readings(high)) == [(0, "L1", "voltage"), (0, "L2", "voltage")]
    assert await store.count_readings(high) == 2
    assert places(await store.fetch_readings(replace(at_noon, skip=3))) == [(0, "L3", "voltage"), (0, "L4", "voltage")]


async def test_counting_ignores_the_page(store: Store) -> None:
    (first,) = await store.fetch_readings(ReadingQuery(limit=1))
    assert await store.count_readings(ReadingQuery(limit=1, skip=7, after=first)) == 31
    assert await store.count_readings(ReadingQuery(device_ids=("L9",))) == 0
    assert await store.count_readings(ReadingQuery(device_ids=())) == 0
    assert await store.fetch_readings(ReadingQuery(quantities=())) == []
