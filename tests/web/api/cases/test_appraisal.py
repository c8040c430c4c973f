"""`/api/v1/appraisal`: the figures of the desk, to whom they are."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.time.units import HOUR_MS
from tests.web.city import NOON_MS, City
from tests.web.desk import DRAINAGE, ELSEWHERE, LIGHTING, SEEN, VIEWER, Desk, client, open_desk
from web.gate.access import LOCAL

PATH = "/api/v1/appraisal"


@pytest.fixture
def desk(city: City, tmp_path: Path, database_url: str) -> Desk:
    return open_desk(city, tmp_path, database_url)


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client(desk.app()) as opened:
        for department in ("drainage", "drainage", "lighting"):
            await led(opened, department)
        desk.now_ms += HOUR_MS
        yield opened


async def led(api: httpx.AsyncClient, department: str) -> None:
    case = (await api.post("/api/v1/cases", json=SEEN)).json()
    term = {"unit": "hour", "amount": 6}
    steps: tuple[tuple[str, dict[str, Any]], ...] = (
        ("dispatch", {"department": department, "term": term}), ("take", {}), ("handle", {"note": "put back"}),
    )  # fmt: skip
    for transition, more in steps:
        path = f"/api/v1/cases/{case['number']}/transitions"
        answer = await api.post(path, json={"transition": transition, **more})
        assert answer.status_code == 200, answer.text


async def found(api: httpx.AsyncClient, **query: Any) -> Any:
    answer = await api.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_without_a_period_it_is_the_month_so_far(api: httpx.AsyncClient, desk: Desk) -> None:
    body = await found(api)
    assert (body["to_ms"], body["from_ms"] <= NOON_MS) == (desk.now_ms, True)
    share = body["whole"]["rates"]["on_time_handling"]
    assert (share["counted"], share["among"], share["value"]) == (3, 3, 1.0)
    assert share["low"] == pytest.approx(0.438, abs=1e-3)
    assert body["whole"]["rates"]["rework"]["value"] is None
    assert list(body["parts"]) == ["department", "area", "problem", "source"]


async def test_it_is_parted_and_bounded_as_asked(api: httpx.AsyncClient) -> None:
    body = await found(api, by="department", department="drainage")
    assert [part["name"] for part in body["parts"]["department"]] == ["drainage"]
    assert body["whole"]["counts"]["handled"] == 2
    assert (await found(api, area="320582/110"))["whole"]["counts"]["handled"] == 3
    assert (await found(api, area="320582/11"))["whole"]["counts"]["handled"] == 0
    areas = (await found(api, by="area", area_level=3))["parts"]["area"]
    assert [part["name"] for part in areas] == ["320582/110/152"]


async def test_everybody_sees_what_is_theirs(api: httpx.AsyncClient, desk: Desk) -> None:
    for actor, handled in ((LOCAL.actor, 3), (VIEWER, 3), (DRAINAGE, 2), (LIGHTING, 1), (ELSEWHERE, 0)):
        desk.actor = actor
        assert (await found(api))["whole"]["counts"]["handled"] == handled
    desk.actor = LIGHTING
    assert (await found(api, department="drainage"))["whole"]["counts"]["handled"] == 0


async def test_the_csv_and_the_page_say_the_same(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{PATH}.csv", params={"by": "department"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    read = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [(row["by"], row["name"], row["handled"]) for row in read] == [
        ("all", "", "3"), ("department", "drainage", "2"), ("department", "lighting", "1"),
    ]  # fmt: skip
    page = await api.get(f"{PATH}.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"].startswith("default-src 'self'; script-src 'none'")
    assert "3 of 3; 95 %: 44–100 %" in page.text


async def test_a_period_that_ends_before_it_begins_or_has_not_begun_is_refused(api: httpx.AsyncClient) -> None:
    for query in ({"from": "5", "to": "5"}, {"from": str(NOON_MS * 2)}, {"from": "-5"}, {"to": str(10**18)}):
        answer = await api.get(PATH, params=query)
        assert answer.status_code == 422, query
        assert answer.headers["content-type"] == "application/problem+json"


async def test_the_future_does_not_count(api: httpx.AsyncClient, desk: Desk) -> None:
    body = await found(api, to=str(NOON_MS + 1000 * HOUR_MS))
    assert (body["to_ms"], body["whole"]["counts"]["overdue"]) == (desk.now_ms, 0)
