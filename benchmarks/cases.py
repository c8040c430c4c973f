"""The case desk under load: 100,000 open cases, transitions and lists through the API of a process of its own.

`python -m benchmarks.cases [--cases N] [--rate R] [--seconds S] [--database URL]`: fills a database with real rows, starts
`urbansense up` on it, does R transitions a second beside lists of every sort, and prints what was reached.
"""

import argparse
import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import insert

from cases.deadlines import CityTimes
from cases.policy import load_policy
from cases.storage import CaseStore
from cases.storage.store import case_row
from cases.storage.tables import cases, history, numbers
from cases.workflow.case import Case, Source
from cases.workflow.performing import Act, perform
from cases.workflow.states import State
from device_registry.storage.database import open_engine
from domain.actors import SYSTEM, Actor, Role
from domain.events import Severity, Text
from domain.time.units import DAY_MS
from tests.servers.ports import free_port
from urbansense.wiring.shared_database import SharedDatabase

PROBLEMS = ("cover-open", "lamp-out", "ponding", "cover-tilted", "road-damage", "exposed-rubbish", "pipe-blocked")
DEPARTMENTS = ("drainage", "lighting", "roads", "sanitation", "operations")
LISTS = (
    "open=true", "open=true&order=due", "open=true&overdue=true&order=due", "state=dispatched", "open=false",
    "department=drainage&open=true", "area=320582/110&open=true", "problem=cover-open&open=true",
    "severity=critical&open=true", "text=777 renmin&open=true",
    "open=true&department=roads&severity=critical",
)  # fmt: skip


def fill(url: str, count: int) -> None:
    """Cases in every state of the main path, dispatched by the shipped policy, reported over the last thirty days."""
    policy = load_policy()
    times = CityTimes(policy.calendar)
    book = CaseStore(SharedDatabase(open_engine(url)), times)
    chance = random.Random(6)
    now_ms = int(time.time() * 1000)
    year = time.gmtime().tm_year
    for first in range(0, count, 5_000):
        made = [
            _case(chance, number + 1, year, now_ms, policy, times) for number in range(first, min(first + 5_000, count))
        ]
        rows = [
            {
                "case_id": str(case.case_id), "revision": case.revision, "transition": "report", "actor": "urbansense",
                "at_ms": case.reported_at_ms, "note": "", "details": "{}", "published": True,
                "body": case.model_dump_json(),
            }
            for case in made
        ]  # fmt: skip
        with book.database.writing() as connection:
            connection.execute(insert(cases), [case_row(case) for case in made])
            connection.execute(insert(history), rows)
    with book.database.writing() as connection:
        connection.execute(insert(numbers).values(year=year, last=count))


def _case(chance: random.Random, number: int, year: int, now_ms: int, policy, times) -> Case:  # type: ignore[no-untyped-def]
    reported_ms = now_ms - chance.randrange(30 * DAY_MS)
    street = f"{chance.randrange(900)} Renmin Road"
    case = Case(
        case_id=UUID(int=chance.getrandbits(128)), number=f"{year}-{number:06d}", revision=1, state=State.REPORTED,
        source=chance.choice(list(Source)[1:]), problem=chance.choice(PROBLEMS), title=Text(en=f"At {street}", zh="井盖"),
        severity=chance.choice(list(Severity)), area=f"320582/{110 + chance.randrange(9)}/{chance.randrange(20)}",
        address=street, subject=f"MH-{number:06d}", occurred_at_ms=reported_ms - 60_000, reported_at_ms=reported_ms,
        trusted=True,
    )  # fmt: skip
    steps = chance.choice(
        (("accept",), ("accept", "file"), ("accept", "file", "dispatch"), ("accept", "file", "dispatch", "take"))
    )
    for step in steps:
        actor = SYSTEM if step != "take" else Actor("bench", frozenset({Role.ADMINISTRATOR}))
        department = chance.choice(DEPARTMENTS)
        case = perform(case, Act(step, actor, reported_ms, department=department, term=policy.term_for(case)), times)
    return case


