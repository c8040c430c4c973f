"""The city, and a client of its API without a network between."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.web.city import City, open_city
from tests.web.people_city import PeopleCity
from web.serving.app import create_app


@pytest.fixture
async def city(tmp_path: Path, migrated: Path) -> AsyncIterator[City]:
    async with open_city(tmp_path / "city", migrated) as city:
        yield city


@pytest.fixture
async def api(city: City) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(city.services(), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
def guarded(city: City) -> PeopleCity:
    """A city where login is required."""
    return PeopleCity(city)
