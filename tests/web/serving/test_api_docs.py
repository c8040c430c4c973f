"""`/api/docs` and the OpenAPI document behind it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

from web.serving.api_docs import render_docs

V1 = {
    "/api/v1/appraisal",
    "/api/v1/appraisal.csv",
    "/api/v1/appraisal.html",
    "/api/v1/areas",
    "/api/v1/areas/history",
    "/api/v1/audit",
    "/api/v1/audit/verify",
    "/api/v1/calendars",
    "/api/v1/calendars/{name}",
    "/api/v1/cases",
    "/api/v1/cases/policy",
    "/api/v1/cases/statistics",
    "/api/v1/cases/workload",
    "/api/v1/cases/{case}",
    "/api/v1/cases/{case}/attachments",
    "/api/v1/cases/{case}/attachments/{attachment_id}",
    "/api/v1/cases/{case}/transitions",
    "/api/v1/credentials",
    "/api/v1/credentials/broker-file",
    "/api/v1/credentials/certificates",
    "/api/v1/credentials/history",
    "/api/v1/credentials/missing",
    "/api/v1/credentials/revoke",
    "/api/v1/credentials/rotate",
    "/api/v1/credentials/sync",
    "/api/v1/devices",
    "/api/v1/devices/export",
    "/api/v1/devices/history",
    "/api/v1/devices/import",
    "/api/v1/devices/import/file",
    "/api/v1/devices/search",
    "/api/v1/devices/statistics",
    "/api/v1/devices/verify",
    "/api/v1/devices/{device_id}",
    "/api/v1/devices/{device_id}/health",
    "/api/v1/devices/{device_id}/history",
    "/api/v1/devices/{device_id}/telemetry",
    "/api/v1/events",
    "/api/v1/events/{event_id}",
    "/api/v1/events/{event_id}/explain",
    "/api/v1/ledger",
    "/api/v1/login",
    "/api/v1/logout",
    "/api/v1/me",
    "/api/v1/me/logout",
    "/api/v1/me/password",
    "/api/v1/ngsi-ld/entities",
    "/api/v1/notifications",
    "/api/v1/notifications/preferences/{username}",
    "/api/v1/notifications/retry",
    "/api/v1/pending-devices",
    "/api/v1/pending-devices/{name}",
    "/api/v1/pending-devices/{name}/accept",
    "/api/v1/pending-devices/{name}/refuse",
    "/api/v1/people/departments",
    "/api/v1/people/departments/{name}",
    "/api/v1/people/tokens",
    "/api/v1/people/tokens/{token_id}/revoke",
    "/api/v1/people/users",
    "/api/v1/people/users/{username}",
    "/api/v1/people/users/{username}/logout",
    "/api/v1/people/users/{username}/password",
    "/api/v1/profiles",
    "/api/v1/profiles/{name}",
    "/api/v1/profiles/{name}/history",
    "/api/v1/rejected",
    "/api/v1/rejected/replay",
    "/api/v1/rules",
    "/api/v1/rules/{name}",
    "/api/v1/rules/{name}/backtest",
    "/api/v1/rules/{name}/mode",
    "/api/v1/rules/{name}/rollback",
    "/api/v1/rules/{name}/versions",
    "/api/v1/rules/{name}/why-not",
    "/api/v1/silences",
    "/api/v1/silences/{silence_id}/end",
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