async def measure(url: str, rate: float, seconds: float) -> bool:
    """Whether the rate was kept with every list under 100 ms at the 95th percentile."""
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30, limits=limits) as client:
        numbers = await _dispatched(client, int(rate * seconds / 2) + 20)
        acting: list[float] = []
        listing: dict[str, list[float]] = {query: [] for query in LISTS}
        began = time.monotonic()
        stop = asyncio.Event()
        reading = asyncio.create_task(_read(client, listing, stop))
        running: set[asyncio.Task[None]] = set()
        bound = asyncio.Semaphore(8)
        half = numbers[: int(rate * seconds / 2)]
        for turn, (step, number) in enumerate([*(("take", n) for n in half), *(("handle", n) for n in half)]):
            await asyncio.sleep(max(0.0, began + turn / rate - time.monotonic()))
            task = asyncio.create_task(_timed(acting, bound, partial(_act, client, number, step)))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        took = time.monotonic() - began
        stop.set()
        await reading
    print(
        f"transitions: {len(acting) / took:.1f}/s of {rate:g}/s asked, "
        f"p50 {_at(acting, 50):.1f} ms, p95 {_at(acting, 95):.1f} ms"
    )
    for query, times in listing.items():
        print(f"list p50 {_at(times, 50):6.1f} ms  p95 {_at(times, 95):6.1f} ms  n {len(times):4d}  {query}")
    everything = [one for times in listing.values() for one in times]
    print(f"all lists: p50 {_at(everything, 50):.1f} ms, p95 {_at(everything, 95):.1f} ms")
    return len(acting) / took > rate * 0.95 and _at(everything, 95) < 100


async def _dispatched(client: httpx.AsyncClient, count: int) -> list[str]:
    numbers: list[str] = []
    query: dict[str, str | int] = {"state": "dispatched", "limit": 1000}
    while len(numbers) < count:
        page = (await client.get("/api/v1/cases", params=query)).raise_for_status().json()
        numbers += [case["number"] for case in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    return numbers


async def _act(client: httpx.AsyncClient, number: str, step: str) -> None:
    body = {"transition": step, "note": "bench"}
    (await client.post(f"/api/v1/cases/{number}/transitions", json=body)).raise_for_status()


async def _timed(into: list[float], bound: asyncio.Semaphore, work: Callable[[], Awaitable[None]]) -> None:
    async with bound:
        began = time.monotonic()
        await work()
        into.append((time.monotonic() - began) * 1000)


async def _read(client: httpx.AsyncClient, listing: dict[str, list[float]], stop: asyncio.Event) -> None:
    """One list after the other, as somebody at a desk would, ten a second."""
    while not stop.is_set():
        for query, times in listing.items():
            began = time.monotonic()
            (await client.get(f"/api/v1/cases?limit=50&{query}")).raise_for_status()
            times.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(0.1)


def _at(times: list[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else float("nan")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--cases", type=int, default=100_000)
    options.add_argument("--rate", type=float, default=50)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--database", default="")
    options.add_argument("--filled", action="store_true", help="the database is filled already")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="urbansense-cases-") as folder:
        database = given.database or f"sqlite:///{Path(folder, 'registry.db')}"
        began = time.monotonic()
        if not given.filled:
            fill(database, given.cases)
            print(f"filled with {given.cases} open cases in {time.monotonic() - began:.0f} s")
        port = free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("URBANSENSE_")},
            "URBANSENSE_DATA_DIR": folder, "URBANSENSE_DATABASE_URL": database, "URBANSENSE_HTTP_PORT": str(port),
            "URBANSENSE_MQTT_URL": f"embedded://127.0.0.1:{free_port()}", "URBANSENSE_LOG_LEVEL": "warning",
        }  # fmt: skip
        served = subprocess.Popen([sys.executable, "-m", "urbansense", "up"], env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            _until_ready(url)
            return 0 if asyncio.run(measure(url, given.rate, given.seconds)) else 1
        finally:
            served.terminate()
            served.wait(30)


def _until_ready(url: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{url}/healthz", trust_env=False, timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise SystemExit("urbansense did not answer within a minute")


if __name__ == "__main__":
    sys.exit(main())
