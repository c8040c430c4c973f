"""What the web needs from the rest of urbansense. The composition root wires it and hands over `Services`."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from accounts.service.services import AccountServices
from cases.service.services import CaseServices
from device_registry.credentials.service import CredentialService
from device_registry.service.contracts import DeviceDirectory, DeviceFiles, PendingDesk, RegistryServices
from domain.ledger import Ledger
from ingest.rejections.rejected_message import RejectedMessages
from rules.service.ports import RuleBook as RuleBook
from rules.service.ports import RuleDesk, RuleHistory
from rules.service.statuses import RuleChange as RuleChange
from rules.service.statuses import RuleProblem as RuleProblem
from rules.service.statuses import RuleStatus as RuleStatus
from timeseries.ports import EventStore, ReadingStore, TelemetryReader
from web.live.ports import Live


class ReadingReader(TelemetryReader, ReadingStore, Protocol):
    """Readings of one device, and of many in one order."""


ReadinessCheck = Callable[[], Awaitable[str]]
"""Answers one line on what is there. Raises: domain.errors.TransientFault where it cannot be used now."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the web stands on."""

    devices: DeviceDirectory
    rules: RuleBook
    telemetry: TelemetryReader
    events: EventStore
    ledger: Callable[[], Awaitable[Ledger]]
    rejected: RejectedMessages
    live: Live
    checks: Mapping[str, ReadinessCheck] = field(default_factory=dict)
    registry: RegistryServices | None = None
    rule_desk: RuleDesk | None = None
    rule_history: RuleHistory | None = None
    readings: ReadingReader | None = None
    device_files: DeviceFiles | None = None
    credentials: CredentialService | None = None
    pending: PendingDesk | None = None
    people: AccountServices | None = None
    cases: CaseServices | None = None
