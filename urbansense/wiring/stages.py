"""The stages: which services make up each, alone or all in one process, run until they are stopped.

device ──MQTT──▶ broker ──▶ Gateway ──▶ telemetry.<kind> ─┬─▶ Recorder ──▶ store ◀── API and page
                            │     ▲                       └─▶ RulesWorker ──▶ rules.raised ──▶ Correlator ──▶ city.events
                            │     └── FollowingLookup ◀── registry.devices ◀── RegistryPublisher ◀── registry
                            └──▶ telemetry.rejected                     CaseDesk ◀── city.events; ──▶ cases ──▶ city.cases
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from zoneinfo import ZoneInfo

from device_registry.publication.publisher import RegistryPublisher
from domain.mqtt import parse_mqtt_url
from ingest.recorder.recording import Recorder
from rules.worker.correlator import Correlator
from rules.worker.worker import RulesWorker
from urbansense.broker.embedded import open_broker
from urbansense.configuration.settings import Settings
from urbansense.running.probe import probed
from urbansense.running.services import Service, keep_running, run_services
from urbansense.running.startup import Startup
from urbansense.running.states import ServiceStates
from urbansense.wiring.api import api_app
from urbansense.wiring.cases import case_checks, open_case_parts, open_case_work
from urbansense.wiring.checks import check_database, check_rules, part_checks
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.gateway import gateway_checks, open_gateway
from urbansense.wiring.parts import open_parts, open_platform_parts, open_registry_part, open_store_part
from urbansense.wiring.platform import build_platform, registry_work
from urbansense.wiring.simulated_clock import refuse_open_clock
from web.live.feed import LiveFeed
from web.serving.service import WebServer


async def run_up(settings: Settings, stop: asyncio.Event) -> None:
    """Everything in one process, the broker too where MQTT is embedded. A service that fails is run again."""
    await refuse_open_clock(settings, stop)
    startup, states = Startup(), ServiceStates()
    async with AsyncExitStack() as probe, AsyncExitStack() as opened:
        await probe.enter_async_context(probed(settings.http_port, startup.watch, stop, until_api=True))
        parts = await opened.enter_async_context(open_platform_parts(settings, stop, startup))
        endpoint, broker = parse_mqtt_url(settings.mqtt_url), None
        if endpoint.embedded:
            broker = await opened.enter_async_context(open_broker(settings))
            endpoint = broker.endpoint
        platform = await build_platform(parts, endpoint, broker, {"services": states.check})
        await probe.aclose()  # the web takes the port
        await keep_running(platform.services, stop, states)


async def run_gateway(settings: Settings, stop: asyncio.Event, *, end_session: bool = False) -> None:
    """One gateway slot."""
    await refuse_open_clock(settings, stop)
    async with _starting(settings, stop) as startup, open_parts(settings, stop, startup) as parts:
        gateway = await open_gateway(parts, parse_mqtt_url(settings.mqtt_url), end_session=end_session)
        startup.end({**part_checks(parts), **gateway_checks(gateway)})
        await run_services({"lookup": parts.lookup, "disk": parts.disk, "gateway": gateway}, stop)


async def run_recorder(settings: Settings, stop: asyncio.Event) -> None:
    """The recorder."""
    async with (
        _starting(settings, stop) as startup,
        open_parts(settings, stop, startup) as parts,
        open_store_part(settings) as store,
    ):
        startup.end({**part_checks(parts), "store": store.check})
        await run_services({"disk": parts.disk, "recorder": Recorder(parts.log, store, parts.topics)}, stop)


async def run_rules_worker(settings: Settings, stop: asyncio.Event) -> None:
    """One member of the group of rules workers."""
    async with _starting(settings, stop) as startup, open_parts(settings, stop, startup) as parts:
        await parts.lookup.load(parts.log)
        worker = RulesWorker(parts.log, parts.topics, parts.lookup, timezone=parts.settings.timezone)
        startup.end({**part_checks(parts), "rules": partial(check_rules, parts)})
        await run_services({"lookup": parts.lookup, "disk": parts.disk, "rules worker": worker}, stop)


async def run_correlator(settings: Settings, stop: asyncio.Event) -> None:
    """The correlator."""
    async with _starting(settings, stop) as startup, open_parts(settings, stop, startup) as parts:
        await parts.lookup.load(parts.log)
        correlator = Correlator(parts.log, parts.topics, parts.lookup.device)
        startup.end(part_checks(parts))
        await run_services({"lookup": parts.lookup, "disk": parts.disk, "correlator": correlator}, stop)


async def run_desk(settings: Settings, stop: asyncio.Event) -> None:
    """The case desk."""
    async with (
        _starting(settings, stop) as startup,
        open_parts(settings, stop, startup) as parts,
        open_registry_part(settings) as registry,
    ):
        await parts.lookup.load(parts.log)
        cases = open_case_parts(settings, registry)
        startup.end({**part_checks(parts), **case_checks(parts, cases), "database": partial(check_database, registry)})
        await run_services({"lookup": parts.lookup, "disk": parts.disk, **open_case_work(parts, cases)}, stop)


async def run_api(settings: Settings, stop: asyncio.Event) -> None:
    """The API, the live page and what publishes the registry."""
    startup = Startup()
    async with AsyncExitStack() as probe:
        await probe.enter_async_context(probed(settings.http_port, startup.watch, stop, until_api=True))
        async with open_platform_parts(settings, stop, startup) as parts:
            await parts.lookup.load(parts.log)
            live = LiveFeed(parts.log, parts.topics)
            publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
            credentials = open_credentials(settings, parts.registry)
            app = api_app(parts, publisher, live=live, zone=ZoneInfo(settings.timezone), credentials=credentials)
            services: dict[str, Service] = {
                "lookup": parts.lookup,
                "disk": parts.disk,
                "registry publisher": publisher,
                "live feed": live,
                "web": WebServer(app, settings.http_port, settings.http_host, settings.trusted_proxies),
                "readiness": app.state.readiness,
                **registry_work(parts, credentials),
            }
            await probe.aclose()  # the web takes the port
            await run_services(services, stop)


@asynccontextmanager
async def _starting(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Startup]:
    """A process without an API: the probe answers from here to its end."""
    startup = Startup()
    async with probed(settings.http_port, startup.watch, stop):
        yield startup
