"""`/api/v1/notifications`: dead letters are seen and sent again, and everybody says how they want to be told."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from cases.notification import NotificationService
from tests.web.city import City
from tests.web.desk import OPERATOR, Desk, client, open_desk

PATH = "/api/v1/notifications"


@pytest.fixture
def desk(city: City, tmp_path: Path) -> Desk:
    return open_desk(city, tmp_path, f"sqlite:///{tmp_path / 'cases.db'}")


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client(desk.app()) as opened:
        yield opened


async def test_nothing_was_told_yet(api: httpx.AsyncClient) -> None:
    answer = await api.get(PATH, params={"standing": "dead"})
    assert answer.status_code == 200
    assert (answer.json()["items"], answer.json()["next"]) == ([], None)


async def test_a_retry_of_what_is_not_dead_does_nothing(api: httpx.AsyncClient) -> None:
    for body in ({}, {"ids": [str(uuid4())]}):
        answer = await api.post(f"{PATH}/retry", json=body)
        assert (answer.status_code, answer.json()) == (200, {"messages": 0})


async def test_a_preference_is_kept_and_a_bad_one_is_refused(api: httpx.AsyncClient, desk: Desk) -> None:
    wish = {"channels": ["mail"], "language": "zh", "quiet_hours": None, "group_for_ms": 60_000}
    assert (await api.put(f"{PATH}/preferences/olga", json=wish)).status_code == 200
    assert (await api.get(f"{PATH}/preferences/olga")).json() == wish
    assert NotificationService(desk.services.store).preference("olga").group_for_ms == 60_000
    refused = await api.put(f"{PATH}/preferences/olga", json={"quiet_hours": ["Mon-Sun 00:00-24:00"]})
    assert refused.status_code == 422
    assert "no hour" in refused.text


async def test_another_person_s_wishes_are_not_mine_to_read(desk: Desk, city: City) -> None:
    desk.actor = OPERATOR
    async with client(desk.app()) as opened:
        assert (await opened.get(f"{PATH}/preferences/dima")).status_code == 403
        assert (await opened.put(f"{PATH}/preferences/dima", json={})).status_code == 403
        assert (await opened.get(f"{PATH}/preferences/{OPERATOR.name}")).status_code == 200
