"""Backtests over what a live run stored: the same events, the same ids, whatever came late, twice or in silence."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from domain.events import Event, Status
from rules.backtest import BacktestResult, NothingStored
from rules.backtest.preparing import BacktestRequest
from tests.rules.engines import at
from tests.rules.service.lived_city import MINUTES, ON_EACH_STORE, RULES, City, devices, feed, reported_at, reports
from tests.rules.stages import eventually
from urbansense.api_client.streaming_transport import StreamingTransport
from web.api.rules.history import rule_history_routes
from web.http.problems import install_problem_handlers


async def backtest(city: City, name: str = "lamp-out", **asked: Any) -> Any:
    request = BacktestRequest(name, **{"from_ms": at(-60), "to_ms": at(MINUTES), "document": RULES, **asked})
    return await city.history.backtest(request, await city.history.prepare(request), lambda progress: None)


_COMPARED = ("since_ms", "opened_at_ms", "cleared_at_ms", "severity", "stale", "absorbed_by", "silenced_by", "unstable")


def summary(event: Event) -> tuple[Any, ...]:
    return (event.rule, event.subject, *(getattr(event, name) for name in _COMPARED))


@ON_EACH_STORE
async def test_a_backtest_finds_exactly_the_events_that_the_live_run_raised(city: City) -> None:
    await feed(city.stages, reports())
    await city.settled()
    live = {key: event for key, event in (await city.published()).items() if event.status is not Status.WITHDRAWN}
    result = await backtest(city)

    found = {str(event.event_id): event for event in result.candidate.events}
    assert {event.rule for event in live.values()} == {"lamp-out", "again", "silent", "cabinet-dead", "feeder-fault"}
    assert any(event.silenced_by for event in live.values())
    assert any(event.absorbed_by for event in live.values())
    assert sorted(map(summary, found.values())) == sorted(map(summary, live.values()))
    assert found.keys() == live.keys()
    assert result.candidate.too_late > 0


async def test_an_empty_store_is_reported_in_words(city: City) -> None:
    with pytest.raises(NothingStored, match="the store holds no report of streetlight or cabinet"):
        await backtest(city)


@ON_EACH_STORE
async def test_what_came_too_late_is_raised_afterwards_once_and_notifies_nobody(city: City) -> None:
    """L1 is dead for half an hour, but its reports of that time come two hours later."""
    device = next(device for device in devices() if device.device_id == "L1")
    published = [
        (60 + minute, reported_at(device, minute, 60 + minute if 10 <= minute < 40 else minute, readings))
        if 10 <= minute < 40
        else (minute, reported_at(device, minute, minute, readings))
        for minute in range(MINUTES)
        for readings in [_steady(dead=10 <= minute < 40)]
    ]
    await feed(city.stages, sorted(published, key=lambda entry: entry[0]))
    await city.settled()
    before = await city.published()
    assert {event.rule for event in before.values()} == {"silent"}

    result = await backtest(city, document=None, raise_missing=True)
    (raised,) = result.raised
    assert (raised.rule, raised.historical, raised.opened_at_ms, raised.cleared_at_ms) == (
        "lamp-out", True, at(14), at(41),
    )  # fmt: skip
    await city.settled()
    after = await city.published()
    assert after[str(raised.event_id)] == raised
    assert after.keys() - before.keys() == {str(raised.event_id)}

    again = await backtest(city, document=None, raise_missing=True)
    assert again.raised == []
    await city.settled()
    assert await city.published() == after


def _steady(*, dead: bool) -> dict[str, Any]:
    return {"dimming_level": 80.0, "active_power": 2.0 if dead else 96.0, "voltage": 230.0}


def client_of(city: City) -> httpx.AsyncClient:
    app = FastAPI()
    install_problem_handlers(app)
    app.include_router(rule_history_routes(city.history, city.store), prefix="/api/v1")
    return httpx.AsyncClient(transport=StreamingTransport(app), base_url="http://127.0.0.1")


PERIOD = {"from": "2026-05-29T04:00:00+08:00", "to": "2026-05-29T08:00:00+08:00"}


async def test_the_api_answers_line_by_line_and_last_the_result(city: City) -> None:
    await feed(city.stages, reports())
    await city.settled()
    body = {**PERIOD, "document": RULES, "against": RULES.replace("for: 3m", "for: 5m")}
    async with client_of(city) as api, api.stream("POST", "/api/v1/rules/lamp-out/backtest", json=body) as answer:
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [orjson.loads(line) async for line in answer.aiter_lines()]
    assert all(0 <= line["share"] <= 1 for line in lines[:-1])
    result = BacktestResult.model_validate(lines[-1]["result"])
    assert result.difference is not None
    assert result.difference.changed


@pytest.mark.parametrize(
    ("name", "body", "status", "words"),
    [
        ("nope", {}, 404, "rule nope is not known"),
        ("lamp-out", {"version": 7}, 404, "rule lamp-out version 7"),
        ("lamp-out", {"document": "rule: lamp-out\nkind: streetlight\nwhen: reading.x > 1"}, 422, "line 3"),
        ("lamp-out", {"document": RULES, "to": PERIOD["from"]}, 422, "the period is empty"),
        ("lamp-out", {"document": RULES.replace("3m", "4m"), "raise": True}, 422, "only that may raise events"),
        ("lamp-out", {"from": "yesterday"}, 422, "from"),
    ],
)
async def test_what_cannot_be_tried_is_refused_at_once(
    city: City, name: str, body: dict[str, Any], status: int, words: str
) -> None:
    async with client_of(city) as api:
        answer = await api.post(f"/api/v1/rules/{name}/backtest", json={**PERIOD, **body})
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


async def test_a_backtest_ends_when_nobody_listens_any_more(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    await feed(city.stages, reports())
    await city.settled()
    asked: list[int] = []
    fetch = city.store.fetch_reports

    async def slowly(*question: Any) -> Any:
        asked.append(question[1])
        await asyncio.sleep(0.3)
        return await fetch(*question)

    monkeypatch.setattr(city.store, "fetch_reports", slowly)
    body = {**PERIOD, "document": RULES}
    async with client_of(city) as api, api.stream("POST", "/api/v1/rules/lamp-out/backtest", json=body):
        await eventually(lambda: _some(asked), "the backtest has begun")
        begun = len(asked)
    await eventually(_nothing_runs, "the backtest has ended")
    assert len(asked) <= begun + 1


async def _nothing_runs() -> bool | None:
    running = [task for task in asyncio.all_tasks() if "LogRuleHistory.backtest" in repr(task)]
    return None if running else True


async def _some(asked: list[int]) -> bool | None:
    return True if asked else None
