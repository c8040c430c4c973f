"""`/api/docs` and the OpenAPI document behind it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

from web.gate.access_table import ACCESS
from web.serving.api_docs import render_docs

WITH_A_PROVIDER = {"/api/v1/login/oidc", "/api/v1/login/oidc/callback"}
"""Routes that are there only where an identity provider is set."""
V1 = {entry.path for entry in ACCESS.entries if entry.path.startswith("/api/v1/")} - WITH_A_PROVIDER
"""The access table names every route, so a path that goes or comes unseen differs from it."""


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


def test_types_are_named_in_words_and_no_text_of_the_document_becomes_markup() -> None:
    evil = "<script>alert('1')</script>"
    items = {"anyOf": [{"$ref": "#/components/schemas/Lamp"}, {"type": "string"}, {"type": "null"}]}
    parameter = {"name": evil, "in": "query", "schema": {"type": evil, "default": evil}, "description": evil}
    answer = {"description": evil, "content": {evil: {"schema": {"type": "array", "items": items}}}}
    operation = {
        "operationId": evil,
        "description": f"{evil}\n{evil}",
        "tags": [evil],
        "parameters": [parameter],
        "requestBody": {"content": {evil: {}}},
        "responses": {"200": answer},
    }
    page = render_docs(
        {
            "info": {"title": evil, "version": evil, "description": evil},
            "paths": {f"/{evil}": {"get": operation}},
            "components": {"schemas": {evil: {"description": evil}}},
        }
    )
    assert "<script" not in page
    assert 'list of <a href="#schema-Lamp">Lamp</a> or string' in page
    assert page.count("&lt;script&gt;") == 20
