"""The API wired: the services of every room over the open parts, and what `/readyz` checks."""

from collections.abc import Mapping
from functools import partial
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from device_registry.credentials.service import CredentialService
from device_registry.pending.service import PendingService
from device_registry.pending.store import PendingStore
from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.directory import RegistryDirectory
from device_registry.service.files import DeviceFileService
from device_registry.service.registry import RegistryService
from device_registry.service.services import RegistryServices
from ingest.ledger.statement import LedgerAccount
from ingest.rejections.service import LogRejections
from ingest.rejections.tail import RejectedTail
from rules.service.history import RuleHistoryService
from rules.service.rules import RuleService
from rules.service.services import RuleServices
from rules.service.shadow_events import ShadowEventService
from rules.service.silences import SilenceService
from rules.worker.sums import read_rule_sums
from urbansense.wiring.accounts import open_accounts
from urbansense.wiring.cases import CaseParts, case_checks, open_case_parts, open_case_services
from urbansense.wiring.checks import check_database, check_rules, part_checks
from urbansense.wiring.clock import data_now_ms
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.parts import PlatformParts
from urbansense.wiring.quotas import open_quotas
from urbansense.wiring.shared_database import SharedDatabase
from web.live.feed import LiveFeed
from web.ports import ReadinessCheck, Services
from web.serving.app import create_app


def api_app(
    parts: PlatformParts,
    publisher: RegistryPublisher,
    *,
    live: LiveFeed | None = None,
    zone: ZoneInfo | None = None,
    more_checks: Mapping[str, ReadinessCheck] | None = None,
    credentials: CredentialService | None = None,
    cases: CaseParts | None = None,
) -> FastAPI:
    """The API over these parts, which opens what is not given; with `zone` the live page as well."""
    services = build_services(
        parts,
        publisher,
        live or LiveFeed(parts.log, parts.topics),
        credentials or open_credentials(parts.settings, parts.registry),
        cases or open_case_parts(parts.settings, parts.registry),
        more_checks or {},
    )
    return create_app(services, zone=zone, allowed_hosts=parts.settings.host_names)


def build_services(
    parts: PlatformParts,
    publisher: RegistryPublisher,
    live: LiveFeed,
    credentials: CredentialService,
    cases: CaseParts,
    more_checks: Mapping[str, ReadinessCheck],
) -> Services:
    """The services of every room. A device becomes active by the clock that the data follow, also a simulated one."""
    log, topics, lookup, timezone = parts.log, parts.topics, parts.lookup, parts.settings.timezone
    now_ms = partial(data_now_ms, parts)
    quotas = open_quotas(parts, cases)
    rejected = LogRejections(log, topics, lookup, ZoneInfo(timezone))
    return Services(
        registry=RegistryServices(
            directory=RegistryDirectory(parts.registry, lookup),
            records=RegistryService(parts.registry, publisher, RejectedTail(log, topics), now_ms),
            files=DeviceFileService(parts.registry, publisher, now_ms),
            credentials=credentials,
            pending=PendingService(PendingStore(parts.registry), log, lookup, rejected),
        ),
        rules=RuleServices(
            rules=RuleService(log, topics),
            silences=SilenceService(log, topics, now_ms),
            shadow=ShadowEventService(log, topics),
            history=RuleHistoryService(log, topics, parts.store, lookup, timezone),
        ),
        cases=open_case_services(parts, cases),
        accounts=open_accounts(parts.settings, SharedDatabase(parts.registry.engine)),
        store=parts.store,
        ledger=LedgerAccount(log, topics, parts.store, read_rule_sums).statement,
        rejected=rejected,
        live=live,
        checks={
            **part_checks(parts),
            "store": parts.store.check,
            "database": partial(check_database, parts.registry),
            "rules": partial(check_rules, parts),
            **case_checks(parts, cases),
            "quotas": quotas.check,
            **more_checks,
        },
        quotas=quotas.uses,
    )
