"""One load from its first connection to its report.

connect ──▶ ledger ──▶ schedule … all acknowledged ──▶ log seen, events seen, ledgers drained ──▶ report
                          └── watched meanwhile: telemetry, events, CPU and memory
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np

from simulators.fleet.plan import LoadOutcome, LoadPlan
from simulators.fleet.supervision import Fleet, OnProgress
from urbansense.evaluation.load.build_report import build_report
from urbansense.evaluation.load.observations import Observations, tripping_messages
from urbansense.evaluation.load.observers import Observer
from urbansense.evaluation.load.report import LoadReport
from urbansense.evaluation.load.target import Target
from urbansense.evaluation.load.usage import BucketQuantiles, Buckets, Service, Usage, fetch_ages

_T = TypeVar("_T")
_LEAD_S: Final = 1.0
_QUIET_S: Final = 6.0
_LOOK_EVERY_S: Final = 0.2
_OWN: Final = "load: observer"


@dataclass(frozen=True, slots=True)
class Bench:
    """What stays the same from run to run: the platform, who watches its log, and the services to measure."""

    target: Target
    watch: Observer
    services: Sequence[Service]
    settle_s: float = 60.0


async def run_load(
    bench: Bench, plan: LoadPlan, rate: float, stop: asyncio.Event, on_progress: OnProgress | None = None
) -> LoadReport:
    """Drive the plan, wait until the platform has dealt with it, and report; not judged yet.

    When `stop` is set the schedule is cut short, and the report is of what was sent. Raises: what `Fleet` raises.
    """
    async with Fleet(plan) as fleet:
        drivers = [Service(f"load: driver {n}", pid=pid) for n, pid in enumerate(fleet.pids, start=1)]
        usage = Usage([*bench.services, *drivers, Service(_OWN, pid=os.getpid())])
        before, ages_before = await bench.target.ledger(), await fetch_ages(list(bench.services))
        start_ms = int((time.time() + _LEAD_S) * 1000)
        observations = bench.watch.observations = Observations(plan, start_ms)
        async with _in_background(usage.watch()):
            outcome = await _until_stopped(fleet, start_ms, stop, on_progress)
    await _see_all(bench, plan, outcome, observations, stop)
    ages = await _stored(bench, ages_before, observations.distinct if bench.watch.sees_log else outcome.acknowledged)
    after = await _drained(bench)
    bench.watch.observations = None
    left_out = [*bench.watch.left_out]
    if not ages.count:
        left_out.append(
            "store latency: no service named with --service is a recorder that tells the age of its reports"
        )
    if stop.is_set():
        left_out.append("the run was stopped before its end")
    return build_report(
        plan, rate, start_ms, outcome, observations,
        sees_log=bench.watch.sees_log, ages=ages, ledgers=(before, after), samples=usage.samples, left_out=left_out,
    )  # fmt: skip


async def _until_stopped(
    fleet: Fleet, start_ms: int, stop: asyncio.Event, on_progress: OnProgress | None
) -> LoadOutcome:
    async def stopping() -> None:
        await stop.wait()
        await fleet.stop()

    async with _in_background(stopping()):
        return await fleet.run(start_ms, on_progress)


async def _see_all(
    bench: Bench, plan: LoadPlan, outcome: LoadOutcome, observations: Observations, stop: asyncio.Event
) -> None:
    """Wait until all that was acknowledged is seen, or nothing more comes for a while."""
    acknowledged = np.unpackbits(outcome.acknowledged_bits, count=plan.profile.schedule.total)
    events = int(acknowledged[tripping_messages(plan)].sum())
    reports = outcome.acknowledged if bench.watch.sees_log else 0
    state, since_s, began_s = (-1, -1), time.monotonic(), time.monotonic()
    while time.monotonic() - began_s < bench.settle_s:
        seen = (observations.distinct, len(observations.opened))
        if seen[0] >= reports and seen[1] >= events:
            return
        if seen != state:
            state, since_s = seen, time.monotonic()
        elif time.monotonic() - since_s > _QUIET_S:
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def _stored(bench: Bench, before: Buckets, reports: int) -> BucketQuantiles:
    """What the recorder reports as stored, once that is as many reports as arrived, or does not grow any more."""

    async def ask() -> BucketQuantiles:
        return BucketQuantiles.between(before, await fetch_ages(list(bench.services)))

    if not before:
        return await ask()
    return await _settled(ask, lambda found: found.count >= reports, lambda found: found.count, bench.settle_s)


async def _drained(bench: Bench) -> Mapping[str, Any]:
    """The ledger, once nothing is pending or that does not shrink any more."""

    def pending(ledger: Mapping[str, Any]) -> int:
        return int(ledger["store"]["pending"]) + int(ledger["rules"]["pending"])

    return await _settled(bench.target.ledger, lambda ledger: not pending(ledger), pending, bench.settle_s)


async def _settled(
    ask: Callable[[], Awaitable[_T]], is_done: Callable[[_T], bool], measure: Callable[[_T], int], within_s: float
) -> _T:
    found = await ask()
    state, since_s, began_s = measure(found), time.monotonic(), time.monotonic()
    while not is_done(found) and time.monotonic() - began_s < within_s and time.monotonic() - since_s < _QUIET_S:
        await asyncio.sleep(_LOOK_EVERY_S)
        found = await ask()
        if measure(found) != state:
            state, since_s = measure(found), time.monotonic()
    return found


@asynccontextmanager
async def _in_background(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
