"""A whole `urbansense load`: the platform made ready, one run or the search for the limit, and the platform left as it was.

register devices, apply rule ──▶ rehearse ──▶ run ──▶ (drain, run again at another rate) ──▶ remove rule and devices
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from domain.errors import TransientFault
from simulators.fleet.plan import LoadPlan
from simulators.fleet.supervision import OnProgress
from urbansense.configuration.settings import Settings
from urbansense.evaluation.load.judging import Thresholds, judge
from urbansense.evaluation.load.limit import search
from urbansense.evaluation.load.observers import Observer, observer_for
from urbansense.evaluation.load.preflight import run_preflight
from urbansense.evaluation.load.report import LoadReport
from urbansense.evaluation.load.run import Bench, run_load
from urbansense.evaluation.load.target import RULE, Target, load_devices, open_target, probe_rule
from urbansense.evaluation.load.usage import Service

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for."""

    plan_for: Callable[[float], LoadPlan]
    rate: float
    thresholds: Thresholds
    services: Sequence[Service]
    find_limit: bool
    keep: bool
    on_progress: Callable[[LoadPlan], OnProgress]


@dataclass(slots=True)
class Session:
    """The reports in the order of the runs; with a search the `limit` it found, and what is left on the platform."""

    reports: list[LoadReport] = field(default_factory=list)
    searched: bool = False
    limit: float | None = None
    left_behind: str = ""

    @property
    def best(self) -> LoadReport | None:
        """The run that decides: the only one, or the one at the limit."""
        if not self.searched:
            return self.reports[-1] if self.reports else None
        at_limit = [report for report in self.reports if report.asked.rate_per_s == self.limit]
        return at_limit[-1] if at_limit else None

    @property
    def decisive(self) -> LoadReport | None:
        """The run to write down: that one, or the last where nothing passed."""
        return self.best or (self.reports[-1] if self.reports else None)


async def run_session(settings: Settings, wanted: Wanted, stop: asyncio.Event) -> Session:
    """Everything from the platform as it is to the platform as it was. Raises: ConfigurationError, TransientFault."""
    session = Session(searched=wanted.find_limit)
    sample = wanted.plan_for(wanted.rate)
    services = list(wanted.services) or [Service("urbansense", url=f"{settings.client_api_url}/metrics")]
    async with (
        open_target(settings) as target,
        _watched(observer_for(target, settings, sample.kind.kind)) as watch,
        _prepared(target, sample, session, keep=wanted.keep),
    ):
        await run_preflight(watch, sample.endpoint, sample.kind, sample.devices, f"{sample.client_prefix}rehearsal")
        bench = Bench(target, watch, services)
        if wanted.find_limit:
            await _find_limit(bench, wanted, session, stop)
        else:
            session.reports.append(await _judged(bench, wanted, sample, wanted.rate, stop))
    return session


async def _find_limit(bench: Bench, wanted: Wanted, session: Session, stop: asyncio.Event) -> None:
    tries = search(wanted.rate)
    rate = next(tries)
    while not stop.is_set():
        report = await _judged(bench, wanted, wanted.plan_for(rate), rate, stop)
        session.reports.append(report)
        if report.passed:
            session.limit = max(session.limit or 0.0, rate)
        try:
            rate = tries.send(report.passed)
        except StopIteration:
            return


async def _judged(bench: Bench, wanted: Wanted, plan: LoadPlan, rate: float, stop: asyncio.Event) -> LoadReport:
    report = await run_load(bench, plan, rate, stop, wanted.on_progress(plan))
    return replace(report, verdicts=judge(report, wanted.thresholds))


@asynccontextmanager
async def _prepared(target: Target, plan: LoadPlan, session: Session, *, keep: bool) -> AsyncIterator[None]:
    """Devices registered and the rule in force; removed again unless `keep`; `left_behind` names what stays."""
    interval_s = max(1, round(plan.devices / plan.profile.schedule.mean_rate))
    devices = load_devices(plan.kind, plan.devices, interval_s)
    ids = [device.device_id for device in devices]
    try:
        await target.register(devices)
        await target.apply_rule(probe_rule(plan.kind))
        yield
    finally:
        if not keep:
            with contextlib.suppress(asyncio.CancelledError):
                await target.remove_rule()
                await target.remove(ids)
        what = f"{plan.devices:,} devices {ids[0]} to {ids[-1]} and rule {RULE}"
        fate = f"kept: {what}" if keep else f"removed: {what}"
        session.left_behind = f"{fate}; the load's reports and events stay in log and store as long as any"
        if not session.reports:
            _log.warning("the load ended without a report", platform=session.left_behind)


@asynccontextmanager
async def _watched(watch: Observer) -> AsyncIterator[Observer]:
    """The watch at work; a body that it fails under fails with its error."""
    opened = asyncio.Event()
    watching = asyncio.create_task(watch.run(opened))
    try:
        waiting = asyncio.create_task(opened.wait())
        await asyncio.wait({watching, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=30)
        waiting.cancel()
        if watching.done():
            watching.result()
        if not opened.is_set():
            raise TransientFault("the log does not answer")
        yield watch
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
