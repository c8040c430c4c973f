"""The city, and a client of its API without a network between."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.web.city import City
from tests.web.people_city import PeopleCity, open_people_city
from timeseries.duckdb.store import DuckDBStore
from web.serving.app import create_app


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    store = await DuckDBStore.open(tmp_path / "timeseries.duckdb")
    yield City(store)
    await store.close()


@pytest.fixture
async def api(city: City) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(city.services(), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
def guarded(city: City, tmp_path: Path) -> PeopleCity:
    """A city where login is required."""
    return open_people_city(city, tmp_path)
