"""The demo: broker, platform, rules and a simulated city in one process, on a folder that is thrown away.

city ──MQTT──▶ embedded broker ──▶ gateway ──▶ log (SQLite) ──▶ rules, recorder ──▶ store (DuckDB) ◀── page and API
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Final
from zoneinfo import ZoneInfo

from rich.live import Live

from device_registry.bulk.in_memory import import_csv
from device_registry.publication.publisher import publish_pending
from domain.errors import ConfigurationError
from domain.ledger import Ledger
from ingest.ledger.statement import LedgerAccount
from ingest.recorder.place import recorder_group
from rules.library.documents import library_rules
from rules.service.rules import RuleService
from rules.worker.sums import read_rule_sums
from simulators.cities import load_city
from simulators.city import City
from simulators.city.devices_file import devices_csv
from simulators.faults import FaultPlan
from simulators.publish.clocks import SimulatedClock
from simulators.publish.connection import Publisher
from simulators.publish.dialect_sessions import DialectSessions
from simulators.publish.driver import DriveReport, drive
from simulators.publish.report_stream import ReportStream
from simulators.weather import Storm, WeatherPlan
from timeseries.queries.events import EventQuery
from urbansense.broker.embedded import open_broker
from urbansense.commands.platform.ledger import print_ledger
from urbansense.commands.simulation.simulate import describe_drive
from urbansense.commands.terminal.output import out, print_rows
from urbansense.configuration.settings import Settings
from urbansense.running.services import run_services, stop_on_signals
from urbansense.wiring.parts import PlatformParts, open_platform_parts
from urbansense.wiring.platform import Platform, build_platform
from web.api.operations.ledger import statement_of

_SETTLE_TIMEOUT_S: Final = 60.0
_REFRESH_S: Final = 1.0
_LINE_EVERY_S: Final = 5.0
_CITY: Final = "zhangjiagang"
_FAULTS: Final = FaultPlan(
    stretch_h=4.0,
    share=0.0,
    starts=(0.0, 0.5),
    shares={
        "lamp-dead": 0.015,
        "lamp-flickers": 0.005,
        "low-power": 0.005,
        "feeder-fault": 0.01,
        "cover-open": 0.03,
        "cover-tilted": 0.03,
        "cover-loose": 0.03,
        "traffic-vibration": 0.05,
        "offline": 0.01,
        "pollution-discharge": 0.1,
        "told-again": 0.02,
        "reordered": 0.02,
        "late-burst": 0.01,
        "garbled": 0.01,
        "wrong-clock": 0.005,
    },
)
"""A bad evening, so that a minute shows something, but no disaster."""
_WEATHER: Final = WeatherPlan(storms=(Storm(after_h=0.2, lasts_h=1.0, return_years=5),), storms_per_day=0.5)
"""It rains hard soon after the start."""
_START_HOUR: Final = 18
"""Local time at which the simulated day begins: it is dark in winter and dusk in summer, so lamps are lit."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """`for_s` None means until stopped; `speed` is a ceiling in simulated seconds per second."""

    devices: int
    speed: float
    seed: int
    for_s: float | None


async def run_demo(settings: Settings, options: DemoOptions) -> bool:
    """Run the demo; True if every report that the broker acknowledged is accounted for."""
    with tempfile.TemporaryDirectory(prefix="urbansense-demo-") as folder:
        own = demo_settings(settings, Path(folder))
        stop, stop_services = asyncio.Event(), asyncio.Event()
        stop_on_signals(stop)
        async with open_platform_parts(own, stop) as parts, open_broker(own) as broker:
            described = load_city(_CITY)
            city = described.city(options.seed, options.devices)
            start_ms = _start_ms(own)
            await _furnish(parts, city, start_ms)
            life = ReportStream(city, start_ms, _FAULTS, weather_plan=_WEATHER)
            platform = await build_platform(parts, broker.endpoint, broker)
            services = asyncio.create_task(run_services(platform.services, stop_services))
            services.add_done_callback(lambda _: stop.set())
            account = LedgerAccount(parts.log, parts.topics, parts.store, read_rule_sums)
            demo = _Demo(options, parts, platform, life, stop, account)
            try:
                return await demo.run()
            finally:
                stop_services.set()
                await services


def demo_settings(settings: Settings, folder: Path) -> Settings:
    """Everything embedded, on a folder of its own, under the simulated clock."""
    return settings.model_copy(
        update={
            "mqtt_url": "embedded://127.0.0.1",
            "log_url": "embedded:",
            "store_url": "embedded:",
            "database_url": "",
            "data_dir": folder,
            "clock": "simulated",
            "topic_prefix": "demo.",
        }
    )


async def _furnish(parts: PlatformParts, city: City, start_ms: int) -> None:
    """Register the city, active from the start of the simulation, and put the library's rules in force."""
    await asyncio.to_thread(parts.registry.upsert_areas, city.areas, now_ms=start_ms)
    devices = devices_csv(city.devices, city.blueprint.owners).encode()
    report = await asyncio.to_thread(import_csv, parts.registry, devices, now_ms=start_ms)
    change = await RuleService(parts.log, parts.topics).apply(library_rules(), "urbansense demo")
    problems = [*map(str, report.errors), *(problem.detail for problem in change.problems)]
    if problems:
        raise ConfigurationError(problems)
    await publish_pending(parts.registry, parts.log, parts.topics)


