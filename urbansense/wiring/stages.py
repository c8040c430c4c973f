"""The stages: which services make up each, alone or all in one process, run until they are stopped.

device ──MQTT──▶ broker ──▶ Gateway ──▶ telemetry.<kind> ─┬─▶ Recorder ──▶ store ◀── API and page
                            │     ▲                       └─▶ RulesWorker ──▶ rules.raised ──▶ Correlator ──▶ city.events
                            │     └── FollowingLookup ◀── registry.devices ◀── RegistryPublisher ◀── registry
                            └──▶ telemetry.rejected                     CaseDesk ◀── city.events; ──▶ cases ──▶ city.cases
"""

import asyncio
from zoneinfo import ZoneInfo

from device_registry.publication.publisher import RegistryPublisher
from domain.mqtt import parse_mqtt_url
from ingest.recorder.recording import Recorder
from rules.worker.correlator import Correlator
from rules.worker.worker import RulesWorker
from urbansense.broker.embedded import open_broker
from urbansense.configuration.settings import Settings
from urbansense.running.probe import ProbeServer
from urbansense.running.services import Service, run_services
from urbansense.wiring.api import api_app
from urbansense.wiring.cases import open_case_parts, open_case_work
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.gateway import open_gateway
from urbansense.wiring.parts import Parts, open_parts, open_platform_parts, open_registry_part, open_store_part
from urbansense.wiring.platform import build_platform, registry_work
from urbansense.wiring.simulated_clock import refuse_open_clock
from web.live.feed import LiveFeed
from web.serving.service import WebServer


async def run_up(settings: Settings, stop: asyncio.Event) -> None:
    """Everything in one process, the broker too where MQTT is embedded."""
    await refuse_open_clock(settings, stop)
    async with open_platform_parts(settings, stop) as parts:
        endpoint = parse_mqtt_url(settings.mqtt_url)
        if not endpoint.embedded:
            await run_services((await build_platform(parts, endpoint)).services, stop)
            return
        async with open_broker(settings) as broker:
            await run_services((await build_platform(parts, broker.endpoint, broker)).services, stop)


async def run_gateway(settings: Settings, stop: asyncio.Event, *, end_session: bool = False) -> None:
    """One gateway slot."""
    await refuse_open_clock(settings, stop)
    async with open_parts(settings, stop) as parts:
        gateway = await open_gateway(parts, parse_mqtt_url(settings.mqtt_url), end_session=end_session)
        await _run_alone(parts, {"lookup": parts.lookup, "gateway": gateway}, stop)


async def run_recorder(settings: Settings, stop: asyncio.Event) -> None:
    """The recorder."""
    async with open_parts(settings, stop) as parts, open_store_part(settings, stop) as store:
        await _run_alone(parts, {"recorder": Recorder(parts.log, store, parts.topics)}, stop)


async def run_rules_worker(settings: Settings, stop: asyncio.Event) -> None:
    """One member of the group of rules workers."""
    async with open_parts(settings, stop) as parts:
        await parts.lookup.load(parts.log)
        worker = RulesWorker(parts.log, parts.topics, parts.lookup, timezone=parts.settings.timezone)
        await _run_alone(parts, {"lookup": parts.lookup, "rules worker": worker}, stop)


async def run_correlator(settings: Settings, stop: asyncio.Event) -> None:
    """The correlator."""
    async with open_parts(settings, stop) as parts:
        await parts.lookup.load(parts.log)
        correlator = Correlator(parts.log, parts.topics, parts.lookup.device)
        await _run_alone(parts, {"lookup": parts.lookup, "correlator": correlator}, stop)


async def run_desk(settings: Settings, stop: asyncio.Event) -> None:
    """The case desk."""
    async with open_parts(settings, stop) as parts, open_registry_part(settings, stop) as registry:
        await parts.lookup.load(parts.log)
        work = open_case_work(parts, await asyncio.to_thread(open_case_parts, settings, registry))
        await _run_alone(parts, {"lookup": parts.lookup, **work}, stop)


async def run_api(settings: Settings, stop: asyncio.Event) -> None:
    """The API, the live page and what publishes the registry."""
    async with open_platform_parts(settings, stop) as parts:
        await parts.lookup.load(parts.log)
        live = LiveFeed(parts.log, parts.topics)
        publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
        credentials = open_credentials(settings, parts.registry)
        app = api_app(parts, publisher, live=live, zone=ZoneInfo(settings.timezone), credentials=credentials)
        services: dict[str, Service] = {
            "lookup": parts.lookup,
            "registry publisher": publisher,
            "live feed": live,
            "web": WebServer(app, settings.http_port, settings.http_host),
            **registry_work(parts, credentials),
        }
        await run_services(services, stop)


async def _run_alone(parts: Parts, services: dict[str, Service], stop: asyncio.Event) -> None:
    await run_services({**services, "probe": ProbeServer(parts.settings.http_port)}, stop)
