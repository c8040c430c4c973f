"""How much of what people and devices may fill is used, for metrics and `/readyz`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.audit.trimming import AuditKeeper
from cases.attachments import NoRoom
from cases.attachments.room import PhotoRoom
from device_registry.pending.store import PendingStore
from domain.errors import TransientFault
from urbansense.wiring.cases import CaseParts
from urbansense.wiring.clock import wall_ms
from urbansense.wiring.parts import PlatformParts
from urbansense.wiring.shared_database import SharedDatabase
from web.ports import QuotaUse


@dataclass(frozen=True, slots=True)
class QuotaAccount:
    """The quotas of one installation that are kept in its database and its data folder."""

    photos: PhotoRoom
    audit: AuditKeeper
    pending: PendingStore

    async def uses(self) -> Sequence[QuotaUse]:
        """Raises: TransientFault when the database does not answer."""
        return await asyncio.to_thread(self._uses)

    async def check(self) -> str:
        """One line on all of them. Raises: TransientFault where no photo can be added.

        What strangers can fill (the pending devices) is shown and never bad health.
        """
        uses = await self.uses()
        try:
            await asyncio.to_thread(self.photos.check)
        except NoRoom as error:
            raise TransientFault(str(error)) from error
        return ", ".join(f"{one.what} {one.used} of {one.limit or 'any'} {one.unit}" for one in uses)

    def _uses(self) -> Sequence[QuotaUse]:
        return (
            QuotaUse("photos", "bytes", self.photos.used(), self.photos.quota.total_bytes),
            QuotaUse("audit", "rows", self.audit.count(), self.audit.most_rows),
            QuotaUse("pending devices", "rows", self.pending.count(), self.pending.limits.devices),
        )


def open_quotas(parts: PlatformParts, cases: CaseParts) -> QuotaAccount:
    """The quotas over the open parts."""
    return QuotaAccount(cases.photos.room, open_audit_keeper(parts), PendingStore(parts.registry))


def open_audit_keeper(parts: PlatformParts) -> AuditKeeper:
    """What keeps the audit log within the rows of the settings."""
    return AuditKeeper(SharedDatabase(parts.registry.engine), parts.settings.audit_quota_rows, wall_ms)
