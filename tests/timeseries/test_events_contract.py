"""Events in every store: their highest revision, found by every field, page by page."""

import pytest

from domain.events import Event, Severity, Status
from tests.timeseries.building import NOON_MS, event
from timeseries import EventQuery, Store


async def test_an_event_comes_back_whole(store: Store) -> None:
    sent = event(
        evidence=[{"quantity": "active_power", "value": 2.5, "observed_at_ms": NOON_MS}],
        summary={"en": 'Out: "7"\\ of 10\n100 %', "zh": "路灯不亮"}, lon=120.55, lat=31.87, department="lighting",
    )  # fmt: skip
    await store.write_events([sent])
    assert await store.fetch_event(str(sent.event_id)) == sent
    assert (await store.fetch_events(EventQuery())).items == [sent]
    assert await store.fetch_event("9e0d3bd5-0a4b-5d6e-8a37-000000000000") is None
    assert await store.fetch_event("no id at all") is None


async def test_the_highest_revision_of_an_event_is_kept_in_whatever_order_they_come(store: Store) -> None:
    first, second, third = (
        event(),
        event(revision=2, severity="critical"),
        event(revision=3, status="cleared", area=None),
    )
    await store.write_events([])
    await store.write_events([second])
    await store.write_events([first, event("other")])
    assert await store.fetch_event(str(first.event_id)) == second
    await store.write_events([third, second])
    await store.write_events([third, first])
    assert await store.fetch_event(str(first.event_id)) == third
    assert len((await store.fetch_events(EventQuery())).items) == 2


async def test_events_are_found_by_every_field_of_the_query(store: Store) -> None:
    events = {
        "a": event(subject="a", opened_at_ms=NOON_MS),
        "b": event(subject="b", opened_at_ms=NOON_MS + 1, area="320582/110"),
        "c": event(subject="c", opened_at_ms=NOON_MS + 2, area="320582/1101", severity="critical"),
        "d": event("manhole-open", "d", NOON_MS + 3, status="cleared", area=None, cleared_at_ms=NOON_MS + 9),
    }
    await store.write_events(list(events.values()))

    async def found(**fields: object) -> str:
        page = await store.fetch_events(EventQuery(**fields))  # type: ignore[arg-type]
        return "".join(event.subject for event in page.items)

    assert await found() == "dcba"
    assert await found(from_ms=NOON_MS + 1, to_ms=NOON_MS + 3) == "cb"
    assert await found(area="320582/110") == "ba"
    assert await found(area="320582") == "cba"
    assert await found(area="320582/1") == ""
    assert await found(rule="manhole-open") == "d"
    assert await found(subject="b") == "b"
    assert await found(status=Status.CLEARED) == "d"
    assert await found(severity=Severity.CRITICAL) == "c"
    assert await found(area="320582", severity=Severity.MAJOR, to_ms=NOON_MS + 1) == "a"
    assert await found(from_ms=NOON_MS, to_ms=NOON_MS) == ""


async def test_pages_hold_every_event_once_though_new_ones_arrive_in_between(store: Store) -> None:
    events = [event(subject=f"L{i}", opened_at_ms=NOON_MS + i // 3) for i in range(10)]
    await store.write_events(events)

    seen: list[Event] = []
    page = await store.fetch_events(EventQuery(limit=4))
    for newcomer in range(10):
        seen += page.items
        if page.next is None:
            break
        await store.write_events([event(subject=f"new{newcomer}", opened_at_ms=NOON_MS + 1000 + newcomer)])
        page = await store.fetch_events(EventQuery(limit=4, cursor=page.next))

    assert [event.opened_at_ms - NOON_MS for event in seen] == [3, 2, 2, 2, 1, 1, 1, 0, 0, 0]
    assert {event.subject for event in seen} == {f"L{i}" for i in range(10)}
    with pytest.raises(ValueError, match="no cursor"):
        await store.fetch_events(EventQuery(cursor="' OR 1=1"))
