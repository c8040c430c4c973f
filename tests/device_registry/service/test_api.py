"""The registry over HTTP: the real tables on each database, the embedded log and store, the routes of the web."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from device_registry.lookup.following import FollowingLookup
from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.directory import RegistryDirectory
from device_registry.service.registry import RegistryService
from device_registry.storage.registry import Registry
from domain.rejections import Reason
from domain.time.units import HOUR_MS
from domain.topics import REJECTION_HEADERS, Topics
from ingest.rejections.tail import RejectedTail
from streams.ports import Outgoing
from streams.reading.tables import latest_by_key
from streams.sqlite.log import SQLiteLog
from tests.device_registry.samples import CABINET, LAMP, NOW_MS, lamp
from tests.web.city import City, open_city
from web.serving.app import create_app

DEVICES = "/api/v1/devices"
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[120.0, 31.0], [121.0, 31.0], [121.0, 32.0], [120.0, 32.0], [120.0, 31.0]]],
}
BODY = {
    "device_id": "SL-9", "kind": "streetlight", "name": "路灯 9", "area": "320582/110", "lon": 120.5, "lat": 31.8,
    "grid": "320582110152102", "parent_id": "CAB-1", "owner": "城投", "maintainer": "养护一队", "tags": ["new", "led"],
    "component_code": "3205820118000009", "component_scheme": "GB/T 30428.2", "attributes": {"nominal_power": 100},
    "identities": {"imei": "861234"}, "sparkplug": "city/edge-1/SL-9",
}  # fmt: skip


@dataclass
class Desk:
    """The API and what stands behind it."""

    api: httpx.AsyncClient
    registry: Registry
    log: SQLiteLog
    topics: Topics
    city: City
    now_ms: int = NOW_MS


@pytest.fixture
async def desk(
    registry: Registry, log: SQLiteLog, topics: Topics, tmp_path: Path, migrated: Path
) -> AsyncIterator[Desk]:
    publisher = RegistryPublisher(registry, log, topics)
    opened: Desk

    async def now_ms() -> int:
        return opened.now_ms

    directory = RegistryDirectory(registry, FollowingLookup(topics))
    records = RegistryService(registry, publisher, RejectedTail(log, topics), now_ms)
    async with open_city(tmp_path / "city", migrated) as city:
        services = city.services()
        services = replace(services, registry=replace(services.registry, directory=directory, records=records))
        transport = httpx.ASGITransport(app=create_app(services), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
            opened = Desk(api, registry, log, topics, city)
            yield opened
    await publisher.close()


async def _put(desk: Desk, *bodies: dict[str, Any]) -> None:
    for body in ({"device_id": "CAB-1", "kind": "cabinet"}, *bodies):
        answer = await desk.api.put(f"{DEVICES}/{body['device_id']}", json=body)
        assert answer.status_code == 200, answer.text


async def _ids(desk: Desk, **query: Any) -> list[str]:
    answer = await desk.api.get(DEVICES, params=query)
    assert answer.status_code == 200, answer.text
    return [item["device_id"] for item in answer.json()["items"]]


class TestEditing:
    async def test_a_registered_device_is_told_whole_and_stands_on_the_topic(self, desk: Desk) -> None:
        await _put(desk)
        answer = await desk.api.post(DEVICES, json=BODY, headers={"X-Author": "li"})

        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{DEVICES}/SL-9"
        assert answer.headers["etag"] == '"1"'
        told = (await desk.api.get(f"{DEVICES}/SL-9")).json()
        assert {name: told[name] for name in BODY} == {**BODY, "tags": ["led", "new"]}
        assert (told["profile"], told["report_interval_s"], told["state"]) == ("streetlight", 600, "active")
        assert told["component"] == {"zh": "路灯", "en": "Street lamp"}
        assert (told["created_at_ms"], told["activated_at_ms"]) == (NOW_MS, NOW_MS)
        standing = orjson.loads((await latest_by_key(desk.log, desk.topics.registry))[b"SL-9"].value or b"")
        assert (standing["grid"], standing["sparkplug"]) == ("320582110152102", "city/edge-1/SL-9")
        assert "owner" not in standing

    async def test_a_device_is_registered_once(self, desk: Desk) -> None:
        await _put(desk)
        answer = await desk.api.post(DEVICES, json={"device_id": "CAB-1", "kind": "cabinet"})

        assert (answer.status_code, answer.json()["type"]) == (409, "urn:urbansense:problem:exists")

    async def test_an_editor_who_saw_an_older_version_is_refused_and_changes_nothing(self, desk: Desk) -> None:
        await _put(desk)
        seen = (await desk.api.get(f"{DEVICES}/CAB-1")).headers["etag"]
        first = await desk.api.patch(f"{DEVICES}/CAB-1", json={"name": "A"}, headers={"If-Match": seen})
        late = await desk.api.patch(f"{DEVICES}/CAB-1", json={"name": "B"}, headers={"If-Match": seen})
        whole = {"device_id": "CAB-1", "kind": "cabinet", "name": "C"}
        put = await desk.api.put(f"{DEVICES}/CAB-1", json=whole, headers={"If-Match": seen})
        gone = await desk.api.delete(f"{DEVICES}/CAB-1", headers={"If-Match": seen})

        assert (first.status_code, first.headers["etag"]) == (200, '"2"')
        for refused in (late, put, gone):
            assert refused.status_code == 412
            assert refused.json()["type"] == "urn:urbansense:problem:version-conflict"
        assert (await desk.api.get(f"{DEVICES}/CAB-1")).json()["name"] == "A"
        bad = await desk.api.patch(f"{DEVICES}/CAB-1", json={}, headers={"If-Match": "soon"})
        assert bad.status_code == 422

    async def test_a_patch_changes_what_it_names_and_null_empties(self, desk: Desk) -> None:
        await _put(desk, BODY)
        patch = {"owner": None, "tags": ["old"], "attributes": {"nominal_power": None, "pole": 8.5}, "name": "x"}
        told = (await desk.api.patch(f"{DEVICES}/SL-9", json=patch)).json()

        assert (told["owner"], told["tags"], told["attributes"], told["name"]) == (None, ["old"], {"pole": 8.5}, "x")
        assert (told["maintainer"], told["grid"]) == ("养护一队", "320582110152102")

    @pytest.mark.parametrize(
        ("patch", "where", "told"),
        [
            ({"lon": 31.8, "lat": 120.5}, "lat", "wrong order"),
            ({"lat": 95}, "lat", "not between -90 and 90"),
            ({"parent_id": "SL-8"}, "parent_id", "on which no 'streetlight' hangs"),
            ({"parent_id": "nobody"}, "parent_id", "neither in the registry"),
            ({"profile": "nobody"}, "profile", "is not known"),
            ({"component_code": "3205820199000009"}, "component_code", "subclass 0199"),
            ({"grid": "123"}, "grid", "15 digits"),
            ({"tags": ["two words"]}, "tags", "is no tag"),
            ({"sparkplug": "edge"}, "sparkplug", "group/edge"),
            ({"state": "registered"}, "state", "cannot follow active"),
            ({"state": "asleep"}, "state", "Input should be"),
            ({"colour": "red"}, "colour", "not permitted"),
            ({"device_id": "SL-10"}, "device_id", "keeps its id"),
        ],
    )
    async def test_what_cannot_be_is_refused_with_its_field(
        self, desk: Desk, patch: dict[str, Any], where: str, told: str
    ) -> None:
        await _put(desk, {**BODY, "device_id": "SL-8", "sparkplug": None}, BODY)
        answer = await desk.api.patch(f"{DEVICES}/SL-9", json=patch)

        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        faults = {fault["where"]: fault["detail"] for fault in answer.json()["errors"]}
        assert told in faults[where]
        assert (await desk.api.get(f"{DEVICES}/SL-9")).json()["version"] == 1

    async def test_a_removed_device_is_gone_but_its_history_stays(self, desk: Desk) -> None:
        await _put(desk, BODY)
        assert (await desk.api.delete(f"{DEVICES}/CAB-1")).status_code == 422
        assert (await desk.api.delete(f"{DEVICES}/SL-9", headers={"X-Author": "li"})).status_code == 204
        assert (await desk.api.delete(f"{DEVICES}/SL-9")).status_code == 404

        assert (await desk.api.get(f"{DEVICES}/SL-9")).status_code == 404
        changes = (await desk.api.get(f"{DEVICES}/SL-9/history")).json()["items"]
        assert [(change["action"], change["author"]) for change in changes] == [("removed", "li"), ("created", "api")]
        assert b"SL-9" not in await latest_by_key(desk.log, desk.topics.registry)


class TestHistory:
    async def test_it_says_who_changed_what_and_when_and_pages_on(self, desk: Desk) -> None:
        await _put(desk, BODY)
        for number, state in enumerate(("suspended", "active", "retired")):
            desk.now_ms = NOW_MS + number
            answer = await desk.api.patch(f"{DEVICES}/SL-9", json={"state": state}, headers={"X-Author": f"p{number}"})
            assert answer.status_code == 200, answer.text

        seen, cursor = [], None
        while True:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await desk.api.get(f"{DEVICES}/SL-9/history", params=query)).json()
            seen += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert [change["author"] for change in seen] == ["p2", "p1", "p0", "api"]
        assert seen[0]["changes"] == {"state": {"old": "active", "new": "retired"}}
        assert seen[1]["changes"]["activated_at_ms"] == {"old": NOW_MS, "new": NOW_MS + 1}
        assert [change["at_ms"] for change in seen[:3]] == [NOW_MS + 2, NOW_MS + 1, NOW_MS]
        created = seen[3]["changes"]
        assert created["owner"] == {"old": None, "new": "城投"}
        assert "department" not in created
        assert (await desk.api.get(f"{DEVICES}/nobody/history")).status_code == 404
        assert (await desk.api.get(f"{DEVICES}/SL-9/history", params={"cursor": "x"})).status_code == 422

    async def test_what_changed_nothing_is_not_noted(self, desk: Desk) -> None:
        await _put(desk, BODY)
        await _put(desk, BODY)

        assert len((await desk.api.get(f"{DEVICES}/SL-9/history")).json()["items"]) == 1
        assert len((await desk.api.get(f"{DEVICES}/history")).json()["items"]) == 2


class TestSearch:
    @pytest.fixture(autouse=True)
    async def _registered(self, desk: Desk) -> None:
        places = {1: (120.5500, 31.8700), 2: (120.5510, 31.8700), 3: (120.5600, 31.8700), 4: (120.9, 31.2)}
        await _put(
            desk,
            *(
                {"device_id": f"SL-{n}", "kind": "streetlight", "lon": lon, "lat": lat, "tags": [f"t{n}", "led"]}
                for n, (lon, lat) in places.items()
            ),
            {"device_id": "SL-5", "kind": "streetlight", "grid": "320582110152102", "tags": ["ledge"]},
        )

    async def test_near_takes_what_is_within_the_radius(self, desk: Desk) -> None:
        assert await _ids(desk, near="120.5500,31.8700", radius_m=50) == ["SL-1"]
        assert await _ids(desk, near="120.5500,31.8700", radius_m=100) == ["SL-1", "SL-2"]
        assert await _ids(desk, near="120.5500,31.8700", radius_m=1000) == ["SL-1", "SL-2", "SL-3"]

    async def test_within_takes_what_is_inside_and_pages_on(self, desk: Desk) -> None:
        hole = [[120.54, 31.86], [120.5505, 31.86], [120.5505, 31.88], [120.54, 31.88], [120.54, 31.86]]
        ring = {"type": "Polygon", "coordinates": [SQUARE["coordinates"][0], hole]}
        seen, cursor, totals = [], None, set()
        while True:
            answer = await desk.api.post(f"{DEVICES}/search", json={"within": ring, "limit": 1, "cursor": cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            seen += [item["device_id"] for item in page["items"]]
            totals.add(page["total"])
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == ["SL-2", "SL-3", "SL-4"]
        assert totals == {3}

    async def test_a_tag_is_a_whole_word(self, desk: Desk) -> None:
        assert await _ids(desk, tag="led") == ["SL-1", "SL-2", "SL-3", "SL-4"]
        assert await _ids(desk, tag="ledge") == ["SL-5"]
        assert await _ids(desk, tag="le_") == []
        assert await _ids(desk, tag="led,t1") == []
        assert await _ids(desk, grid="320582110152102") == ["SL-5"]

    async def test_pages_are_stable_while_devices_come_and_go(self, desk: Desk) -> None:
        first = (await desk.api.get(DEVICES, params={"kind": "streetlight", "limit": 2})).json()
        desk.registry.remove_devices(["SL-2"], now_ms=NOW_MS)
        desk.registry.upsert_devices([lamp(0), replace(lamp(35), dev_eui=None)], now_ms=NOW_MS)
        rest = (await desk.api.get(DEVICES, params={"kind": "streetlight", "cursor": first["next"]})).json()

        assert [item["device_id"] for item in first["items"]] == ["SL-1", "SL-2"]
        assert [item["device_id"] for item in rest["items"]] == ["SL-3", "SL-35", "SL-4", "SL-5"]

    @pytest.mark.parametrize(
        ("search", "where", "told"),
        [
            ({"near": {"lon": 31.87, "lat": 120.55}}, "near", "wrong order"),
            ({"within": {"type": "Point", "coordinates": [0, 0]}}, "within", "no GeoJSON Polygon"),
            ({"within": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}}, "within", "four points"),
            ({"within": {"type": "Polygon", "coordinates": [[[31, 120], [31, 121], [32, 121], [31, 120]]]}}, "within",
             "longitude first"),
            ({"within": SQUARE, "near": {"lon": 120.5, "lat": 31.8}}, "within", "not both"),
            ({"cursor": "a b"}, "cursor", "no cursor"),
        ],
    )  # fmt: skip
    async def test_a_place_that_is_none_is_refused(
        self, desk: Desk, search: dict[str, Any], where: str, told: str
    ) -> None:
        answer = await desk.api.post(f"{DEVICES}/search", json=search)

        assert answer.status_code == 422
        assert told in {fault["where"]: fault["detail"] for fault in answer.json()["errors"]}[where]


class TestFleet:
    async def test_statistics_count_the_fleet(self, desk: Desk) -> None:
        suspended = {**BODY, "device_id": "SL-8", "sparkplug": None, "state": "suspended", "area": "320582/111/1"}
        await _put(desk, BODY, suspended)
        told = (await desk.api.get(f"{DEVICES}/statistics")).json()

        assert (told["devices"], told["located"]) == (3, 2)
        assert told["by_state"] == {"active": 2, "suspended": 1}
        assert told["by_kind"] == {"streetlight": 2, "cabinet": 1}
        assert told["by_area"] == {"320582": 2, "": 1}
        below = (await desk.api.get(f"{DEVICES}/statistics", params={"area": "320582"})).json()
        assert below["by_area"] == {"320582/110": 1, "320582/111": 1}

    async def test_health_tells_of_the_last_day(self, desk: Desk) -> None:
        await _put(desk, {**BODY, "report_interval_s": 3600})
        device = desk.registry.get_device("SL-9")
        assert device is not None
        desk.now_ms = NOW_MS + 4 * HOUR_MS
        for hour in (1, 2, 3):
            await desk.city.report(device, NOW_MS + hour * HOUR_MS, battery_level=90.0 - hour, rssi=-80.0, voltage=1.0)
        await desk.log.append(
            [
                _rejection(desk, "SL-9", NOW_MS + HOUR_MS),
                _rejection(desk, "SL-9", NOW_MS + HOUR_MS, partial=True),
                _rejection(desk, "SL-9", desk.now_ms - 25 * HOUR_MS),
                _rejection(desk, "SL-8", NOW_MS + HOUR_MS),
            ]
        )

        told = (await desk.api.get(f"{DEVICES}/SL-9/health")).json()

        assert told["last_seen_ms"] == NOW_MS + 3 * HOUR_MS
        assert told["silent_for_intervals"] == 1.0
        assert told["battery"] == {"battery_level": {"value": 87.0, "observed_at_ms": NOW_MS + 3 * HOUR_MS}}
        assert told["signal"] == {"rssi": {"value": -80.0, "observed_at_ms": NOW_MS + 3 * HOUR_MS}}
        assert (told["received"], told["expected"], told["message_rate"]) == (3, 4, 0.75)
        assert (told["rejected"], told["rejected_in_part"], told["reject_rate"]) == (1, 1, 0.25)
        await desk.log.append([_rejection(desk, "SL-9", NOW_MS + 2 * HOUR_MS)])
        assert (await desk.api.get(f"{DEVICES}/SL-9/health")).json()["rejected"] == 2

    async def test_a_device_never_heard_has_a_health_too(self, desk: Desk) -> None:
        await _put(desk)
        told = (await desk.api.get(f"{DEVICES}/CAB-1/health")).json()

        assert (told["last_seen_ms"], told["received"], told["message_rate"], told["reject_rate"]) == (
            None,
            0,
            None,
            None,
        )
        assert (await desk.api.get(f"{DEVICES}/nobody/health")).status_code == 404

    async def test_the_topic_is_proven_and_repaired(self, desk: Desk) -> None:
        await _put(desk)
        assert (await desk.api.post(f"{DEVICES}/verify")).json()["agrees"]
        await desk.log.append([Outgoing(desk.topics.registry, b"CAB-1", None)])

        found = (await desk.api.post(f"{DEVICES}/verify", params={"repair": True})).json()

        assert (found["agrees"], found["missing"], found["repaired"]) == (False, ["CAB-1"], 1)
        assert (await desk.api.post(f"{DEVICES}/verify")).json()["agrees"]


class TestAreasAndProfiles:
    async def test_areas_make_a_tree_with_boundaries(self, desk: Desk) -> None:
        city = {
            "path": "320582",
            "name": "张家港市",
            "level": "city",
            "names": {"en": "Zhangjiagang"},
            "boundary": SQUARE,
        }
        street = {"path": "320582/110", "name": "杨舍镇", "level": "street"}
        answer = await desk.api.put("/api/v1/areas", json=[street, city])
        assert answer.json() == {"created": ["320582/110", "320582"], "changed": [], "unchanged": []}

        (told, _) = (await desk.api.get("/api/v1/areas", params={"boundaries": True})).json()["items"]
        assert told == city
        assert (await desk.api.get("/api/v1/areas")).json()["items"][0]["boundary"] is None
        again = await desk.api.put("/api/v1/areas", json=[city, {**street, "name": "塘桥镇"}])
        assert again.json() == {"created": [], "changed": ["320582/110"], "unchanged": ["320582"]}
        history = (await desk.api.get("/api/v1/areas/history", params={"path": "320582/110"})).json()["items"]
        assert history[0]["changes"] == {"name": {"old": "杨舍镇", "new": "塘桥镇"}}

    @pytest.mark.parametrize(
        ("area", "where", "told"),
        [
            ({"path": "320582/1/2", "name": "x"}, "path", "no area '320582/1' above it"),
            ({"path": "320582/1", "name": "x", "level": "city"}, "level", "cannot be below '320582'"),
            ({"path": "320582/1", "name": "x", "level": "house"}, "level", "no level"),
            ({"path": "320582/1", "name": "x", "boundary": {"type": "Point"}}, "boundary", "no GeoJSON Polygon"),
            ({"path": "320582/1", "name": "x", "names": {"English": "x"}}, "names", "cannot be taken"),
        ],
    )
    async def test_an_area_that_does_not_fit_the_tree_is_refused(
        self, desk: Desk, area: dict[str, Any], where: str, told: str
    ) -> None:
        await desk.api.put("/api/v1/areas", json=[{"path": "320582", "name": "张家港市", "level": "city"}])
        answer = await desk.api.put("/api/v1/areas", json=[area])

        assert answer.status_code == 422
        assert told in {fault["where"]: fault["detail"] for fault in answer.json()["errors"]}[where]

    async def test_an_area_is_removed_with_all_below_unless_devices_stand_there(self, desk: Desk) -> None:
        tree = [{"path": path, "name": path} for path in ("320582", "320582/110", "320582/110/1")]
        await desk.api.put("/api/v1/areas", json=tree)
        await _put(desk, BODY)

        assert (await desk.api.delete("/api/v1/areas", params={"path": "320582"})).status_code == 422
        assert (await desk.api.delete("/api/v1/areas", params={"path": "320582/110/1"})).status_code == 204
        assert (await desk.api.delete("/api/v1/areas", params={"path": "320582/110/1"})).status_code == 404

    async def test_a_profile_is_stored_told_and_removed(self, desk: Desk) -> None:
        body = {
            "kind": "water_monitor", "codec": "acme-level", "attributes": {"installed_height": 4.0},
            "fields": [{"source": "d", "quantity": "distance", "unit": "cm", "low": 20, "high": 450, "outside": "suspect"}],
            "derived": [{"quantity": "water_level", "formula": "device.installed_height - distance / 1000"}],
        }  # fmt: skip
        answer = await desk.api.put("/api/v1/profiles/acme", json=body)
        assert answer.status_code == 200, answer.text
        told = (await desk.api.get("/api/v1/profiles/acme")).json()
        assert (told["codec"], told["derived"]) == ("acme-level", body["derived"])
        assert told["fields"][0]["outside"] == "suspect"

        await desk.api.put(f"{DEVICES}/WM-1", json={"device_id": "WM-1", "kind": "water_monitor", "profile": "acme"})
        assert (await desk.api.get(f"{DEVICES}/WM-1")).json()["attributes"] == {"installed_height": 4.0}
        assert (await desk.api.delete("/api/v1/profiles/acme")).status_code == 422
        await desk.api.delete(f"{DEVICES}/WM-1")
        assert (await desk.api.delete("/api/v1/profiles/acme")).status_code == 204
        assert (await desk.api.get("/api/v1/profiles/acme")).status_code == 404

    async def test_a_formula_that_cannot_be_computed_is_refused(self, desk: Desk) -> None:
        body = {"kind": "water_monitor", "derived": [{"quantity": "water_level", "formula": "height - distance"}]}
        answer = await desk.api.put("/api/v1/profiles/acme", json=body)

        assert answer.status_code == 422
        assert "write device.height" in answer.text


async def test_of_two_editors_at_once_one_wins_and_the_other_is_told(desk: Desk) -> None:
    await _put(desk)
    answers = await asyncio.gather(
        *(desk.api.patch(f"{DEVICES}/CAB-1", json={"name": name}, headers={"If-Match": '"1"'}) for name in "AB")
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412]


async def test_a_device_that_is_known_by_csv_only_has_no_details(desk: Desk) -> None:
    desk.registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)
    told = (await desk.api.get(f"{DEVICES}/SL-1")).json()

    assert (told["owner"], told["tags"], told["source_datum"]) == (None, [], "wgs84")


def _rejection(desk: Desk, device_id: str, at_ms: int, *, partial: bool = False) -> Outgoing:
    rejected = {"reason": Reason.BAD_VALUE, "detail": "", "topic": "t", "payload": "", "received_at_ms": at_ms}
    value = orjson.dumps({**rejected, "device_id": device_id, **({"partial": True} if partial else {})})
    return Outgoing(desk.topics.rejected, device_id.encode(), value, REJECTION_HEADERS)
