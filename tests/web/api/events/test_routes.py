"""`/api/v1/events`, over the real embedded store."""

from typing import Any

import httpx
import pytest

from domain.events import Event, Severity
from domain.time.units import MINUTE_MS
from tests.web.city import NOON_MS, City, cleared, lamp, lamp_out


async def listed(api: httpx.AsyncClient, **params: Any) -> list[Event]:
    response = await api.get("/api/v1/events", params=params)
    assert response.status_code == 200, response.text
    return [Event.model_validate(entry) for entry in response.json()["items"]]


@pytest.fixture
async def events(city: City) -> list[Event]:
    """Three lamps out, newest first; the middle one is cleared, the newest critical and in another area."""
    newest = lamp_out(lamp(3, area="320582/110/1521"), NOON_MS + 2 * MINUTE_MS, Severity.CRITICAL)
    middle = cleared(lamp_out(lamp(2), NOON_MS + MINUTE_MS), NOON_MS + 9 * MINUTE_MS)
    oldest = lamp_out(lamp(1), NOON_MS)
    for event in (oldest, newest, middle):
        await city.publish(event)
    return [newest, middle, oldest]


async def test_events_come_newest_first_page_by_page(events: list[Event], api: httpx.AsyncClient) -> None:
    assert await listed(api) == events
    first = (await api.get("/api/v1/events", params={"limit": 2})).json()
    second = (await api.get("/api/v1/events", params={"limit": 2, "cursor": first["next"]})).json()
    assert [Event.model_validate(entry) for entry in first["items"] + second["items"]] == events
    assert second["next"] is None


async def test_every_filter_narrows(events: list[Event], api: httpx.AsyncClient) -> None:
    newest, middle, oldest = events
    assert await listed(api, status="open") == [newest, oldest]
    assert await listed(api, severity="critical") == [newest]
    assert await listed(api, subject="SL-0002") == [middle]
    assert await listed(api, area="320582/110/152") == [middle, oldest]
    assert await listed(api, rule="nothing") == []
    assert await listed(api, **{"from": NOON_MS, "to": NOON_MS + 2 * MINUTE_MS}) == [middle, oldest]


async def test_one_event_is_found_by_its_id(events: list[Event], api: httpx.AsyncClient) -> None:
    response = await api.get(f"/api/v1/events/{events[1].event_id}")
    assert Event.model_validate(response.json()) == events[1]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/v1/events/5f2b1c9e-0000-5000-8000-000000000000", 404, "is not known"),
        ("/api/v1/events/42", 422, "event_id"),
        ("/api/v1/events?severity=awful", 422, "severity"),
        ("/api/v1/events?cursor=nonsense", 422, "cursor"),
    ],
)
async def test_what_cannot_be_found_or_read_is_a_problem(
    path: str, status: int, said: str, api: httpx.AsyncClient
) -> None:
    response = await api.get(path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert said in response.json()["detail"]
