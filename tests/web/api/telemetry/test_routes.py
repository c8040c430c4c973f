"""`/api/v1/devices/{id}/telemetry`, over the real embedded store."""

from typing import Any

import httpx
import pytest

from domain.time.units import MINUTE_MS
from tests.web.city import NOON_MS, City, lamp

URL = "/api/v1/devices/SL-0007/telemetry"


@pytest.fixture
async def readings(city: City) -> None:
    """Ten reports, one a minute from noon: power 0 to 9 W, the voltage only in every second one."""
    device = lamp(7)
    await city.put(device)
    for i in range(10):
        voltage = {"voltage": 230.0 + i} if i % 2 == 0 else {}
        await city.report(device, NOON_MS + i * MINUTE_MS, active_power=float(i), lamp_failure=i > 5, **voltage)


async def items(api: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    response = await api.get(URL, params=params)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


@pytest.mark.usefixtures("readings")
async def test_readings_come_by_quantity_then_time_in_their_own_type(api: httpx.AsyncClient) -> None:
    found = await items(api)
    assert [(i["quantity"], i["observed_at_ms"]) for i in found] == sorted(
        (i["quantity"], i["observed_at_ms"]) for i in found
    )
    assert [i["value"] for i in found if i["quantity"] == "active_power"] == [float(i) for i in range(10)]
    assert [i["value"] for i in found if i["quantity"] == "lamp_failure"] == [False] * 6 + [True] * 4
    assert len([i for i in found if i["quantity"] == "voltage"]) == 5


@pytest.mark.usefixtures("readings")
@pytest.mark.parametrize(
    ("from_", "to"),
    [
        (str(NOON_MS + 2 * MINUTE_MS), str(NOON_MS + 5 * MINUTE_MS)),
        ("2025-11-21T12:02:00+08:00", "2025-11-21T04:05:00Z"),
        ("2025-11-21T12:02:00 08:00", "2025-11-21T04:05:00.000Z"),
    ],
)
async def test_a_range_holds_its_beginning_and_not_its_end(from_: str, to: str, api: httpx.AsyncClient) -> None:
    found = await items(api, quantity="active_power", **{"from": from_, "to": to})
    assert [i["value"] for i in found] == [2.0, 3.0, 4.0]


@pytest.mark.usefixtures("readings")
@pytest.mark.parametrize("limit", [1, 4, 9, 25, 100])
async def test_pages_joined_are_the_whole(limit: int, api: httpx.AsyncClient) -> None:
    whole = await items(api)
    joined: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get(URL, params={"limit": limit, **cursor})).json()
        joined += page["items"]
        assert len(page["items"]) <= limit
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert joined == whole


@pytest.mark.usefixtures("readings")
async def test_intervals_tell_mean_low_and_high(api: httpx.AsyncClient) -> None:
    found = await items(api, quantity="active_power", every="5m")
    assert [(i["start_ms"], i["mean"], i["low"], i["high"], i["count"]) for i in found] == [
        (NOON_MS, 2.0, 0.0, 4.0, 5),
        (NOON_MS + 5 * MINUTE_MS, 7.0, 5.0, 9.0, 5),
    ]


@pytest.mark.usefixtures("readings")
@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"from": "yesterday"}, "from: Invalid isoformat string"),
        ({"from": "2025-11-21T12:02:00"}, "has no UTC offset"),
        ({"from": "20", "to": "10"}, "`from` must be before `to`"),
        ({"every": "soon"}, "every: 'soon' is not a duration"),
        ({"every": "100ms"}, "every: '100ms' is shorter than 1s"),
        ({"every": "1s", "from": "0", "to": str(NOON_MS)}, "choose a longer `every`"),
        ({"cursor": "nonsense"}, "cursor: 'nonsense' was not given by this list"),
        ({"limit": "0"}, "limit: Input should be greater than or equal to 1"),
    ],
)
async def test_a_question_that_cannot_be_meant_is_refused(
    params: dict[str, str], said: str, api: httpx.AsyncClient
) -> None:
    response = await api.get(URL, params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert said in response.json()["detail"]
    assert response.json()["errors"][0]["where"] in params
