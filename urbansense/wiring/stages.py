"""The wiring: which services make up each stage, alone or all in one process.

device ──MQTT──▶ broker ──▶ Gateway ──▶ telemetry.<kind> ─┬─▶ Recorder ──▶ store ◀── API and page
                            │     ▲                       └─▶ RulesWorker ──▶ rules.raised ──▶ Correlator ──▶ city.events
                            │     └── FollowingLookup ◀── registry.devices ◀── RegistryPublisher ◀── registry
                            └──▶ telemetry.rejected                     CaseDesk ◀── city.events; ──▶ cases ──▶ city.cases
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from device_registry.credentials.provisioner import Provisioner
from device_registry.credentials.service import CredentialService
from device_registry.pending.follower import PendingFollower
from device_registry.pending.service import PendingService
from device_registry.pending.store import PendingStore
from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.contracts import RegistryServices
from device_registry.service.directory import RegistryDirectory
from device_registry.service.files import DeviceFileService
from device_registry.service.registry import RegistryService
from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint, parse_mqtt_url
from ingest.gateway.settings import GatewaySettings
from ingest.gateway.slot import Gateway
from ingest.ledger.statement import LedgerAccount
from ingest.pipeline.message_to_records import Pipeline
from ingest.recorder.recording import Recorder
from ingest.rejections.service import LogRejections
from ingest.rejections.tail import RejectedTail
from rules.service.history import RuleHistoryService
from rules.service.ports import RuleDesk
from rules.service.rules import RuleService
from rules.service.shadow_events import ShadowEventService
from rules.service.silences import SilenceService
from rules.worker.correlator import Correlator
from rules.worker.sums import read_rule_sums
from rules.worker.worker import RulesWorker
from streams.reading.ticks import last_tick_ms
from streams.sqlite.cleaner import LogCleaner
from streams.sqlite.log import SQLiteLog
from urbansense.configuration.place import place_of
from urbansense.configuration.settings import Settings
from urbansense.running.probe import ProbeServer
from urbansense.running.services import Service, run_services
from urbansense.wiring.accounts import open_people
from urbansense.wiring.cases import CaseParts, check_desk, open_case_parts, open_case_services, open_case_work
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.embedded_broker import EmbeddedBroker
from urbansense.wiring.parts import Parts, open_parts
from urbansense.wiring.shared_database import SharedDatabase
from web.live.feed import LiveFeed
from web.ports import ReadinessCheck, Services
from web.serving.app import create_app
from web.serving.service import WebServer


async def run_up(settings: Settings, stop: asyncio.Event) -> None:
    """Everything in one process, the broker too where MQTT is embedded."""
    async with open_parts(settings, stop, store=True, registry=True) as parts:
        endpoint = parse_mqtt_url(settings.mqtt_url)
        broker = EmbeddedBroker(endpoint) if endpoint.embedded else None
        if broker is not None:
            await broker.start()
        platform = await build_platform(parts, broker.endpoint if broker else endpoint)
        await run_services({**({"broker": broker} if broker else {}), **platform.services}, stop)


async def run_gateway(settings: Settings, stop: asyncio.Event, *, end_session: bool = False) -> None:
    """One gateway slot."""
    async with open_parts(settings, stop) as parts:
        gateway = await _gateway(parts, parse_mqtt_url(settings.mqtt_url), end_session=end_session)
        await _run_alone(parts, {"lookup": parts.lookup, "gateway": gateway}, stop)


async def run_recorder(settings: Settings, stop: asyncio.Event) -> None:
    """The recorder."""
    async with open_parts(settings, stop, store=True) as parts:
        await _run_alone(parts, {"recorder": Recorder(parts.log, parts.store, parts.topics)}, stop)


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
    async with open_parts(settings, stop, registry=True) as parts:
        await parts.lookup.load(parts.log)
        work = open_case_work(parts, await asyncio.to_thread(open_case_parts, parts))
        await _run_alone(parts, {"lookup": parts.lookup, **work}, stop)


async def run_api(settings: Settings, stop: asyncio.Event) -> None:
    """The API, the live page and what publishes the registry."""
    async with open_parts(settings, stop, store=True, registry=True) as parts:
        await parts.lookup.load(parts.log)
        live = LiveFeed(parts.log, parts.topics)
        publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
        desk = open_credentials(parts)
        app = api_app(parts, publisher, live, ZoneInfo(settings.timezone), desk=desk)
        services: dict[str, Service] = {
            "lookup": parts.lookup,
            "registry publisher": publisher,
            "live feed": live,
            "web": WebServer(app, settings.http_port, settings.http_host),
            **_registry_services(parts, desk),
        }
        await run_services(services, stop)


@dataclass(frozen=True, slots=True)
class Platform:
    """All services of one process but the broker, and those whose state one may want to look at."""

    endpoint: MqttEndpoint
    gateway: Gateway
    web: WebServer
    services: Mapping[str, Service]


async def build_platform(parts: Parts, endpoint: MqttEndpoint) -> Platform:
    """Every service of `up` on these parts, ready to run."""
    gateway = await _gateway(parts, endpoint)
    live = LiveFeed(parts.log, parts.topics)
    worker = RulesWorker(parts.log, parts.topics, parts.lookup, timezone=parts.settings.timezone)
    publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
    more: Mapping[str, ReadinessCheck] = {"MQTT broker": lambda: _check_gateway(gateway)}
    desk = open_credentials(parts)
    office = await asyncio.to_thread(open_case_parts, parts)
    app = api_app(parts, publisher, live, ZoneInfo(parts.settings.timezone), more, desk, office)
    web = WebServer(app, parts.settings.http_port, parts.settings.http_host)
    services: dict[str, Service] = {
        "lookup": parts.lookup,
        "gateway": gateway,
        "recorder": Recorder(parts.log, parts.store, parts.topics),
        "rules worker": worker,
        "correlator": Correlator(parts.log, parts.topics, parts.lookup.device),
        **open_case_work(parts, office),
        "registry publisher": publisher,
        "live feed": live,
        "web": web,
        **_registry_services(parts, desk),
    }
    if isinstance(parts.log, SQLiteLog):
        services["log cleaner"] = LogCleaner(parts.log)
    return Platform(endpoint, gateway, web, services)


def _registry_services(parts: Parts, desk: CredentialService) -> dict[str, Service]:
    """What works beside the registry, in the one process that owns it."""
    services: dict[str, Service] = {
        "pending devices": PendingFollower(parts.log, parts.topics, PendingStore(parts.registry))
    }
    if desk.control is not None:
        services["provisioner"] = Provisioner(desk, desk.control, lambda: parts.lookup.version)
    return services


def open_directory(parts: Parts, publisher: RegistryPublisher) -> RegistryDirectory:
    """The registry for the web. A device becomes active by the clock that the data follow, also a simulated one."""
    return RegistryDirectory(parts.registry, publisher, parts.lookup, lambda: _now_ms(parts))


def open_registry_services(parts: Parts, publisher: RegistryPublisher) -> RegistryServices:
    """The registry for those who look after it."""
    rejected = RejectedTail(parts.log, parts.topics)
    office = RegistryService(parts.registry, publisher, rejected, lambda: _now_ms(parts))
    return RegistryServices(editor=office, fleet=office, areas=office, profiles=office)


async def _now_ms(parts: Parts) -> int:
    simulated = parts.settings.clock == "simulated"
    return (await last_tick_ms(parts.log, parts.topics) if simulated else 0) or int(time() * 1000)


def api_app(
    parts: Parts,
    publisher: RegistryPublisher,
    live: LiveFeed | None = None,
    zone: ZoneInfo | None = None,
    more_checks: Mapping[str, ReadinessCheck] | None = None,
    desk: CredentialService | None = None,
    office: CaseParts | None = None,
) -> FastAPI:
    """The API over these parts; with `zone` the live page as well."""
    account = LedgerAccount(parts.log, parts.topics, parts.store, read_rule_sums)
    office = office or open_case_parts(parts)
    checks: Mapping[str, ReadinessCheck] = {
        "place": lambda: _check_place(parts),
        "store": parts.store.check,
        "log": lambda: _check_log(parts),
        "case desk": lambda: check_desk(parts, office),
        **(more_checks or {}),
    }
    rules = RuleService(parts.log, parts.topics)
    silences = SilenceService(parts.log, parts.topics, lambda: _now_ms(parts))
    rejections = LogRejections(parts.log, parts.topics, parts.lookup, ZoneInfo(parts.settings.timezone))
    services = Services(
        devices=open_directory(parts, publisher),
        rules=rules,
        rule_desk=RuleDesk(rules, rules, silences, ShadowEventService(parts.log, parts.topics)),
        telemetry=parts.store,
        readings=parts.store,
        events=parts.store,
        ledger=account.statement,
        rejected=rejections,
        live=live or LiveFeed(parts.log, parts.topics),
        checks=checks,
        registry=open_registry_services(parts, publisher),
        device_files=DeviceFileService(parts.registry, publisher, lambda: _now_ms(parts)),
        credentials=desk or open_credentials(parts),
        pending=PendingService(PendingStore(parts.registry), parts.log, parts.lookup, rejections),
        cases=open_case_services(parts, office),
        people=open_people(parts.settings, SharedDatabase(parts.registry.engine)),
        rule_history=RuleHistoryService(parts.log, parts.topics, parts.store, parts.lookup, parts.settings.timezone),
    )
    return create_app(services, zone=zone, allowed_hosts=parts.settings.host_names)


async def _gateway(parts: Parts, endpoint: MqttEndpoint, *, end_session: bool = False) -> Gateway:
    await parts.lookup.load(parts.log)
    settings = parts.settings
    return Gateway(
        GatewaySettings(
            slot=settings.gateway_slot,
            slots=settings.gateway_slots,
            endpoint=endpoint,
            topics=parts.topics,
            receive_maximum=settings.receive_maximum,
            simulated_clock=settings.clock == "simulated",
            end_session=end_session,
        ),
        parts.log,
        Pipeline(parts.topics, parts.lookup, zone=ZoneInfo(settings.timezone)),
    )


async def _run_alone(parts: Parts, services: dict[str, Service], stop: asyncio.Event) -> None:
    await run_services({**services, "probe": ProbeServer(parts.settings.http_port)}, stop)


async def _check_place(parts: Parts) -> str:
    return place_of(parts.settings)


async def _check_gateway(gateway: Gateway) -> str:
    endpoint = gateway.settings.endpoint
    if not gateway.connected:
        raise TransientFault(f"no connection to {endpoint.host}:{endpoint.port}")
    return f"connected to {endpoint.host}:{endpoint.port} as {gateway.settings.client_id}"


async def _check_log(parts: Parts) -> str:
    partitions = await parts.log.bounds(parts.topics.all_telemetry)
    return f"{parts.settings.log_url}, {len(partitions)} telemetry partitions"
