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

from device_registry.credentials.desk import CredentialDesk
from device_registry.credentials.provisioner import Provisioner
from device_registry.pending import PendingBook
from device_registry.pending_follower import PendingFollower
from device_registry.publication import RegistryPublisher
from domain.errors import TransientFault
from domain.mqtt import MqttEndpoint, parse_mqtt_url
from ingest.gateway import Gateway, GatewaySettings
from ingest.gateway_clock import last_tick_ms
from ingest.pipeline import Pipeline
from ingest.recorder import Recorder
from rules.correlator import Correlator
from rules.worker import RulesWorker
from streams.embedded import EmbeddedLog
from streams.embedded_cleaner import LogCleaner
from urbansense.broker import EmbeddedBroker
from urbansense.case_database import CaseDatabase
from urbansense.case_office import CaseOffice, check_desk, open_case_office, open_case_services, open_case_work
from urbansense.credential_desk import open_credentials
from urbansense.device_files import RegistryFiles
from urbansense.directory import RegistryDirectory, RegistryOffice
from urbansense.ledger import LedgerAccount
from urbansense.parts import Parts, open_parts, place_of
from urbansense.pending_office import PendingOffice
from urbansense.people_office import open_people
from urbansense.probe import ProbeServer
from urbansense.rejected_tail import RejectedTail
from urbansense.rejections import LogRejections
from urbansense.rule_book import LogRuleBook
from urbansense.rule_history import LogRuleHistory
from urbansense.running import Service, run_services
from urbansense.settings import Settings
from urbansense.shadow import LogShadow
from urbansense.silence_book import LogSilenceBook
from urbansense.web_server import WebServer
from web.app import create_app
from web.live import LiveFeed
from web.ports import ReadinessCheck, RegistryServices, Services
from web.rule_ports import RuleDesk


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
        work = open_case_work(parts, await asyncio.to_thread(open_case_office, parts))
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
    office = await asyncio.to_thread(open_case_office, parts)
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
    if isinstance(parts.log, EmbeddedLog):
        services["log cleaner"] = LogCleaner(parts.log)
    return Platform(endpoint, gateway, web, services)


def _registry_services(parts: Parts, desk: CredentialDesk) -> dict[str, Service]:
    """What works beside the registry, in the one process that owns it."""
    services: dict[str, Service] = {
        "pending devices": PendingFollower(parts.log, parts.topics, PendingBook(parts.registry))
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
    office = RegistryOffice(parts.registry, publisher, rejected, lambda: _now_ms(parts))
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
    desk: CredentialDesk | None = None,
    office: CaseOffice | None = None,
) -> FastAPI:
    """The API over these parts; with `zone` the live page as well."""
    account = LedgerAccount(parts.log, parts.topics, parts.store)
    office = office or open_case_office(parts)
    checks: Mapping[str, ReadinessCheck] = {
        "place": lambda: _check_place(parts),
        "store": parts.store.check,
        "log": lambda: _check_log(parts),
        "case desk": lambda: check_desk(parts, office),
        **(more_checks or {}),
    }
    rules = LogRuleBook(parts.log, parts.topics)
    silences = LogSilenceBook(parts.log, parts.topics, lambda: _now_ms(parts))
    rejections = LogRejections(parts.log, parts.topics, parts.lookup, ZoneInfo(parts.settings.timezone))
    services = Services(
        devices=open_directory(parts, publisher),
        rules=rules,
        rule_desk=RuleDesk(rules, rules, silences, LogShadow(parts.log, parts.topics)),
        telemetry=parts.store,
        readings=parts.store,
        events=parts.store,
        ledger=account.statement,
        rejected=rejections,
        live=live or LiveFeed(parts.log, parts.topics),
        checks=checks,
        registry=open_registry_services(parts, publisher),
        device_files=RegistryFiles(parts.registry, publisher, lambda: _now_ms(parts)),
        credentials=desk or open_credentials(parts),
        pending=PendingOffice(PendingBook(parts.registry), parts.log, parts.lookup, rejections),
        cases=open_case_services(parts, office),
        people=open_people(parts.settings, CaseDatabase(parts.registry.engine)),
        rule_history=LogRuleHistory(parts.log, parts.topics, parts.store, parts.lookup, parts.settings.timezone),
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
