"""What answers on the port before the API does."""

import asyncio
from http import HTTPStatus

import httpx
import pytest

from urbansense.running.probe import ProbeServer
from web.api.operations.readiness import ReadinessWatch


@pytest.mark.parametrize(
    ("until_api", "status"), [(True, HTTPStatus.SERVICE_UNAVAILABLE), (False, HTTPStatus.NOT_FOUND)]
)
async def test_what_an_api_will_answer_is_unavailable_until_it_does(until_api: bool, status: HTTPStatus) -> None:
    probe = ProbeServer(0, ReadinessWatch({}), until_api=until_api)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(probe._app), base_url="http://127.0.0.1") as client:
        answer = await asyncio.wait_for(client.get("/api/v1/ledger"), 10)
        assert (await client.get("/healthz")).json() == {"status": "alive"}
    assert answer.status_code == status
    if until_api:
        assert answer.headers["retry-after"]
        assert answer.json()["detail"] == "try again later: urbansense starts"
