"""The workload through a platform from end to end, with or without a disturbance, to what is left when all is quiet."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from signal import SIGTERM
from typing import Any

import httpx

from streams.opening.by_url import EMBEDDED_FILE
from tests.e2e.disturbed.disturbance import Sender
from tests.e2e.disturbed.witness import Found, fetch_found, stages_of, until
from tests.e2e.disturbed.workload import REPORTS, RULES, Workload
from tests.e2e.processes.platform import Platform
from tests.servers.processes import Process

Done = Callable[[str], Awaitable[int]]
"""How many records the service of that name has dealt with."""
Disturbance = Callable[[Mapping[str, Process], Done, Sender], Iterable[Coroutine[Any, Any, None]]]
_SETTLED_WITHIN_S = 60


def nothing(services: Mapping[str, Process], done: Done, sender: Sender) -> Iterable[Coroutine[Any, Any, None]]:
    """No disturbance."""
    return ()


async def run_services(running: Platform, work: Workload, disturb: Disturbance) -> Found:
    """Gateway, recorder, rules worker and correlator, each a process of its own, on a log that serves several."""
    settings = running.settings
    await asyncio.to_thread(running.register, work.devices(), RULES)
    services = {name: running.service(name).start() for name in ("gateway", "rules-worker", "correlator")}
    services["recorder"] = running.recorder().start()
    async with stages_of(settings) as stages, running.watched():
        sender = Sender(settings.mqtt_url)
        await _send_disturbed(sender, work, disturb(services, stages.done, sender))
        await stages.settle(REPORTS, _SETTLED_WITHIN_S)
    for process in services.values():
        assert _ended_well(process), process.tail()
    return await fetch_found(settings)


def _ended_well(process: Process) -> bool:
    """It ended as it should; or it was killed so near the end of the work that it still started, and had nothing to end."""
    return process.stop() in (0, -SIGTERM)


async def run_up(running: Platform, work: Workload, disturb: Disturbance, mqtt_url: str | None = None) -> Found:
    """Everything in the one process of `up`, on the embedded log and store; it is asked by its API.

    `mqtt_url` is what the sender calls the broker, where that is not how `up` calls it.
    """
    settings = running.settings
    await asyncio.to_thread(running.register, work.devices(), RULES)
    services = {"up": running.service("up").start()}
    async with httpx.AsyncClient(base_url=settings.client_api_url, trust_env=False) as api, running.watched():

        async def done(_: str) -> int:
            return await asyncio.to_thread(_telemetry_in, settings.data_dir / EMBEDDED_FILE)

        async def settled() -> bool:
            ledger = await _ledger(api)
            distinct = ledger and ledger["rules"]["judged"] >= REPORTS
            return bool(distinct and not ledger["rules"]["pending"] and not ledger["store"]["pending"])

        async def events_told() -> bool:
            page = (await api.get("/api/v1/events", params={"limit": 1000})).raise_for_status().json()
            return {(event["event_id"], event["status"]) for event in page["items"]} >= expected

        expected = {(outcome.event_id, outcome.status) for outcome in work.outcomes()}
        sender = Sender(mqtt_url or settings.mqtt_url)
        await _send_disturbed(sender, work, disturb(services, done, sender))
        await until(settled, _SETTLED_WITHIN_S, "nothing pending in the ledger", every_s=0.3)
        await until(events_told, _SETTLED_WITHIN_S, "the events in the store", every_s=0.3)
    assert _ended_well(services["up"]), services["up"].tail()
    return await fetch_found(settings)


async def _send_disturbed(sender: Sender, work: Workload, disturbing: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Send the workload while it is disturbed; all of it must be acknowledged, once the broker is there."""
    async with asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(sender.send(work))
        for one in disturbing:
            tasks.create_task(one)
    sent = sending.result()
    assert sent.complete, sent
    assert sent.acknowledged == REPORTS


def _telemetry_in(path: Path) -> int:
    """How many telemetry records an embedded log holds, read from the file beside the process that has it: the API would
    answer too late to kill anything in time."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as file:
        ((records,),) = file.execute(
            "SELECT count(*) FROM records JOIN partitions ON partition = id WHERE topic LIKE '%telemetry.%'"
        )
    return int(records)


async def _ledger(api: httpx.AsyncClient) -> dict[str, dict[str, int]]:
    """The ledger as the API tells it; empty while nothing answers, or `up` is still starting."""
    try:
        answer = await api.get("/api/v1/ledger", timeout=10)
    except httpx.HTTPError:
        return {}
    if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
        return {}
    return dict(answer.raise_for_status().json())
