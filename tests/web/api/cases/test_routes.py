"""`/api/v1/cases`: a report goes its way, and everybody does and sees what is theirs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from domain.time.units import HOUR_MS
from tests.web.city import NOON_MS, City
from tests.web.desk import (
    COVER,
    DISPATCHER,
    DRAINAGE,
    ELSEWHERE,
    LIGHTING,
    OPERATOR,
    SEEN,
    VIEWER,
    Desk,
    client,
    open_desk,
)

TERM = {"unit": "hour", "amount": 6}


@pytest.fixture
def desk(city: City, tmp_path: Path, database_url: str) -> Desk:
    return open_desk(city, tmp_path, database_url)


@pytest.fixture
async def api(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    async with client(desk.app()) as opened:
        yield opened


async def report(api: httpx.AsyncClient, body: dict[str, Any] = COVER, **headers: str) -> Any:
    answer = await api.post("/api/v1/cases", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def do(api: httpx.AsyncClient, case: Any, transition: str, **more: Any) -> httpx.Response:
    path = f"/api/v1/cases/{case['number']}/transitions"
    return await api.post(path, json={"transition": transition, **more})


async def dispatched(api: httpx.AsyncClient) -> Any:
    case = await report(api, SEEN)
    answer = await do(api, case, "dispatch", department="drainage", term=TERM)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_report_becomes_a_case_that_goes_its_way_to_the_end(api: httpx.AsyncClient, desk: Desk) -> None:
    case = await report(api)
    assert (case["state"], case["trusted"], case["revision"]) == ("accepted", False, 2)
    for actor, transition, more, state in (
        (OPERATOR, "send_to_verify", {}, "verifying"),
        (OPERATOR, "verify", {}, "filed"),
        (DISPATCHER, "dispatch", {"department": "drainage", "term": TERM}, "dispatched"),
        (DRAINAGE, "take", {"note": "on our way"}, "in_progress"),
        (DRAINAGE, "handle", {"note": "cover put back"}, "handled"),
        (OPERATOR, "send_to_check", {}, "checking"),
        (OPERATOR, "close", {}, "closed"),
    ):
        desk.actor = actor
        answer = await do(api, case, transition, **more)
        assert (answer.status_code, answer.json().get("state")) == (200, state), answer.text
    desk.actor = VIEWER
    answer = await api.get(f"/api/v1/cases/{case['case_id']}")
    told = answer.json()
    assert answer.headers["etag"] == f'"{told["revision"]}"' == '"9"'
    steps = [(step["transition"], step["actor"]) for step in told["history"]]
    assert steps[0] == ("report", "local")
    assert steps[-4:] == [("take", "dora"), ("handle", "dora"), ("send_to_check", "olga"), ("close", "olga")]
    assert told["history"][5]["note"] == "on our way"
    assert told["history"][4]["details"] == {"department": "drainage", "term": TERM}


async def test_an_inspectors_report_needs_no_verification_and_nobody_can_claim_that(api: httpx.AsyncClient) -> None:
    assert (await report(api, SEEN))["state"] == "filed"
    answer = await api.post("/api/v1/cases", json={**COVER, "trusted": True})
    assert answer.status_code == 422
    assert (await api.post("/api/v1/cases", json={**COVER, "source": "sensor"})).status_code == 422


async def test_the_same_report_under_one_key_is_one_case_however_often_it_is_sent(
    api: httpx.AsyncClient, desk: Desk
) -> None:
    body = {key: value for key, value in COVER.items() if key != "occurred_at_ms"}
    first = await report(api, body, **{"idempotency-key": "call-17"})
    desk.now_ms += 60_000
    again = await api.post("/api/v1/cases", json=body, headers={"idempotency-key": "call-17"})
    assert (again.status_code, again.json()["case_id"]) == (200, first["case_id"])
    assert again.json()["occurred_at_ms"] == NOON_MS
    other = await api.post("/api/v1/cases", json={**body, "severity": "minor"}, headers={"idempotency-key": "call-17"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:urbansense:problem:key-reused")
    assert (await report(api, body, **{"idempotency-key": "call-18"}))["case_id"] != first["case_id"]


async def test_of_two_who_act_at_once_the_second_is_told_what_happened(api: httpx.AsyncClient, desk: Desk) -> None:
    case = await dispatched(api)
    seen = {"if-match": f'"{case["revision"]}"'}
    desk.actor = DRAINAGE
    path = f"/api/v1/cases/{case['number']}/transitions"
    won = await api.post(path, json={"transition": "take"}, headers=seen)
    assert (won.status_code, won.headers["etag"]) == (200, f'"{case["revision"] + 1}"')
    desk.actor = DISPATCHER
    lost = await api.post(path, json={"transition": "suspend", "note": "frost"}, headers=seen)
    assert lost.status_code == 412
    problem = lost.json()
    assert problem["meanwhile"] == [
        {"revision": case["revision"] + 1, "transition": "take", "actor": "dora", "at_ms": NOON_MS}
    ]
    assert problem["revision"] == case["revision"] + 1
    assert "take by dora" in problem["detail"]


async def test_refusals_say_what_can_be_done_who_may_and_what_is_missing(api: httpx.AsyncClient, desk: Desk) -> None:
    case = await dispatched(api)
    illegal = await do(api, case, "close")
    assert illegal.status_code == 409
    assert {"take", "return", "urge"} <= set(illegal.json()["legal"])
    assert (await do(api, case, "fly")).status_code == 409
    desk.actor = OPERATOR
    assert (await do(api, case, "take")).status_code == 403
    desk.actor = DRAINAGE
    incomplete = await do(api, case, "return")
    assert (incomplete.status_code, incomplete.json()["needs"]) == (422, ["note"])
    assert (await do(api, case, "return", note="   ")).status_code == 422
    assert (await do(api, {"number": "2026-999999"}, "take")).status_code == 404


async def test_the_choices_are_exactly_what_then_succeeds(api: httpx.AsyncClient, desk: Desk) -> None:
    case = await dispatched(api)

    async def choices() -> dict[str, Any]:
        answer = await api.get(f"/api/v1/cases/{case['number']}/transitions")
        assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
        return {one["transition"]: one for one in answer.json()["items"]}

    desk.actor = DRAINAGE
    offered = await choices()
    assert set(offered) == {"take", "return", "ask_extension", "comment"}
    assert offered["return"]["needs"] == ["note"]
    assert offered["take"]["title"] == {"en": "Take on", "zh": "接单"}
    desk.actor = DISPATCHER
    assert "grant_extension" not in await choices()
    desk.actor = DRAINAGE
    assert (await do(api, case, "ask_extension", more=TERM, note="parts")).status_code == 200
    assert "ask_extension" not in await choices()
    desk.actor = DISPATCHER
    assert "grant_extension" in await choices()
    desk.actor = VIEWER
    assert await choices() == {}


async def test_a_dispatcher_is_told_whom_the_policy_proposes(api: httpx.AsyncClient) -> None:
    case = await report(api, SEEN)
    answer = (await api.get(f"/api/v1/cases/{case['number']}/transitions")).json()
    assert answer["proposals"][0] == {"department": "drainage", "term": {"unit": "hour", "amount": 6.0}}


async def test_a_duplicate_is_merged_by_its_number(api: httpx.AsyncClient) -> None:
    first, second = await report(api), await report(api)
    answer = await do(api, second, "merge", into=first["number"])
    assert (answer.status_code, answer.json()["merged_into"]) == (200, first["case_id"])
    assert (await do(api, first, "merge", into=str(uuid4()))).status_code == 404


async def test_nobody_sees_what_is_not_theirs(api: httpx.AsyncClient, desk: Desk) -> None:
    case = await dispatched(api)
    path = f"/api/v1/cases/{case['number']}"
    for actor, count in ((VIEWER, 1), (DRAINAGE, 1), (LIGHTING, 0), (ELSEWHERE, 0)):
        desk.actor = actor
        listing = (await api.get("/api/v1/cases", params={"total": True})).json()
        assert (len(listing["items"]), listing["total"]) == (count, count)
        assert (await api.get(path)).status_code == (200 if count else 404)
        assert (await api.get(f"{path}/transitions")).status_code == (200 if count else 404)
        assert (await api.get(f"{path}/attachments")).status_code == (200 if count else 404)
        statistics = (await api.get("/api/v1/cases/statistics")).json()
        assert (statistics["total"], sum(statistics["by_state"].values())) == (count, count)
        if not count:
            assert (await do(api, case, "comment", note="hello")).status_code == 404
    desk.actor = LIGHTING
    assert (await api.get("/api/v1/cases/workload")).json()["items"] == []


async def test_lists_take_every_filter_and_page_without_a_gap(api: httpx.AsyncClient, desk: Desk) -> None:
    overdue = await dispatched(api)
    desk.now_ms += 7 * HOUR_MS
    for number in range(4):
        await report(api, {**COVER, "problem": f"ponding-{number}", "area": "320582/111"})

    async def numbers(**query: Any) -> list[str]:
        answer = await api.get("/api/v1/cases", params=query)
        assert answer.status_code == 200, answer.text
        return [case["number"] for case in answer.json()["items"]]

    late = overdue["number"]
    assert await numbers(overdue=True) == [late]
    assert await numbers(order="due") == [late]
    assert await numbers(state="dispatched") == [late]
    assert len(await numbers(state=["dispatched", "accepted"])) == 5
    assert await numbers(department="drainage", severity="critical", source="inspector") == [late]
    assert len(await numbers(area="320582/111")) == 4
    assert len(await numbers(area="320582")) == 5
    assert await numbers(text="ONDING-2") == await numbers(problem="ponding-2") != []
    assert await numbers(to=NOON_MS + 1) == [late]
    assert await numbers(open=False) == []
    assert await numbers(due_before=NOON_MS + 6 * HOUR_MS) == []
    (listed,) = (await api.get("/api/v1/cases", params={"overdue": True})).json()["items"]
    assert listed["deadline_status"]["standing"] == "overdue"
    assert listed["deadline_status"]["overdue_ms"] == HOUR_MS
    paged: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = (await api.get("/api/v1/cases", params=query)).json()
        paged += [case["number"] for case in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert paged == await numbers()
    assert (await api.get("/api/v1/cases", params={"cursor": "ff"})).status_code == 422


async def test_the_load_of_departments_and_the_policy_are_data(api: httpx.AsyncClient) -> None:
    await dispatched(api)
    await report(api)
    loads = {one["department"]: one for one in (await api.get("/api/v1/cases/workload")).json()["items"]}
    assert (loads["drainage"]["open"], loads[None]["open"]) == (1, 1)
    policy = (await api.get("/api/v1/cases/policy")).json()
    assert {"drainage", "lighting"} <= set(policy["departments"])
    assert policy["terms"]
    assert policy["dispatch"][0]["department"]


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b"])
async def test_texts_that_no_database_holds_are_refused(api: httpx.AsyncClient, bad: str) -> None:
    escaped = "a\\u0000b" if "\0" in bad else "a\\ud800b"
    body = f'{{"source":"hotline","problem":"p","title":{{"en":"t"}},"description":"{escaped}"}}'
    headers = {"content-type": "application/json"}
    assert (await api.post("/api/v1/cases", content=body, headers=headers)).status_code == 422
    if "\0" in bad:
        assert (await api.get("/api/v1/cases", params={"text": bad})).status_code == 422
        assert (await api.get("/api/v1/cases", params={"area": bad})).status_code == 422
        assert (await api.get("/api/v1/cases/a%00b")).status_code == 422


async def test_who_only_handles_cannot_vouch_for_a_trusted_source(api: httpx.AsyncClient, desk: Desk) -> None:
    assert (await report(api, SEEN))["trusted"]
    desk.actor = DRAINAGE
    answer = await api.post("/api/v1/cases", json=SEEN)
    assert answer.status_code == 201
    assert not answer.json()["trusted"]


async def test_nobody_reports_where_they_may_not_act(api: httpx.AsyncClient, desk: Desk) -> None:
    desk.actor = ELSEWHERE
    answer = await api.post("/api/v1/cases", json=COVER)
    assert answer.status_code == 403
    assert "not in the area of eva" in answer.json()["detail"]
    assert (await api.post("/api/v1/cases", json={**COVER, "area": "320582/999/1"})).status_code == 201
