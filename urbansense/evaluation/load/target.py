"""What a load needs of the platform: its devices, its probe rule and the ledger; put there before, taken away after.

an urbansense answers ──▶ ApiTarget: everything over HTTP
none does, the log is Kafka ──▶ LogTarget: the registry's database, and the log
"""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from device_registry.bulk.importing import Options
from device_registry.publication.publisher import RegistryPublisher
from device_registry.service.files import DeviceFileService
from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.errors import ConfigurationError
from ingest.ledger.statement import LedgerAccount
from rules.definitions.lifecycle import Signature, apply_documents, remove_rule
from rules.worker.sums import read_rule_sums
from simulators.city.devices_file import devices_csv
from simulators.fleet.kinds import LoadKind, device_id
from timeseries.ports import PartitionBatch, PartitionProgress, WriteOutcome
from urbansense.api_client.api import Api, ApiRefused
from urbansense.api_client.opening import running_api
from urbansense.configuration.settings import Settings
from urbansense.wiring.parts import Parts, open_parts, open_registry_part
from web.api.operations.ledger import statement_of

RULE: Final = "load-probe"
"""The reserved name of the rule that a load puts in force and takes away."""

_DEPARTMENT: Final = "load-test"
_AUTHOR: Final = "load test"
_HEADERS: Final = {"X-Author": _AUTHOR}
_AT_ONCE: Final = 5000
_REMOVALS_AT_ONCE: Final = 16


class Target(Protocol):
    """The platform as a load meets it; every call is idempotent."""

    @property
    def parts(self) -> Parts | None:
        """The open log, None where it is another process's own."""

    async def register(self, devices: Sequence[Device]) -> None: ...

    async def remove(self, devices: Sequence[str]) -> None: ...

    async def apply_rule(self, text: str) -> None: ...

    async def remove_rule(self) -> None: ...

    async def ledger(self) -> Mapping[str, Any]:
        """The statement of `/api/v1/ledger`."""


def load_devices(kind: LoadKind, count: int, report_interval_s: int) -> list[Device]:
    """The devices of a load, as they are registered: in no area, of a department of their own."""
    return [
        Device(
            device_id(number), kind.kind, kind.kind, name="Load test", department=_DEPARTMENT,
            report_interval_s=report_interval_s,
        )
        for number in range(count)
    ]  # fmt: skip


def probe_rule(kind: LoadKind) -> str:
    """The document of the probe rule: without `for`, so that the reading that trips it is the one that opens its event."""
    return (
        f"rule: {RULE}\n"
        "title: {en: Load probe, zh: 负载探针}\n"
        f"kind: {kind.kind}\n"
        f"where: 'device.department == \"{_DEPARTMENT}\"'\n"
        f"when: '{kind.when}'\n"
        "severity: info\n"
        "event: {problem: load-probe}\n"
    )


@asynccontextmanager
async def open_target(settings: Settings) -> AsyncIterator[Target]:
    """The platform that these settings mean. Raises: ConfigurationError where none can be reached."""
    has_log = settings.log_url.startswith("kafka://")
    async with running_api(settings) as api:
        if api is None and not has_log:
            raise ConfigurationError(
                f"no urbansense answers at {settings.client_api_url}, and an embedded log serves one process only: start "
                "`urbansense up`, or name the platform's log with URBANSENSE_LOG_URL=kafka://…"
            )
        if not has_log:
            assert api is not None
            yield ApiTarget(api, None)
            return
        stop = asyncio.Event()
        async with open_parts(settings, stop) as parts:
            if api is not None:
                yield ApiTarget(api, parts)
                return
            async with open_registry_part(settings) as registry:
                target = LogTarget(parts, registry)
                try:
                    yield target
                finally:
                    await target.close()


class ApiTarget:
    """Over HTTP; `parts` holds the log where it is one that several processes share."""

    def __init__(self, api: Api, parts: Parts | None) -> None:
        self._api = api
        self.parts = parts

    async def register(self, devices: Sequence[Device]) -> None:
        for first in range(0, len(devices), _AT_ONCE):
            text = devices_csv(devices[first : first + _AT_ONCE])
            await self._api.post("/api/v1/devices/import", text, "text/csv", headers=_HEADERS)

    async def remove(self, devices: Sequence[str]) -> None:
        turn = asyncio.Semaphore(_REMOVALS_AT_ONCE)

        async def remove_one(device: str) -> None:
            async with turn:
                await self._gone(f"/api/v1/devices/{device}")

        async with asyncio.TaskGroup() as tasks:
            for device in devices:
                tasks.create_task(remove_one(device))

    async def apply_rule(self, text: str) -> None:
        await self._api.post("/api/v1/rules", text, "application/yaml", headers=_HEADERS)

    async def remove_rule(self) -> None:
        await self._gone(f"/api/v1/rules/{RULE}")

    async def ledger(self) -> Mapping[str, Any]:
        statement: Mapping[str, Any] = await self._api.get("/api/v1/ledger")
        return statement

    async def _gone(self, path: str) -> None:
        try:
            await self._api.delete(path, headers=_HEADERS)
        except ApiRefused as refused:
            if refused.problem.get("status") != 404:
                raise


class LogTarget:
    """Where no API runs: the registry's database is opened here, and its changes published from here."""

    def __init__(self, parts: Parts, registry: Registry) -> None:
        self.parts = parts
        self._registry = registry
        self._publisher = RegistryPublisher(registry, parts.log, parts.topics)
        self._files = DeviceFileService(registry, self._publisher, _now_ms)
        self._account = LedgerAccount(parts.log, parts.topics, _PlacesInTheGroup(), read_rule_sums)

    async def register(self, devices: Sequence[Device]) -> None:
        file = io.BytesIO(devices_csv(devices).encode())
        with await self._files.import_file(file, Options(), author=_AUTHOR, progress=lambda *_: None) as done:
            if not done.applied:
                raise ConfigurationError("the registry refused the load's devices")
        await self._publisher.publish_pending()

    async def remove(self, devices: Sequence[str]) -> None:
        now_ms = await _now_ms()
        await asyncio.to_thread(self._registry.remove_devices, devices, now_ms=now_ms, author=_AUTHOR)
        await self._publisher.publish_pending()

    async def apply_rule(self, text: str) -> None:
        await apply_documents(self.parts.log, self.parts.topics, text, Signature(_AUTHOR, "", await _now_ms()))

    async def remove_rule(self) -> None:
        await remove_rule(self.parts.log, self.parts.topics, RULE)

    async def close(self) -> None:
        await self._publisher.close()

    async def ledger(self) -> Mapping[str, Any]:
        statement = statement_of(await self._account.statement())
        return {
            "store": {name: getattr(statement.store, name) for name in statement.store.__slots__},
            "rules": {name: getattr(statement.rules, name) for name in statement.rules.__slots__},
            "rejected": statement.rejected,
            "rejected_in_part": statement.rejected_in_part,
            "store_balances": statement.store_balances,
            "rules_balance": statement.rules_balance,
        }


class _PlacesInTheGroup:
    """Stands for the store in the ledger: the recorder keeps its places and sums in its group too."""

    async def load_progress(self) -> None:
        return None

    async def write_telemetry(
        self, batches: Sequence[PartitionBatch], progress: Mapping[tuple[str, int], PartitionProgress]
    ) -> WriteOutcome:
        raise AssertionError("a ledger writes nothing")


async def _now_ms() -> int:
    return int(time.time() * 1000)
