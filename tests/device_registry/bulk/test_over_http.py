"""Devices files through the API, streamed both ways: the real tables on each database, the embedded log."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.files import DeviceFileService
from device_registry.service.places import MOST_IMPORTS
from device_registry.storage.registry import Registry
from domain.topics import Topics
from streams.reading.tables import latest_by_key
from streams.sqlite.log import SQLiteLog
from tests.device_registry.bulk.confined.hostile import in_feature
from tests.device_registry.bulk.files import CABINET_ROW, LAMP_ROW, csv_file, ids
from tests.device_registry.samples import CABINET, LAMP, NOW_MS
from tests.web.city import open_city
from urbansense.api_client.streaming_transport import StreamingTransport
from web.serving.app import create_app

IMPORT = "/api/v1/devices/import/file"
BAD_ROW = {"device_id": "SL-2", "kind": "boat", "profile": "streetlight"}


@dataclass
class Desk:
    api: httpx.AsyncClient
    log: SQLiteLog
    topics: Topics


@pytest.fixture
async def desk(
    registry: Registry, log: SQLiteLog, topics: Topics, tmp_path: Path, migrated: Path
) -> AsyncIterator[Desk]:
    publisher = RegistryPublisher(registry, log, topics)

    async def now_ms() -> int:
        return NOW_MS

    async with open_city(tmp_path / "city", migrated) as city:
        services = city.services()
        files = DeviceFileService(registry, publisher, now_ms)
        transport = StreamingTransport(create_app(replace(services, registry=replace(services.registry, files=files))))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
            yield Desk(api, log, topics)
    await publisher.close()


async def _import(desk: Desk, data: bytes, media_type: str = "text/csv", **query: Any) -> list[dict[str, Any]]:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 1000):
            yield data[start : start + 1000]

    answer = await desk.api.post(
        IMPORT, content=pieces(), headers={"content-type": media_type, "x-author": "li"}, params=query
    )
    assert answer.status_code == 200, answer.text
    return [orjson.loads(line) for line in answer.text.splitlines() if "progress" not in line]


async def test_a_file_goes_in_by_its_author_and_is_published(desk: Desk, registry: Registry) -> None:
    lines = await _import(desk, csv_file(CABINET_ROW, LAMP_ROW))

    assert lines[-1]["report"] == {
        "rows": 2, "created": 2, "updated": 0, "unchanged": 0, "applied": True, "refused": 0,
    }  # fmt: skip
    assert registry.history("SL-1")[0].author == "li"
    assert {b"CAB-1", b"SL-1"} <= (await latest_by_key(desk.log, desk.topics.registry)).keys()


async def test_refused_rows_are_reported_with_their_cells(desk: Desk, registry: Registry) -> None:
    lines = await _import(desk, csv_file(CABINET_ROW, BAD_ROW))

    (refused,) = (line["refused"] for line in lines if "refused" in line)
    assert (refused["line"], refused["cells"]["kind"]) == (3, "boat")
    assert {error["column"] for error in refused["errors"]} >= {"kind"}
    assert (lines[-1]["report"]["refused"], lines[-1]["report"]["applied"]) == (1, False)
    assert ids(registry) == []


async def test_a_preview_shows_changes_and_writes_nothing(desk: Desk, registry: Registry) -> None:
    lines = await _import(desk, csv_file(CABINET_ROW, BAD_ROW), preview=True)

    (change,) = (line["change"] for line in lines if "change" in line)
    assert (change["result"], change["device_id"], change["changes"]["lon"]) == ("created", "CAB-1", [None, 120.55])
    assert ids(registry) == []


async def test_what_is_no_devices_file_is_reported(desk: Desk) -> None:
    lines = await _import(desk, b"hello", "application/geo+json")

    assert "no JSON" in lines[0]["unreadable"]["what"]
    assert lines[-1]["report"]["applied"] is False


async def test_a_file_of_no_known_type_is_refused(desk: Desk) -> None:
    answer = await desk.api.post(IMPORT, content=b"{}", headers={"content-type": "text/plain"})

    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("csv", "text/csv"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("geojson", "application/geo+json"),
    ],
)
async def test_an_export_is_a_file_whose_import_changes_nothing(
    desk: Desk, registry: Registry, name: str, media_type: str
) -> None:
    registry.upsert_devices([CABINET, LAMP], now_ms=NOW_MS)

    answer = await desk.api.get("/api/v1/devices/export", params={"format": name})

    assert answer.headers["content-type"].startswith(media_type)
    assert (await _import(desk, answer.content, media_type))[-1]["report"]["unchanged"] == 2
    only = await desk.api.get("/api/v1/devices/export", params={"kind": "cabinet"})
    assert only.text.count("\n") == 2


async def test_a_file_that_meets_a_bound_says_so_and_is_counted(desk: Desk, registry: Registry) -> None:
    data = in_feature(f'"attributes": {"[" * 400_000}{"]" * 400_000}')
    lines = await _import(desk, data, "application/geo+json")

    (unreadable,) = (line["unreadable"] for line in lines if "unreadable" in line)
    assert unreadable["what"] == "reading it takes more than 1024 MiB of memory"
    assert lines[-1]["report"]["applied"] is False
    assert ids(registry) == []
    assert 'urbansense_files_unread_total{bound="memory"} 1.0' in (await desk.api.get("/metrics")).text


@pytest.mark.parametrize("path", [IMPORT, "/api/v1/devices/import"])
async def test_of_eight_files_at_once_two_are_taken_and_the_others_asked_to_come_again(desk: Desk, path: str) -> None:
    all_sent, go_on = asyncio.Event(), asyncio.Event()
    sending = 0

    async def send(number: int) -> httpx.Response:
        async def pieces() -> AsyncIterator[bytes]:
            nonlocal sending
            sending += 1
            if sending == MOST_IMPORTS:
                all_sent.set()
            await go_on.wait()
            yield csv_file({**LAMP_ROW, "device_id": f"SL-{number}", "parent_id": ""})

        return await desk.api.post(path, content=pieces(), headers={"content-type": "text/csv"})

    first = [asyncio.create_task(send(number)) for number in range(MOST_IMPORTS)]
    await all_sent.wait()
    late = await asyncio.gather(*(send(number) for number in range(MOST_IMPORTS, 8)))

    assert {(answer.status_code, answer.headers["retry-after"]) for answer in late} == {(503, "2")}
    assert "2 devices files are being imported" in late[0].json()["detail"]
    go_on.set()
    assert [answer.status_code for answer in await asyncio.gather(*first)] == [200, 200]
    assert (await send(8)).status_code == 200
