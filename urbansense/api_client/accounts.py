"""How commands reach the accounts: the running API, or the database alone, which needs neither log nor store.

Whoever may open the database is its administrator: that is how the first one is made.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import ConfigurationError
from urbansense.api_client.api import Api, ApiRefused
from urbansense.api_client.opening import running_api
from urbansense.configuration.settings import Settings


@asynccontextmanager
async def people_api(settings: Settings, *, at_database: bool = False) -> AsyncIterator[Api]:
    """The API of the accounts. Raises: ApiRefused; ConfigurationError where the running one wants a token."""
    if not at_database:
        async with running_api(settings) as api:
            if api is not None:
                await _check_known(api)
                yield api
                return
        if settings.api_url:
            raise ConfigurationError(f"URBANSENSE_API_URL={settings.api_url!r}: nothing answers there")
    from urbansense.api_client.in_process import accounts_api

    async with accounts_api(settings) as api:
        yield api


async def _check_known(api: Api) -> None:
    try:
        await api.get("/api/v1/me")
    except ApiRefused as error:
        if error.problem.get("status") != 401:
            raise
        hint = "set URBANSENSE_API_TOKEN, or say --database where its database can be opened"
        raise ConfigurationError(f"the running urbansense wants to know who you are: {hint}") from error
