"""How commands reach the people side: the running API, or the database alone, which needs neither log nor store.

Whoever may open the database is its administrator: that is how the first one is made.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from device_registry.storage.database import open_engine
from domain.errors import ConfigurationError
from urbansense.api_client.api import Api, ApiRefused
from urbansense.api_client.opening import at_the_files, running_api
from urbansense.configuration.settings import Settings
from urbansense.wiring.accounts import open_accounts
from urbansense.wiring.parts import make_data_dir
from urbansense.wiring.shared_database import SharedDatabase
from web.serving.app import create_people_app


@asynccontextmanager
async def people_api(settings: Settings, *, at_database: bool = False) -> AsyncIterator[Api]:
    """The API of the people side. Raises: Refused; ConfigurationError where the running one wants a token."""
    if not at_database:
        async with running_api(settings) as api:
            if api is not None:
                await _check_known(api)
                yield api
                return
        if settings.api_url:
            raise ConfigurationError(f"URBANSENSE_API_URL={settings.api_url!r}: nothing answers there")
    make_data_dir(settings)
    engine = open_engine(settings.registry_url)
    try:
        people = await asyncio.to_thread(open_accounts, at_the_files(settings), SharedDatabase(engine))
        app: FastAPI = create_people_app(people)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=600) as client:
            yield Api(client)
    finally:
        engine.dispose()


async def _check_known(api: Api) -> None:
    try:
        await api.get("/api/v1/me")
    except ApiRefused as error:
        if error.problem.get("status") != 401:
            raise
        hint = "set URBANSENSE_API_TOKEN, or say --database where its database can be opened"
        raise ConfigurationError(f"the running urbansense wants to know who you are: {hint}") from error