def _start_ms(settings: Settings) -> int:
    today = datetime.now(ZoneInfo(settings.timezone)).replace(minute=0, second=0, microsecond=0)
    return int(today.replace(hour=_START_HOUR).timestamp() * 1000)


@dataclass(slots=True)
class _Demo:
    options: DemoOptions
    parts: PlatformParts
    platform: Platform
    stream: ReportStream
    stop: asyncio.Event
    account: LedgerAccount

    async def run(self) -> bool:
        city = self.stream.city
        sessions = DialectSessions(city.devices, city.seed, ZoneInfo(city.place.timezone))
        clock = SimulatedClock(self.options.speed)
        while not self.platform.gateway.connected or self.platform.web.port is None:
            await asyncio.sleep(0.05)
        out.print(f"live page  http://127.0.0.1:{self.platform.web.port}/", style="bold")
        out.print(f"API        http://127.0.0.1:{self.platform.web.port}/api/docs")
        async with Publisher(self.platform.endpoint, "demo.simulator") as publisher:
            publisher.listen(sessions.commands, sessions.receive)
            departures = self.stream.departures()
            driving = asyncio.create_task(drive(departures, publisher, clock, self.stop, sessions=sessions))
            await self._watch(driving)
            report = await driving
        await self._settle()
        return await self._sum_up(report)

    async def _watch(self, driving: asyncio.Task[DriveReport]) -> None:
        """Show live counts until time is up, the simulator ends or someone stops us."""
        began = monotonic()
        deadline = None if self.options.for_s is None else began + self.options.for_s
        printed_s = 0.0
        with Live(console=out, auto_refresh=False, transient=True) as screen:
            while not driving.done() and not self.stop.is_set() and (deadline is None or monotonic() < deadline):
                line = await self._counts()
                if out.is_terminal:
                    screen.update(line, refresh=True)
                elif monotonic() - printed_s >= _LINE_EVERY_S:
                    printed_s = monotonic()
                    out.print(line, soft_wrap=True)
                await asyncio.sleep(_REFRESH_S)
        self.stop.set()

    async def _counts(self) -> str:
        ledger = await self.account.statement()
        events = Counter([status async for _, status in self._events()])
        clock_ms = max(self.platform.gateway.counters.last_tick_ms, self.stream.start_ms)
        clock = datetime.fromtimestamp(clock_ms / 1000, ZoneInfo(self.parts.settings.timezone))
        counts = (
            f"{clock:%H:%M:%S}",
            f"accepted {ledger.store.accepted:,}",
            f"stored {ledger.store.stored:,}",
            f"rejected {sum(ledger.rejected.values()):,}",
            f"open {events['open']}",
            f"cleared {events['cleared']}",
            "balanced" if ledger.balances else "NOT BALANCED",
        )
        return " · ".join(counts)

    async def _events(self) -> AsyncIterator[tuple[str, str]]:
        query = EventQuery(limit=1000)
        while True:
            page = await self.parts.store.fetch_events(query)
            for event in page.items:
                yield event.rule, event.status.value
            if page.next is None:
                return
            query = EventQuery(limit=1000, cursor=page.next)

    async def _settle(self) -> None:
        """Wait until everything on the log has come to its end, or a minute has passed."""
        deadline = monotonic() + _SETTLE_TIMEOUT_S
        while monotonic() < deadline and not await self._settled():
            await asyncio.sleep(0.2)

    async def _settled(self) -> bool:
        ledger = await self.account.statement()
        events = await self.parts.log.bounds([self.parts.topics.events])
        recorded = await self.parts.log.committed(f"{recorder_group(self.parts.topics)}-events", sorted(events))
        caught_up = all(end == first or recorded[tp].offset >= end for tp, (first, end) in events.items())
        return ledger.store.pending == 0 and ledger.rules.pending == 0 and caught_up

    async def _sum_up(self, report: DriveReport) -> bool:
        ledger = await self.account.statement()
        by_rule: dict[str, Counter[str]] = {}
        async for rule, status in self._events():
            by_rule.setdefault(rule, Counter())[status] += 1
        out.print(f"simulator  {describe_drive(report)}")
        print_ledger(asdict(statement_of(ledger)))
        rows = [(rule, n["open"], n["cleared"], n["withdrawn"]) for rule, n in sorted(by_rule.items())]
        print_rows(("events by rule", "open", "cleared", "withdrawn"), rows, "no events")
        problems = list(_problems(ledger, report))
        for problem in problems:
            out.print(problem, style="red")
        return not problems


def _problems(ledger: Ledger, report: DriveReport) -> Iterator[str]:
    if not ledger.balances:
        yield "the ledger does not balance"
    if ledger.store.pending or ledger.rules.pending:
        yield f"not settled within {_SETTLE_TIMEOUT_S:.0f} s"
    known = ledger.store.accepted - ledger.store.duplicate + sum(ledger.rejected.values())
    if report.acknowledged < report.sent:
        yield f"{report.sent} messages were sent, the broker acknowledged {report.acknowledged}"
    elif known < report.distinct + report.spoilt:
        yield f"{report.distinct} reports and {report.spoilt} spoilt messages were sent, the log knows {known}"
