"""What the web needs from the rest of urbansense. The composition root wires it and hands over `Services`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from accounts.service.services import AccountServices
from cases.service.services import CaseServices
from device_registry.service.services import RegistryServices
from domain.ledger import Ledger
from ingest.rejections.service import LogRejections
from rules.service.services import RuleServices
from timeseries.ports import Store
from web.live.feed import LiveFeed

ReadinessCheck = Callable[[], Awaitable[str]]
"""Returns one line on what is there. Raises: domain.errors.TransientFault where it cannot be used now."""


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """How much of a quota is used, in its `unit`; `limit` 0 is without a bound."""

    what: str
    unit: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the web stands on, room by room; `checks` by the name of what is checked."""

    registry: RegistryServices
    rules: RuleServices
    cases: CaseServices
    accounts: AccountServices
    store: Store
    ledger: Callable[[], Awaitable[Ledger]]
    rejected: LogRejections
    live: LiveFeed
    checks: Mapping[str, ReadinessCheck]
    quotas: Callable[[], Awaitable[Sequence[QuotaUse]]]
