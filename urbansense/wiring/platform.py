"""Every service of `urbansense up` over the same parts, ready to run."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from device_registry.credentials.provisioner import Provisioner
from device_registry.credentials.service import CredentialService
from device_registry.pending.follower import PendingFollower
from device_registry.pending.store import PendingStore
from device_registry.publication.publisher import RegistryPublisher
from domain.mqtt import MqttEndpoint
from ingest.gateway.slot import Gateway
from ingest.recorder.recording import Recorder
from rules.worker.correlator import Correlator
from rules.worker.worker import RulesWorker
from streams.sqlite.cleaner import LogCleaner
from streams.sqlite.log import SQLiteLog
from urbansense.broker.embedded import EmbeddedBroker
from urbansense.running.services import Service
from urbansense.wiring.api import api_app
from urbansense.wiring.cases import open_case_parts, open_case_work
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.gateway import gateway_checks, open_gateway
from urbansense.wiring.parts import PlatformParts
from urbansense.wiring.quotas import open_audit_keeper
from web.live.feed import LiveFeed
from web.ports import ReadinessCheck
from web.serving.service import WebServer


@dataclass(frozen=True, slots=True)
class Platform:
    """All services of one process, and those whose state one may want to look at."""

    endpoint: MqttEndpoint
    gateway: Gateway
    web: WebServer
    services: Mapping[str, Service]


async def build_platform(
    parts: PlatformParts,
    endpoint: MqttEndpoint,
    broker: EmbeddedBroker | None = None,
    more_checks: Mapping[str, ReadinessCheck] | None = None,
) -> Platform:
    """Every service of `up` on these parts, ready to run; `broker` where it is our own, which serves the gateway then."""
    settings, log, topics, lookup = parts.settings, parts.log, parts.topics, parts.lookup
    gateway = await open_gateway(parts, endpoint)
    checks = {**gateway_checks(gateway), **(more_checks or {})}
    if broker is not None:
        await broker.entrust(gateway.settings.client_id, gateway.settings.filters)
        checks["embedded broker"] = broker.check
    live = LiveFeed(log, topics)
    worker = RulesWorker(log, topics, lookup, timezone=settings.timezone)
    publisher = RegistryPublisher(parts.registry, log, topics)
    credentials = open_credentials(settings, parts.registry)
    cases = open_case_parts(settings, parts.registry)
    app = api_app(
        parts,
        publisher,
        live=live,
        zone=ZoneInfo(settings.timezone),
        more_checks=checks,
        credentials=credentials,
        cases=cases,
    )
    web = WebServer(app, settings.http_port, settings.http_host, settings.trusted_proxies)
    services: dict[str, Service] = {
        **({"broker": broker} if broker is not None else {}),
        "lookup": lookup,
        "disk": parts.disk,
        "gateway": gateway,
        "recorder": Recorder(log, parts.store, topics),
        "rules worker": worker,
        "correlator": Correlator(log, topics, lookup.device),
        **open_case_work(parts, cases),
        "registry publisher": publisher,
        "live feed": live,
        "web": web,
        "readiness": app.state.readiness,
        **registry_work(parts, credentials),
    }
    if isinstance(log, SQLiteLog):
        services["log cleaner"] = LogCleaner(log)
    return Platform(endpoint, gateway, web, services)


def registry_work(parts: PlatformParts, credentials: CredentialService) -> dict[str, Service]:
    """What works beside the registry, in the one process that owns it."""
    services: dict[str, Service] = {
        "pending devices": PendingFollower(parts.log, parts.topics, PendingStore(parts.registry)),
        "audit keeper": open_audit_keeper(parts),
    }
    if credentials.control is not None:
        services["provisioner"] = Provisioner(credentials, credentials.control, lambda: parts.lookup.version)
    return services
