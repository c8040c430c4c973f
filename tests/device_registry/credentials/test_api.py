"""Credentials and pending devices over HTTP, on the registry's real tables; no broker is provisioned here."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import orjson
import pytest
from prometheus_client import CollectorRegistry

from device_registry.credentials.service import CredentialService
from device_registry.credentials.store import CredentialStore
from device_registry.lookup.following import FollowingLookup
from device_registry.pending.service import PendingService
from device_registry.pending.sightings import sighting_of
from device_registry.pending.store import PendingStore
from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.directory import RegistryDirectory
from device_registry.service.files import DeviceFileService
from device_registry.service.registry import RegistryService
from device_registry.service.services import RegistryServices
from device_registry.storage.registry import Registry
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.pipeline.message_to_records import Pipeline
from ingest.rejections.service import LogRejections
from ingest.rejections.tail import RejectedTail
from streams.reading.tables import read_to_end
from streams.sqlite.log import SQLiteLog
from tests.device_registry.samples import NOW_MS
from tests.web.city import open_city
from web.serving.app import create_app

CREDENTIALS, PENDING = "/api/v1/credentials", "/api/v1/pending-devices"


@dataclass
class Desk:
    """The API, and what stands behind it."""

    api: httpx.AsyncClient
    log: SQLiteLog
    topics: Topics
    lookup: FollowingLookup
    pending: PendingStore

    async def receive(self, topic: str, document: object) -> None:
        """A message reaches the gateway, and the pending list what was refused of it."""
        records = Pipeline(self.topics, self.lookup).records(MqttMessage(topic, orjson.dumps(document), NOW_MS))
        await self.log.append(records)
        seen = [sighting_of(orjson.loads(one.value or b"")) for one in records if one.topic == self.topics.rejected]
        self.pending.note([one for one in seen if one is not None])

    async def telemetry(self) -> list[str]:
        found = read_to_end(self.log, self.topics.all_telemetry)
        return sorted([orjson.loads(record.value or b"")["device_id"] async for record in found])


@pytest.fixture
async def desk(
    city_registry: Registry, log: SQLiteLog, topics: Topics, tmp_path: Path, migrated: Path
) -> AsyncIterator[Desk]:
    publisher = RegistryPublisher(city_registry, log, topics)
    await publisher.publish_pending()
    lookup = FollowingLookup(topics)
    await lookup.load(log)
    pending = PendingStore(city_registry)

    async def now_ms() -> int:
        return NOW_MS

    registry = RegistryServices(
        directory=RegistryDirectory(city_registry, lookup),
        records=RegistryService(city_registry, publisher, RejectedTail(log, topics), now_ms),
        files=DeviceFileService(city_registry, publisher, now_ms),
        credentials=CredentialService(CredentialStore(city_registry), None, lambda: NOW_MS),
        pending=PendingService(pending, log, lookup, LogRejections(log, topics, lookup)),
    )
    async with open_city(tmp_path / "city", migrated) as city:
        app = create_app(replace(city.services(), registry=registry), registry=CollectorRegistry())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            yield Desk(client, log, topics, lookup, pending)
    await publisher.close()


async def test_a_secret_is_in_one_answer_and_in_no_other(desk: Desk) -> None:
    made = await desk.api.post(CREDENTIALS, json={"holders": ["SL-1"]}, headers={"X-Author": "li"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    ((secret, username),) = [(one["secret"], one["username"]) for one in made.json()]
    assert username == "SL-1"
    rotated = await desk.api.post(f"{CREDENTIALS}/rotate", json={"holders": ["SL-1"], "overlap_s": 60})
    assert rotated.json()[0]["username"] == "SL-1/2"
    for path in ("", "?holder=SL-1", "/history", "/history?holder=SL-1", "/missing", "/broker-file"):
        answer = await desk.api.get(CREDENTIALS + path)
        assert answer.status_code == 200
        assert secret not in answer.text
    listed = (await desk.api.get(f"{CREDENTIALS}?limit=1")).json()
    assert [one["ends_at_ms"] for one in listed["items"]] == [NOW_MS + 60_000]
    assert listed["next"] == "SL-1"
    file = (await desk.api.get(f"{CREDENTIALS}/broker-file")).json()
    assert {client["username"] for client in file["clients"]} == {"SL-1", "SL-1/2"}
    revoked = await desk.api.post(f"{CREDENTIALS}/revoke", json={"holders": ["SL-1"]})
    assert {one["state"] for one in revoked.json()} == {"revoked"}
    assert (await desk.api.get(f"{CREDENTIALS}/broker-file")).json()["clients"] == []


async def test_a_client_id_is_bound_listed_and_in_the_brokers_file(desk: Desk) -> None:
    body = {"holders": ["SL-1", "SL-2"], "client_ids": {"SL-1": "lamp-1"}}
    assert (await desk.api.post(CREDENTIALS, json=body)).status_code == 201
    listed = (await desk.api.get(CREDENTIALS)).json()["items"]
    assert {one["holder"]: one["client_id"] for one in listed} == {"SL-1": "lamp-1", "SL-2": None}
    file = (await desk.api.get(f"{CREDENTIALS}/broker-file")).json()
    assert {one["username"]: one.get("clientid") for one in file["clients"]} == {"SL-1": "lamp-1", "SL-2": None}


REFUSED = {
    "a client id of the gateway's": ("", {"holders": ["@gateway"], "client_ids": {"@gateway": "mine"}}, 422),
    "an unknown device": ("", {"holders": ["SL-9"]}, 422),
    "nobody": ("", {"holders": []}, 422),
    "a field that there is not": ("", {"holders": ["SL-1"], "secret": "mine"}, 422),
    "an overlap without an end": ("/rotate", {"holders": ["SL-1"]}, 422),
    "nothing to rotate": ("/rotate", {"holders": ["SL-1"], "overlap_s": 0}, 422),
    "nothing to revoke": ("/revoke", {"usernames": ["SL-1"]}, 422),
    "no certificate": ("/certificates", {"holder": "SL-1", "certificate": "hello"}, 422),
    "no broker": ("/sync", {}, 409),
}


@pytest.mark.parametrize(("path", "body", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_done_is_a_problem_document(
    desk: Desk, path: str, body: dict[str, object], status: int
) -> None:
    answer = await desk.api.post(CREDENTIALS + path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await desk.api.get(CREDENTIALS)).json()["items"] == []


async def test_accepting_a_device_registers_it_and_takes_in_what_it_sent(desk: Desk) -> None:
    """It came in a gateway's batch with another unknown one, which stays rejected."""
    report = {"ts": NOW_MS, "readings": {"voltage": 230.0}}
    await desk.receive("city-gateway/CAB-1/up", [{"device_id": one, **report} for one in ("SL-1", "SL-7", "SL-8")])
    assert await desk.telemetry() == ["SL-1"]
    waiting = (await desk.api.get(PENDING)).json()["items"]
    assert [(one["name"], one["kind"], one["speaker"]) for one in waiting] == [
        ("SL-7", None, "CAB-1"), ("SL-8", None, "CAB-1"),
    ]  # fmt: skip

    untold = await desk.api.post(f"{PENDING}/SL-7/accept", json={})
    assert (untold.status_code, untold.json()["errors"][0]["where"]) == (422, "kind")
    renamed = await desk.api.post(f"{PENDING}/SL-7/accept", json={"kind": "streetlight", "device_id": "SL-70"})
    assert (renamed.status_code, renamed.json()["errors"][0]["where"]) == (422, "device_id")
    unknown = await desk.api.post(f"{PENDING}/SL-7/accept", json={"kind": "tree"})
    assert unknown.status_code == 422
    done = await desk.api.post(f"{PENDING}/SL-7/accept", json={"profile": "streetlight"}, headers={"X-Author": "li"})
    assert done.status_code == 200
    assert (done.json()["kind"], done.json()["replayed"]) == ("streetlight", 1)
    device = (await desk.api.get("/api/v1/devices/SL-7")).json()
    assert (device["parent_id"], device["state"]) == ("CAB-1", "active")
    assert await desk.telemetry() == ["SL-1", "SL-1", "SL-7"], "the batch came through again; SL-1 is a duplicate"
    assert [one["name"] for one in (await desk.api.get(PENDING)).json()["items"]] == ["SL-8"]
    again = await desk.api.post(f"{PENDING}/SL-7/accept", json={"kind": "streetlight"})
    assert again.status_code == 404


