"""How commands reach urbansense: always by its HTTP API, the running one where there is one, else one in this process.

command ──HTTP──▶ the API at URBANSENSE_API_URL          (something runs)
command ──ASGI──▶ the same API over the opened parts     (nothing runs)
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeVar

import httpx
import orjson

from device_registry.publication import RegistryPublisher
from domain.errors import ConfigurationError, UrbansenseError
from urbansense.credential_desk import open_credentials
from urbansense.parts import open_parts, place_of
from urbansense.settings import Settings, load_settings
from urbansense.stages import api_app
from urbansense.streaming_transport import StreamingTransport

_T = TypeVar("_T")


class Refused(UrbansenseError):
    """The API's problem document, as one line for each problem."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem
        self.problems = tuple(_lines(problem))
        super().__init__("\n".join(self.problems))


class Api:
    """JSON in, JSON out. Raises: Refused on a problem document."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: Any) -> Any:
        return _content(await self._client.get(path, params=_given(query)))

    async def get_bytes(self, path: str) -> bytes:
        """The body as it comes, for files."""
        answer = await self._client.get(path)
        return answer.content if answer.is_success else bytes(_content(answer))

    async def post(
        self, path: str, text: str, media_type: str, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Any:
        sent = {**(headers or {}), "content-type": media_type}
        return _content(await self._client.post(path, content=text.encode(), headers=sent, params=_given(query)))

    async def post_json(self, path: str, content: Any, *, headers: Mapping[str, str] | None = None) -> Any:
        return await self.post(path, orjson.dumps(content).decode(), "application/json", headers=headers)

    async def patch_json(self, path: str, content: Any, *, headers: Mapping[str, str] | None = None) -> Any:
        return _content(await self._client.patch(path, json=content, headers=dict(headers or {})))

    async def put_json(self, path: str, content: Any, *, headers: Mapping[str, str] | None = None) -> Any:
        return _content(await self._client.put(path, json=content, headers=dict(headers or {})))

    async def delete(self, path: str, *, headers: Mapping[str, str] | None = None) -> None:
        _content(await self._client.delete(path, headers=dict(headers or {})))

    async def upload_for_lines(
        self, path: str, body: AsyncIterator[bytes], media_type: str, *, headers: Mapping[str, str], **query: Any
    ) -> AsyncIterator[Any]:
        """The lines of an answer to a file that is sent piece by piece, each a JSON value."""
        sent = {**headers, "content-type": media_type}
        patient = httpx.Timeout(60, read=None)
        given = _given(query)
        async with self._client.stream(
            "POST", path, content=body, headers=sent, params=given, timeout=patient
        ) as answer:
            if not answer.is_success:
                await answer.aread()
                _content(answer)
            async for line in answer.aiter_lines():
                yield orjson.loads(line)

    async def download(self, path: str, **query: Any) -> AsyncIterator[bytes]:
        """The pieces of a file."""
        patient = httpx.Timeout(60, read=None)
        async with self._client.stream("GET", path, params=_given(query), timeout=patient) as answer:
            if not answer.is_success:
                await answer.aread()
                _content(answer)
            async for piece in answer.aiter_bytes():
                yield piece

    async def post_for_lines(self, path: str, body: Any) -> AsyncIterator[Any]:
        """The lines of an answer that comes bit by bit, each a JSON value."""
        patient = httpx.Timeout(60, read=None)
        async with self._client.stream("POST", path, json=body, timeout=patient) as answer:
            if not answer.is_success:
                await answer.aread()
                _content(answer)
            async for line in answer.aiter_lines():
                yield orjson.loads(line)


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
    settings = at_the_files(settings)
    async with AsyncExitStack() as stack:
        try:
            parts = await stack.enter_async_context(open_parts(settings, asyncio.Event(), store=True, registry=True))
        except ConfigurationError as error:
            unheard = (
                f"no urbansense answers at {settings.client_api_url}; if it runs, set URBANSENSE_API_URL to its page"
            )
            raise ConfigurationError([*error.problems, unheard]) from error
        await parts.lookup.load(parts.log)
        publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
        desk = open_credentials(parts)
        stack.callback(desk.close)
        transport = StreamingTransport(api_app(parts, publisher, desk=desk))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=600) as client:
            yield Api(client)


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


def at_the_files(settings: Settings) -> Settings:
    """The same settings for the API in this process: who may open the files needs no login to it."""
    return settings.model_copy(update={"login": "off"})


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
    checks = (await client.get("/readyz")).json()["checks"]
    served = next((check["detail"] for check in checks if check["name"] == "place"), place_of(settings))
    if served != place_of(settings):
        raise ConfigurationError(
            f"the urbansense at {settings.client_api_url} serves {served}, not {place_of(settings)}: "
            f"set URBANSENSE_API_URL={settings.client_api_url} to mean that one, or URBANSENSE_HTTP_PORT to your own's"
        )


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _content(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:
        problem = {"title": f"HTTP {answer.status_code}", "detail": answer.text[:500]}
    raise Refused(problem)


def _lines(problem: dict[str, Any]) -> list[str]:
    faults = [f"{fault['where']}: {fault['detail']}" for fault in problem.get("errors") or ()]
    return [": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key)), *faults]
