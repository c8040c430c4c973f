"""Bodies against their bounds, through the whole application: memory holds no more than the bound, whoever sends."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.web.city import open_city
from web.serving.app import create_app

JSON = {"content-type": "application/json"}
MIB = 1024 * 1024


@pytest.fixture
async def api(tmp_path: Path, migrated: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with open_city(tmp_path / "city", migrated) as city:
        transport = httpx.ASGITransport(create_app(city.services()))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as api:
            yield api


@pytest.mark.parametrize(
    ("path", "most_bytes"),
    [
        ("/api/v1/login", 16 * 1024),
        ("/api/v1/devices", MIB),
        ("/api/v1/silences", MIB),
        ("/api/v1/devices/search", 4 * MIB),
        ("/api/v1/areas", 16 * MIB),
        ("/api/v1/rules", MIB),
        ("/sta/v1.1/Things", MIB),
    ],
)
async def test_a_body_is_read_as_far_as_its_bound_and_no_further(
    api: httpx.AsyncClient, path: str, most_bytes: int
) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 64 * 1024
            yield b" " * (64 * 1024)

    sending = pieces()
    answer = await api.post(path, content=sending, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["detail"].startswith(f"the body is larger than {most_bytes} bytes")
    assert sent <= most_bytes + 2 * 64 * 1024


async def test_a_small_body_of_too_many_values_is_refused_unparsed(api: httpx.AsyncClient) -> None:
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(60_000)) + b"}"
    answer = await api.post("/api/v1/devices", content=body, headers=JSON)
    assert answer.status_code == 413
    assert "holds more than 50000 values" in answer.json()["detail"]


async def test_errors_without_end_are_counted_and_the_first_named(api: httpx.AsyncClient) -> None:
    body = b"{" + b",".join(b'"k%d":1' % number for number in range(5_000)) + b"}"
    answer = await api.post("/api/v1/devices", content=body, headers=JSON)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert len(errors) == 101
    assert errors[-1] == {"where": "body", "detail": "4902 more errors"}


async def test_of_a_list_the_first_bad_element_ends_the_reading(api: httpx.AsyncClient) -> None:
    answer = await api.put("/api/v1/areas", content=b"[" + b"1," * 100_000 + b"1]", headers=JSON)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"within":{"type":"Polygon","coordinates":' + b"[" * 200_000 + b"]" * 200_000 + b"}}",
        b'{"within":{"type":"Polygon","coordinates":[[[' + b"9" * 400 + b",1]]]}}",
        b'{"within":{"type":"Polygon","coordinates":[[[' + b"9" * 100_000 + b",1]]]}}",
        b'{"text":"\\ud800"}',
    ],
)
async def test_a_body_that_python_stumbles_over_is_a_refusal_and_no_bug(api: httpx.AsyncClient, body: bytes) -> None:
    answer = await api.post("/api/v1/devices/search", content=body, headers=JSON)
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("from_ms", ["9" * 30, "9" * 5_000, "9" * 16])
async def test_an_instant_that_no_store_counts_to_is_refused(api: httpx.AsyncClient, from_ms: str) -> None:
    assert (await api.get("/api/v1/events", params={"from": from_ms})).status_code == 422
