"""The town, and a client of its SensorThings service without a network between."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from device_registry.registry import Registry
from tests.web.sta.town import Town, settle
from timeseries.embedded import EmbeddedStore
from web.app import create_app

Get = Callable[..., Awaitable[Any]]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    store = await EmbeddedStore.open(tmp_path / "timeseries.duckdb")
    registry = Registry(f"sqlite:///{tmp_path / 'registry.sqlite'}")
    town = Town(registry, store)
    await settle(town)
    yield town
    await store.close()
    registry.close()


@pytest.fixture
async def client(town: Town) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(town.services(), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
def sta(client: httpx.AsyncClient) -> Get:
    """The JSON at a path below the root, its options given as keywords: `await sta("Things", top=1)`."""

    async def get(path: str, **options: object) -> Any:
        answer = await client.get(
            f"/sta/v1.1/{path}", params={f"${name}": str(value) for name, value in options.items()}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get
