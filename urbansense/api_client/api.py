"""The API as commands use it: JSON in, JSON out, problem documents as errors."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import orjson

from domain.errors import UrbansenseError


class ApiRefused(UrbansenseError):
    """The API's problem document, as one line for each problem."""

    def __init__(self, problem: dict[str, Any]) -> None:
        self.problem = problem
        self.problems = tuple(_lines(problem))
        super().__init__("\n".join(self.problems))


class Api:
    """JSON in, JSON out. Raises: ApiRefused on a problem document."""

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


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _content(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json() if answer.content else None
    try:
        problem = answer.json()
    except ValueError:
        problem = {"title": f"HTTP {answer.status_code}", "detail": answer.text[:500]}
    raise ApiRefused(problem)


def _lines(problem: dict[str, Any]) -> list[str]:
    faults = [f"{fault['where']}: {fault['detail']}" for fault in problem.get("errors") or ()]
    return [": ".join(str(problem[key]) for key in ("title", "detail") if problem.get(key)), *faults]