async def test_a_lorawan_device_gets_its_id_when_it_is_accepted(desk: Desk) -> None:
    uplink = {"deviceInfo": {"devEui": "a840419edb62011c"}, "time": "2026-05-28T20:26:40Z", "object": {"voltage": 3.6}}
    await desk.receive("application/1/device/a840419edb62011c/event/up", uplink)
    (waiting,) = (await desk.api.get(PENDING)).json()["items"]
    assert waiting["name"] == "eui-a840419edb62011c"
    body = {"kind": "water_monitor", "device_id": "WM-12"}
    done = (await desk.api.post(f"{PENDING}/{waiting['name']}/accept", json=body)).json()
    assert done["device_id"] == "WM-12"
    assert (await desk.api.get("/api/v1/devices/WM-12")).json()["dev_eui"] == "a840419edb62011c"
    assert await desk.telemetry() == ["WM-12"]


async def test_refusing_and_forgetting(desk: Desk) -> None:
    message = {"ts": NOW_MS, "readings": {"voltage": 230.0}}
    await desk.receive("city/a/streetlight/SL-7/up", message)
    assert (await desk.api.post(f"{PENDING}/SL-7/refuse")).status_code == 204
    assert (await desk.api.get(PENDING)).json()["items"] == []
    assert [one["name"] for one in (await desk.api.get(f"{PENDING}?refused=true")).json()["items"]] == ["SL-7"]
    assert (await desk.api.delete(f"{PENDING}/SL-7")).status_code == 204
    assert (await desk.api.post(f"{PENDING}/SL-7/refuse")).status_code == 404
    await desk.receive("city/a/streetlight/SL-7/up", message)
    assert [one["name"] for one in (await desk.api.get(PENDING)).json()["items"]] == ["SL-7"]
