"""`/api/v1/rules/{name}`, `/calendars`, `/silences`, shadow events and rule metrics, over a real log and worker."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from domain.topics import Topics
from rules.service.rules import RuleService
from rules.service.services import RuleServices
from rules.service.shadow_events import ShadowEventService
from rules.service.silences import SilenceService
from streams.opening.by_url import open_log
from tests.rules.engines import LAMP_OUT, T0_MS, lamp, report
from tests.rules.stages import Registry, Stages, eventually
from tests.web.city import City
from web.serving.app import create_app

YAML = {"content-type": "application/yaml", "x-author": "li"}
RULES = "/api/v1/rules"
BROKEN = "{rule: broken, kind: streetlight, when: reading.active_power < device.limit}"
SHADOW = "{rule: dim, kind: streetlight, when: reading.active_power < 50, mode: shadow}"
HOLIDAYS = "{calendar: holidays, open: [2026-10-01]}"
NIGHTLY = "{rule: nightly, kind: streetlight, when: reading.voltage > 250, active: {outside: holidays}}"


class HandClock:
    """The clock of the data, set by hand."""

    now = T0_MS

    async def now_ms(self) -> int:
        return self.now


@pytest.fixture
async def stages(tmp_path: Path) -> AsyncIterator[Stages]:
    topics = Topics(partitions=2, kinds=("streetlight",))
    log = await open_log("embedded:", tmp_path)
    await log.ensure_topics(topics.specs())
    stages = Stages(log, topics)
    yield stages
    await stages.stop()
    await log.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def desk(city: City, stages: Stages, clock: HandClock) -> AsyncIterator[httpx.AsyncClient]:
    services = city.services()
    rules = RuleServices(
        RuleService(stages.log, stages.topics),
        SilenceService(stages.log, stages.topics, clock.now_ms),
        ShadowEventService(stages.log, stages.topics),
        services.rules.history,
    )
    app = create_app(replace(services, rules=rules), registry=CollectorRegistry())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


async def apply(desk: httpx.AsyncClient, text: str, note: str = "") -> Any:
    response = await desk.post(RULES, content=text, headers=YAML, params={"note": note})
    assert response.status_code == 200, response.text
    return response.json()


async def refused(response: httpx.Response, status: int, kind: str, words: str) -> None:
    assert response.status_code == status, response.text
    assert response.json()["type"] == f"urn:urbansense:problem:{kind}"
    assert words in response.text


# Versions


async def test_versions_tell_author_note_and_which_one_is_in_force(desk: httpx.AsyncClient) -> None:
    await apply(desk, LAMP_OUT, "first")
    await apply(desk, LAMP_OUT.replace("2m", "3m"), "二")
    path = f"{RULES}/lamp-out"
    back = await desk.post(f"{path}/rollback", json={"version": 1, "note": "too slow"}, headers={"x-author": "wang"})
    assert (back.status_code, back.json()["version"]) == (200, 1)
    versions = (await desk.get(f"{path}/versions")).json()["items"]
    assert [(one["version"], one["author"], one["note"]) for one in versions] == [(1, "li", "first"), (2, "li", "二")]
    assert versions[1]["in_force"] is None
    assert {name: versions[0]["in_force"][name] for name in ("author", "note")} == {
        "author": "wang",
        "note": "too slow",
    }
    assert "for: 2m" in (await desk.get(path)).json()["text"]
    assert "for: 3m" in (await desk.get(path, params={"version": 2})).json()["text"]


async def test_a_mode_is_set_by_a_new_version_and_a_removed_rule_is_no_longer_listed(desk: httpx.AsyncClient) -> None:
    await apply(desk, LAMP_OUT)
    path = f"{RULES}/lamp-out"
    shadow = (await desk.post(f"{path}/mode", json={"mode": "shadow", "note": "let us see"})).json()
    assert (shadow["version"], shadow["mode"], shadow["note"]) == (2, "shadow", "let us see")
    assert (await desk.delete(path)).status_code == 204
    assert (await desk.get(RULES)).json()["items"] == []
    assert len((await desk.get(f"{path}/versions")).json()["items"]) == 2


async def test_what_cannot_be_changed_is_a_problem_document(desk: httpx.AsyncClient) -> None:
    await apply(desk, f"{NIGHTLY}\n---\n{HOLIDAYS}")
    await refused(await desk.get(f"{RULES}/ghost"), 404, "not-found", "rule ghost")
    await refused(await desk.get(f"{RULES}/nightly?version=7"), 404, "not-found", "version 7")
    await refused(await desk.delete(f"{RULES}/ghost"), 404, "not-found", "rule ghost")
    ghost = await desk.post(f"{RULES}/nightly/rollback", json={"version": 7})
    await refused(ghost, 404, "not-found", "rule nightly version 7")
    mode = await desk.post(f"{RULES}/nightly/mode", json={"mode": "loud"})
    await refused(mode, 422, "invalid-request", "mode")
    await refused(await desk.delete("/api/v1/calendars/holidays"), 409, "conflict", "named by nightly")
    unknown = await desk.post(RULES, content=NIGHTLY.replace("holidays", "feasts"), headers=YAML)
    await refused(unknown, 422, "refused-rule", "there is no calendar 'feasts'")
    form = await desk.post(f"{RULES}/nightly/mode", content='{"mode": "off"}', headers={"content-type": "text/plain"})
    assert form.status_code == 422, "a form posted by a foreign page changes nothing"
    assert (await desk.get(RULES)).json()["items"][0]["version"] == 1


async def test_a_group_has_no_kind_and_is_taken(desk: httpx.AsyncClient) -> None:
    group = "{rule: feeder, group: {of: lamp-out, by: parent, at_least: 3, within: 10m}}"
    applied = await apply(desk, f"{LAMP_OUT}---\n{group}")
    assert [one["kind"] for one in applied["items"]] == ["streetlight", ""]


async def test_calendars_are_applied_beside_rules_listed_and_taken_away(desk: httpx.AsyncClient) -> None:
    applied = await apply(desk, HOLIDAYS, "2026")
    (listed,) = (await desk.get("/api/v1/calendars")).json()["items"]
    assert applied["calendars"] == [listed]
    assert (listed["calendar"], listed["version"], listed["author"], listed["note"]) == ("holidays", 1, "li", "2026")
    assert (await desk.get("/api/v1/calendars/holidays")).json() == listed
    assert (await desk.delete("/api/v1/calendars/holidays")).status_code == 204
    await refused(await desk.get("/api/v1/calendars/holidays"), 404, "not-found", "holidays")


# Health and shadow


async def test_a_rule_that_fails_is_unhealthy_in_the_list_and_in_the_metrics_and_the_others_go_on(
    desk: httpx.AsyncClient, stages: Stages
) -> None:
    await apply(desk, f"{LAMP_OUT}---\n{BROKEN}")
    stages.worker(Registry([lamp(attributes={"limit": "high"})]))
    for minute in range(4):
        await stages.report(report(minute, 2.0))
    await stages.published(1)
    await stages.judged(4)
    broken, lamp_out = (await desk.get(RULES)).json()["items"]
    assert (broken["rule"], broken["errors"], broken["opened"]) == ("broken", 4, 0)
    assert "device.limit" in broken["problems"][0]
    assert (lamp_out["problems"], lamp_out["errors"], lamp_out["opened"]) == ([], 0, 1)
    metrics = (await desk.get("/metrics")).text
    assert 'urbansense_rule_healthy{mode="live",rule="broken",version="1"} 0.0' in metrics
    assert 'urbansense_rule_healthy{mode="live",rule="lamp-out",version="1"} 1.0' in metrics
    assert 'urbansense_rule_errors{rule="broken"} 4.0' in metrics
    assert 'urbansense_rule_opened{rule="lamp-out"} 1.0' in metrics


async def test_what_a_shadow_rule_would_have_raised_is_listed_apart(desk: httpx.AsyncClient, stages: Stages) -> None:
    await apply(desk, f"{SHADOW}\n---\n{LAMP_OUT}")
    stages.worker(Registry([lamp()]))
    await stages.report(report(0, 20.0))

    async def shadows() -> list[Any] | None:
        found: list[Any] = (await desk.get("/api/v1/events?shadow=true")).json()["items"]
        return found or None

    (opened,) = await eventually(shadows, "the shadow event is listed")
    assert (opened["rule"], opened["status"], opened["revision"]) == ("dim", "open", 1)
    await stages.report(report(1, 80.0))
    await stages.published(2, stages.topics.rules_shadow)
    (cleared,) = (await desk.get("/api/v1/events?shadow=true&rule=dim&status=cleared")).json()["items"]
    assert (cleared["event_id"], cleared["revision"]) == (opened["event_id"], 2)
    assert (await desk.get("/api/v1/events?shadow=true&status=open")).json()["items"] == []
    assert (await desk.get("/api/v1/events")).json()["items"] == []
    assert (await desk.get("/api/v1/events?shadow=true&cursor=x")).status_code == 422


async def test_shadow_events_come_page_by_page(desk: httpx.AsyncClient, stages: Stages) -> None:
    await apply(desk, SHADOW)
    stages.worker(Registry([lamp()]))
    await stages.report(*(report(minute, 20.0 + 60 * (minute % 2)) for minute in range(5)))
    await stages.published(5, stages.topics.rules_shadow)
    first = (await desk.get("/api/v1/events?shadow=true&limit=2")).json()
    rest = (await desk.get("/api/v1/events", params={"shadow": True, "limit": 2, "cursor": first["next"]})).json()
    found = [event["opened_at_ms"] for event in first["items"] + rest["items"]]
    assert found == [T0_MS + minute * 60_000 for minute in (4, 2, 0)]
    assert rest["next"] is None


# Silences


async def test_a_silence_begins_and_ends_by_the_clock_of_the_data(desk: httpx.AsyncClient, clock: HandClock) -> None:
    new = {"reason": "roadworks", "ends_at_ms": T0_MS + 3_600_000, "matches": {"area": "320582/110"}}
    added = await desk.post("/api/v1/silences", json=new, headers={"x-author": "li"})
    assert added.status_code == 201, added.text
    silence = added.json()
    assert (silence["author"], silence["starts_at_ms"], silence["is_in_force"]) == ("li", T0_MS, True)
    clock.now += 60_000
    ended = (await desk.post(f"/api/v1/silences/{silence['id']}/end", json={})).json()
    assert (ended["ends_at_ms"], ended["is_in_force"]) == (T0_MS + 60_000, False)
    listed = (await desk.get("/api/v1/silences")).json()
    assert (listed["items"], listed["now_ms"]) == ([ended], clock.now)


async def test_a_maintenance_window_that_has_not_begun_is_taken_back(desk: httpx.AsyncClient) -> None:
    window = {
        "id": "works-7", "reason": "works", "matches": {"rule": "lamp-out"},
        "starts_at_ms": T0_MS + 1_000, "ends_at_ms": T0_MS + 2_000,
    }  # fmt: skip
    assert not (await desk.post("/api/v1/silences", json=window)).json()["is_in_force"]
    await refused(await desk.post("/api/v1/silences", json=window), 409, "conflict", "works-7")
    await desk.post("/api/v1/silences/works-7/end", json={})
    assert (await desk.get("/api/v1/silences")).json()["items"] == []


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"matches": {}}, 422, "at least one"),
        ({"ends_at_ms": T0_MS - 1}, 422, "ends_at_ms"),
        ({"starts_at_ms": T0_MS + 9, "ends_at_ms": T0_MS + 8}, 422, "ends_at_ms"),
        ({"reason": ""}, 422, "reason"),
        ({"id": "no spaces"}, 422, "id"),
    ],
)
async def test_a_silence_that_silences_nothing_is_refused(
    desk: httpx.AsyncClient, change: dict[str, Any], status: int, words: str
) -> None:
    new = {"reason": "x", "ends_at_ms": T0_MS + 1, "matches": {"rule": "lamp-out"}} | change
    response = await desk.post("/api/v1/silences", json=new)
    assert response.status_code == status
    assert words in response.text


async def test_ending_an_unknown_silence_is_not_found(desk: httpx.AsyncClient) -> None:
    await refused(await desk.post("/api/v1/silences/ghost/end", json={}), 404, "not-found", "ghost")
