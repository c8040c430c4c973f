"""The town, and a client of its SensorThings service without a network between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from device_registry.lookup.following import FollowingLookup
from device_registry.storage.registry import Registry
from streams.opening.by_url import open_log
from tests.servers.influxdb import Influx
from tests.web.standards.sta.town import Town, settle
from timeseries import open_store
from urbansense.configuration.settings import load_settings
from urbansense.running.disk import DiskSpace
from urbansense.wiring.parts import PlatformParts
from web.serving.app import create_app

Get = Callable[..., Awaitable[Any]]


@pytest.fixture(scope="module", params=["embedded", pytest.param("influxdb", marks=pytest.mark.influxdb)])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests of a module, which only read it. Its store is bound to no event loop."""
    folder = tmp_path_factory.mktemp("town")
    if request.param == "embedded":
        store = asyncio.run(open_store("embedded:", folder))
    else:
        influx: Influx = request.getfixturevalue("influx")
        bucket = influx.make_bucket()
        place = influx.url.removeprefix("http://")
        store = asyncio.run(open_store(f"influxdb://{place}/{influx.org}/{bucket}", folder, influx.token))
    settings = load_settings({}, data_dir=folder, partitions=1)
    registry = Registry(settings.registry_url)
    log = asyncio.run(open_log(settings.log_url, folder))
    lookup, disk = FollowingLookup(settings.topics), DiskSpace(folder, 0)
    town = Town(PlatformParts(settings, settings.topics, log, lookup, disk, store, registry))
    asyncio.run(settle(town))
    yield town
    asyncio.run(store.close())
    asyncio.run(log.close())
    registry.close()
    if request.param == "influxdb":
        influx.drop_bucket(bucket)


@pytest.fixture(scope="module")
def app(town: Town) -> FastAPI:
    return create_app(town.services(), registry=CollectorRegistry())


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
def sta(client: httpx.AsyncClient) -> Get:
    """The JSON at a path below the root, its options given as keywords: `await sta("Things", top=1)`."""

    async def get(path: str, **options: object) -> Any:
        given = {f"${name}": str(value) for name, value in options.items()}
        answer = await client.get(f"/sta/v1.1/{path}", params=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get
