"""`/api/v1/devices`, over the real embedded store."""

import httpx
import pytest

from domain.devices import Device, DeviceState
from domain.events import Event
from domain.time.units import MINUTE_MS
from tests.web.city import NOON_MS, City, cleared, lamp, lamp_out

CSV = {"content-type": "text/csv"}
COLUMNS = ",".join(
    ("device_id", "kind", "profile", "name", "area", "lon", "lat", "parent_id", "component_code", "department",
     "report_interval_s", "dev_eui", "mn", "attributes")
)  # fmt: skip
NO_KIND = "kind 'submarine' is not known; use one of streetlight, manhole_cover, water_monitor, cabinet, gateway"
NO_PROFILE = "profile 'submarine' is not known; use a known one, or leave it empty for 'submarine'"


def csv(*kinds: tuple[str, str]) -> str:
    """A devices file with a row for each (device id, kind)."""
    rows = (f"{device_id},{kind}{',' * 12}" for device_id, kind in kinds)
    return "\n".join((COLUMNS, *rows, ""))


def ids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [item["device_id"] for item in response.json()["items"]]


async def test_pages_of_devices_hold_each_once_in_order(city: City, api: httpx.AsyncClient) -> None:
    await city.put(*(lamp(i) for i in range(7)))
    seen: list[str] = []
    cursor = None
    while True:
        response = await api.get("/api/v1/devices", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        seen += ids(response)
        cursor = response.json()["next"]
        if cursor is None:
            break
    assert seen == [f"SL-{i:04d}" for i in range(7)]


async def test_every_filter_reaches_the_registry(city: City, api: httpx.AsyncClient) -> None:
    await city.put(
        lamp(1, area="320582/110/150"),
        lamp(2, area="320582/110/1501"),
        Device("MC-1", "manhole_cover", "manhole_cover", state=DeviceState.SUSPENDED, department="drainage"),
    )
    assert ids(await api.get("/api/v1/devices", params={"area": "320582/110/150"})) == ["SL-0001"]
    assert ids(await api.get("/api/v1/devices", params={"kind": "manhole_cover"})) == ["MC-1"]
    assert ids(await api.get("/api/v1/devices", params={"state": "suspended"})) == ["MC-1"]
    assert ids(await api.get("/api/v1/devices", params={"department": "lighting", "text": "lamp 2"})) == ["SL-0001"]


async def test_a_device_comes_with_its_newest_readings_and_open_events(city: City, api: httpx.AsyncClient) -> None:
    device = lamp(7)
    await city.put(device)
    await city.report(device, NOON_MS, active_power=96.5, lamp_failure=False)
    await city.report(device, NOON_MS + MINUTE_MS, active_power=1.5, lamp_failure=True)
    ended = lamp_out(device, NOON_MS - 60 * MINUTE_MS)
    await city.publish(cleared(ended, NOON_MS - 30 * MINUTE_MS))
    event = lamp_out(device, NOON_MS)
    await city.publish(event)

    told = (await api.get("/api/v1/devices/SL-0007")).json()
    assert (told["device_id"], told["area"], told["report_interval_s"]) == ("SL-0007", device.area, 60)
    assert told["last_heard_ms"] == NOON_MS + MINUTE_MS
    assert told["latest"]["active_power"] == {
        "value": 1.5,
        "unit": "W",
        "observed_at_ms": NOON_MS + MINUTE_MS,
        "quality": None,
    }
    assert told["latest"]["lamp_failure"]["value"] is True
    assert [Event.model_validate(entry) for entry in told["open_events"]] == [event]


async def test_a_device_never_heard_has_no_readings(city: City, api: httpx.AsyncClient) -> None:
    await city.put(lamp(1))
    told = (await api.get("/api/v1/devices/SL-0001")).json()
    assert (told["last_heard_ms"], told["latest"], told["open_events"]) == (None, {}, [])


async def test_an_unknown_device_is_a_problem_document(api: httpx.AsyncClient) -> None:
    response = await api.get("/api/v1/devices/SL-9999")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:urbansense:problem:not-found",
        "title": "Not Found",
        "status": 404,
        "detail": "device 'SL-9999' is not known",
        "instance": "/api/v1/devices/SL-9999",
    }


async def test_an_import_stores_its_devices(city: City, api: httpx.AsyncClient) -> None:
    text = "\ufeff" + csv(("SL-1", "streetlight"), ("MC-1", "manhole_cover"))
    response = await api.post("/api/v1/devices/import", content=text.encode(), headers=CSV)
    assert response.json() == {"added": 2, "changed": 0, "unchanged": 0, "errors": []}
    assert city.device_ids() == ["MC-1", "SL-1"]


async def test_one_bad_row_refuses_the_file_and_names_its_place(city: City, api: httpx.AsyncClient) -> None:
    text = csv(("SL-1", "streetlight"), ("X-1", "submarine"))
    response = await api.post("/api/v1/devices/import", content=text, headers=CSV)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["errors"] == [
        {"where": "line 3, kind", "detail": NO_KIND},
        {"where": "line 3, profile", "detail": NO_PROFILE},
    ]
    assert city.device_ids() == []


async def test_bad_rows_can_be_skipped(city: City, api: httpx.AsyncClient) -> None:
    text = csv(("SL-1", "streetlight"), ("X-1", "submarine"))
    response = await api.post("/api/v1/devices/import", params={"skip_bad": True}, content=text, headers=CSV)
    assert response.status_code == 200
    assert response.json()["errors"] == [
        {"line": 3, "column": "kind", "detail": NO_KIND},
        {"line": 3, "column": "profile", "detail": NO_PROFILE},
    ]
    assert city.device_ids() == ["SL-1"]


@pytest.mark.parametrize(
    ("content", "content_type", "status", "said"),
    [
        (b"a", "application/x-www-form-urlencoded", 415, "send the body as text/csv"),
        (b"device_id,kind\n\xff,x\n", "text/csv", 422, "not UTF-8 at byte 15"),
    ],
)
async def test_a_body_that_is_no_csv_text_is_refused(
    content: bytes, content_type: str, status: int, said: str, api: httpx.AsyncClient
) -> None:
    response = await api.post("/api/v1/devices/import", content=content, headers={"content-type": content_type})
    assert response.status_code == status
    assert said in response.json()["detail"]
