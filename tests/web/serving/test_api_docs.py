"""`/api/docs` and the OpenAPI document behind it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

V1 = {
    "/api/v1/devices",
    "/api/v1/devices/import",
    "/api/v1/devices/search",
    "/api/v1/devices/{device_id}",
    "/api/v1/devices/{device_id}/telemetry",
    "/api/v1/events",
    "/api/v1/events/{event_id}",
    "/api/v1/ledger",
    "/api/v1/rejected",
    "/api/v1/rejected/replay",
    "/api/v1/ngsi-ld/entities",
    "/api/v1/rules",
    "/api/v1/stream",
}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


async def test_the_document_names_every_path_and_only_schemas_it_holds(api: httpx.AsyncClient) -> None:
    document = (await api.get("/api/openapi.json")).json()
    assert set(document["paths"]) == V1 | {"/healthz", "/readyz", "/metrics"}
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


async def test_errors_are_documented_as_problem_documents(api: httpx.AsyncClient) -> None:
    document = (await api.get("/api/openapi.json")).json()
    for methods in document["paths"].values():
        for operation in methods.values():
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]


async def test_the_page_lists_every_path_and_asks_nothing_of_another_host(api: httpx.AsyncClient) -> None:
    page = (await api.get("/api/docs")).text
    assert all(f"<code>{path}</code>" in page for path in V1)
    assert not re.findall(r"(?:src|href)=['\"]?(?:https?:)?//", page)
    assert "<script" not in page
