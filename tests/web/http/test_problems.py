"""Whatever goes wrong, the answer is a problem document."""

import errno
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from prometheus_client import CollectorRegistry

from domain.errors import TransientFault
from domain.ledger import Ledger
from tests.web.city import City
from web.serving.app import create_app


def problem(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    document = response.json()
    assert document["status"] == response.status_code
    return response.status_code, document["type"].rpartition(":")[2]


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/api/v1/nothing", (404, "not-found")),
        ("GET", "/api/", (404, "not-found")),
        ("GET", "/nothing", (404, "not-found")),
        ("DELETE", "/api/v1/devices", (405, "method-not-allowed")),
        ("GET", "/api/v1/devices/import/now", (404, "not-found")),
    ],
)
async def test_unknown_paths_and_methods(
    method: str, path: str, expected: tuple[int, str], api: httpx.AsyncClient
) -> None:
    assert problem(await api.request(method, path)) == expected


async def test_a_method_not_allowed_names_those_that_are(api: httpx.AsyncClient) -> None:
    response = await api.delete("/api/v1/devices")
    assert response.headers["allow"] == "GET"


async def test_a_foreign_host_name_is_refused(api: httpx.AsyncClient) -> None:
    response = await api.get("/api/v1/devices", headers={"host": "evil.example:8080"})
    assert problem(response) == (421, "unknown-host")


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost", "LOCALHOST:8080", "[::1]:8080"])
async def test_loopback_host_names_are_answered(host: str, api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz", headers={"host": host})).status_code == 200


@pytest.fixture
async def failing(city: City, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    async def ledger() -> Ledger:
        raise request.param

    app = create_app(replace(city.services(), ledger=ledger), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


@pytest.mark.parametrize("failing", [TransientFault("store away")], indirect=True)
async def test_a_store_that_is_away_is_to_be_asked_again(failing: httpx.AsyncClient) -> None:
    response = await failing.get("/api/v1/ledger")
    assert problem(response) == (503, "unavailable")
    assert response.headers["retry-after"] == "2"
    assert "store away" in response.json()["detail"]


@pytest.mark.parametrize("failing", [OSError(errno.ENOSPC, "No space left on device", "/data/x")], indirect=True)
async def test_a_full_disk_is_named_and_not_where_it_is(failing: httpx.AsyncClient) -> None:
    response = await failing.get("/api/v1/ledger")
    assert problem(response) == (507, "no-room")
    assert "No space left on device" in response.json()["detail"]
    assert "/data" not in response.text


@pytest.mark.parametrize("failing", [KeyError("secret"), OSError(errno.EIO, "secret")], indirect=True)
async def test_a_bug_tells_nothing_of_itself(failing: httpx.AsyncClient) -> None:
    response = await failing.get("/api/v1/ledger")
    assert problem(response) == (500, "internal")
    assert "secret" not in response.text


@pytest.mark.parametrize("bad", ["\\u0000", "\\ud800"])
async def test_a_body_that_nothing_can_store_is_refused_on_every_route(api: httpx.AsyncClient, bad: str) -> None:
    headers = {"content-type": "application/json"}
    answer = await api.post("/api/v1/devices/search", content=f'{{"text": "a{bad}b"}}', headers=headers)
    assert problem(answer) == (422, "invalid-request")
    assert answer.json()["errors"][0]["where"] == "body"
    assert problem(await api.get("/api/v1/devices?text=a%00b")) == (422, "invalid-request")
