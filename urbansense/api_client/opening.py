"""How commands reach urbansense: always by its HTTP API, the running one where there is one, else one in this process.

command ──HTTP──▶ the API of the platform that `finding` finds   (something runs)
command ──ASGI──▶ the same API over the opened parts             (nothing runs)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import httpx

from domain.errors import UrbansenseError
from urbansense.api_client.api import Api
from urbansense.api_client.finding import FoundPlatform, find_platform
from urbansense.api_client.waiting import PatientTransport
from urbansense.configuration.settings import Settings, load_settings

_T = TypeVar("_T")
_PATIENCE: Final = httpx.Timeout(600, connect=60)
"""With a platform whose life cannot be seen from here."""


@asynccontextmanager
async def running_api(settings: Settings) -> AsyncIterator[Api | None]:
    """The API that runs, once it answers; None where none does; no file is opened or made.

    Raises: ConfigurationError where another answers than is meant, or what is named does not; PlatformEnded, and
    UrbansenseError where it is lost while it is asked.
    """
    headers = bearer(settings)
    found = await find_platform(settings, headers)
    if found is None:
        yield None
        return
    try:
        async with _client(found, headers) as client:
            yield Api(client)
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise UrbansenseError(
            f"the urbansense at {found.url} was lost: {reason}; what was under way may not be done"
        ) from error


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Api]:
    """The API: the running one, or one over the files where nothing runs."""
    async with running_api(settings) as api:
        if api is not None:
            yield api
            return
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


def _client(found: FoundPlatform, headers: dict[str, str]) -> httpx.AsyncClient:
    if found.watch is None:
        return httpx.AsyncClient(base_url=found.url, timeout=_PATIENCE, trust_env=False, headers=headers)
    transport = PatientTransport(
        httpx.AsyncHTTPTransport(trust_env=False), found.watch.check, f"{found.watch.words} answers slowly; waiting"
    )
    return httpx.AsyncClient(base_url=found.url, timeout=None, trust_env=False, headers=headers, transport=transport)
