"""The export as the API gives it: paged, by type, valid."""

from dataclasses import replace

import httpx
import jsonschema
import pytest

from tests.web.city import NOON_MS, City, lamp
from tests.web.standards.ngsi_ld.schemas import SCHEMAS

PATH = "/api/v1/ngsi-ld/entities"


@pytest.fixture
async def lamps(city: City) -> City:
    lamps = [lamp(number) for number in range(5)]
    await city.put(*lamps, replace(lamp(7), device_id="WM-1", kind="water_monitor", profile="water_monitor"))
    await city.report_all([(one, NOON_MS, {"voltage": 229.0, "relay_closed": True}) for one in lamps])
    return city


async def test_pages_join_to_all_devices_of_the_type(lamps: City, api: httpx.AsyncClient) -> None:
    ids, cursor = [], None
    while True:
        given = {"type": "Streetlight", "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await api.get(PATH, params=given)).json()
        for entity in page["items"]:
            jsonschema.validate(entity, SCHEMAS["Streetlight"])
        ids += [entity["id"] for entity in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert ids == [f"urn:ngsi-ld:Streetlight:SL-{number:04d}" for number in range(5)]


async def test_a_device_that_told_nothing_of_the_model_is_not_there(lamps: City, api: httpx.AsyncClient) -> None:
    assert (await api.get(PATH, params={"type": "FloodMonitoring"})).json() == {"items": [], "next": None}


@pytest.mark.parametrize("query", [{}, {"type": "Lamp"}, {"type": "Streetlight", "cursor": "?"}])
async def test_an_unknown_type_or_cursor_is_refused(lamps: City, api: httpx.AsyncClient, query: dict[str, str]) -> None:
    assert (await api.get(PATH, params=query)).status_code == 422
