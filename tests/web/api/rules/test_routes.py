"""`/api/v1/rules`."""

import httpx

LAMP_OUT = "{rule: lamp-out, kind: streetlight, when: reading.active_power < 5}"
YAML = {"content-type": "application/yaml"}


async def test_an_applied_rule_is_in_force_with_its_author(api: httpx.AsyncClient) -> None:
    applied = await api.post("/api/v1/rules", content=LAMP_OUT, headers=YAML | {"x-author": "li"})
    assert applied.status_code == 200
    (rule,) = (await api.get("/api/v1/rules")).json()["items"]
    assert (rule["rule"], rule["version"], rule["author"], rule["problems"]) == ("lamp-out", 1, "li", [])
    assert applied.json()["items"] == [rule]


async def test_a_refused_document_names_line_and_column(api: httpx.AsyncClient) -> None:
    response = await api.post("/api/v1/rules", content="when: true\n", headers=YAML)
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"where": "line 1, column 1", "detail": "`kind` is missing"},
        {"where": "line 1, column 1", "detail": "`rule` is missing"},
    ]
    assert (await api.get("/api/v1/rules")).json() == {"items": [], "next": None}


async def test_a_form_posted_by_a_foreign_page_is_refused(api: httpx.AsyncClient) -> None:
    response = await api.post("/api/v1/rules", data={"rule": "x"})
    assert response.status_code == 415
