"""How commands reach urbansense: always by its HTTP API, the running one where there is one, else one in this process.

command ──HTTP──▶ the API at URBANSENSE_API_URL          (something runs)
command ──ASGI──▶ the same API over the opened parts     (nothing runs)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from domain.errors import ConfigurationError
from urbansense.api_client.api import Api
from urbansense.configuration.place import place_of
from urbansense.configuration.settings import Settings, load_settings

_T = TypeVar("_T")


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[Api | None]:
    """The API that runs, None where none does; no file is opened or made."""
    headers = bearer(settings)
    async with httpx.AsyncClient(
        base_url=settings.client_api_url, timeout=60, trust_env=False, headers=headers
    ) as client:
        if await _is_urbansense(client):
            await _check_place(client, settings)
            yield Api(client)
        else:
            yield None


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Api]:
    """The API: the running one, or one over the files where nothing runs."""
    async with running_api(settings) as api:
        if api is not None:
            yield api
            return
    if settings.api_url:
        raise ConfigurationError(f"URBANSENSE_API_URL={settings.api_url!r}: nothing answers there")
    from urbansense.api_client.in_process import whole_api

    async with whole_api(settings) as api:
        yield api


def with_api(act: Callable[[Api], Coroutine[Any, Any, _T]]) -> _T:
    """Run `act` on the API that the settings name."""

    async def run() -> _T:
        async with open_api(load_settings()) as api:
            return await act(api)

    return asyncio.run(run())


def bearer(settings: Settings) -> dict[str, str]:
    """The header by which the running API knows who gives the command."""
    token = settings.api_token
    return {"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}


async def _is_urbansense(client: httpx.AsyncClient) -> bool:
    try:
        answer = await client.get("/api/openapi.json", timeout=5)
        return answer.status_code == 200 and answer.json().get("info", {}).get("title") == "urbansense"
    except (httpx.HTTPError, ValueError):
        return False


async def _check_place(client: httpx.AsyncClient, settings: Settings) -> None:
    """Where parts are files, what answers on the usual port must be the platform of our own folder."""
    if settings.api_url or not settings.embedded_parts():
        return
    checks = (await client.get("/readyz")).json().get("checks") or ()  # a stranger gets none
    served = next((check["detail"] for check in checks if check["name"] == "place"), place_of(settings))
    if served != place_of(settings):
        raise ConfigurationError(
            f"the urbansense at {settings.client_api_url} serves {served}, not {place_of(settings)}: "
            f"set URBANSENSE_API_URL={settings.client_api_url} to mean that one, or URBANSENSE_HTTP_PORT to your own's"
        )
