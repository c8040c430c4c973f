"""The API in this process, over the files of the data folder: imported only where no running one answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI

from device_registry.publication.publisher import RegistryPublisher
from device_registry.storage.database import open_engine
from domain.errors import ConfigurationError
from urbansense.api_client.api import Api
from urbansense.api_client.streaming_transport import StreamingTransport
from urbansense.configuration.place import data_dir
from urbansense.configuration.settings import Settings
from urbansense.running.logs import configure_logging
from urbansense.wiring.accounts import open_accounts
from urbansense.wiring.api import api_app
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.parts import open_platform_parts
from urbansense.wiring.shared_database import SharedDatabase
from web.serving.app import create_people_app

_BASE_URL = "http://127.0.0.1"


@asynccontextmanager
async def whole_api(settings: Settings) -> AsyncIterator[Api]:
    """The whole API over the opened parts, without a login. Raises: ConfigurationError where they cannot be opened."""
    settings = _without_login(settings)
    configure_logging("warning")
    async with AsyncExitStack() as stack:
        try:
            parts = await stack.enter_async_context(open_platform_parts(settings, asyncio.Event()))
        except ConfigurationError as error:
            unanswered = (
                f"no urbansense answers at {settings.client_api_url}; if it runs, set URBANSENSE_API_URL to its page"
            )
            raise ConfigurationError([*error.problems, unanswered]) from error
        await parts.lookup.load(parts.log)
        publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
        credentials = open_credentials(settings, parts.registry)
        stack.callback(credentials.close)
        transport = StreamingTransport(api_app(parts, publisher, credentials=credentials))
        async with httpx.AsyncClient(transport=transport, base_url=_BASE_URL, timeout=600) as client:
            yield Api(client)


@asynccontextmanager
async def accounts_api(settings: Settings) -> AsyncIterator[Api]:
    """The API of the accounts over their database alone, without a login; neither log nor store is opened."""
    configure_logging("warning")
    with data_dir(settings):
        engine = open_engine(settings.registry_url)
        try:
            people = await asyncio.to_thread(open_accounts, _without_login(settings), SharedDatabase(engine))
            app: FastAPI = create_people_app(people)
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url=_BASE_URL, timeout=600) as client:
                yield Api(client)
        finally:
            engine.dispose()


def _without_login(settings: Settings) -> Settings:
    """The same settings for the API in this process: who may open the files needs no login to it."""
    return settings.model_copy(update={"login": "off"})
