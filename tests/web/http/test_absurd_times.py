"""An instant beyond all calendars in a query is refused in words, or answered; it is never a failure of ours."""

from typing import Any

import httpx
import pytest

from tests.web.city import City, lamp

TIMES = {"from", "to", "at", "due_before", "since", "until", "resultTime", "phenomenonTime"}
ABSURD = [
    "9223372036854775807", "9223372036854775797", "99999999999999999999999", "253402300799999", "253402300800000",
    "-1", "-62135596800001", "-9223372036854775808", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00", "9" * 5000,
]  # fmt: skip


def asked(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Path and parameter of everything that is asked with a time."""
    return [
        (path, parameter["name"])
        for path, item in document["paths"].items()
        for parameter in item.get("get", {}).get("parameters", ())
        if parameter["name"] in TIMES and parameter["in"] == "query"
    ]


@pytest.mark.parametrize("at", ABSURD, ids=[text[:24] for text in ABSURD])
async def test_no_absurd_instant_is_a_failure_of_ours(city: City, api: httpx.AsyncClient, at: str) -> None:
    await city.put(lamp(0))
    rule = "{rule: lamp-dark, kind: streetlight, when: reading.active_power < 5}"
    await api.post("/api/v1/rules", content=rule, headers={"content-type": "application/yaml"})
    document = (await api.get("/api/openapi.json")).json()
    questions = asked(document)
    assert len(questions) > 5
    for path, name in questions:
        given = path.replace("{device_id}", "SL-0000").replace("{name}", "lamp-dark").replace("{event_id}", "x")
        response = await api.get(given, params={name: at, "device": "SL-0000"})
        assert response.status_code < 500, (path, name, at, response.text[:300])
