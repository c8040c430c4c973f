"""The state of the city at a glance, kept once for all who watch: counts, where each device stands, the open events."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from device_registry.service.directory import RegistryDirectory
from device_registry.service.queries import DeviceQuery
from domain.devices import Device, DeviceState
from domain.events import Event, Severity, Status
from domain.ledger import Ledger
from timeseries.ports import EventStore, TelemetryReader
from timeseries.queries.events import EventQuery
from web.live.feed import LiveFeed
from web.live.open_events import OpenEvents

SILENT_AFTER_INTERVALS: Final = 3
"""So many report intervals without a report make a device silent on the map: the default `gap` of a rule."""

MOST_DEVICES: Final = 20_000
"""More devices than this are counted but neither drawn nor looked at for silence."""

RELOAD_S: Final = 5.0
"""The devices are read again at most so often, while an import changes the registry all the time."""

RESYNC_S: Final = 30.0
"""How often the open events are read from the store again, in case this process missed a change on the log."""

_PAGE: Final = 1000
OK, SILENT, UNHEARD = "ok", "silent", "unheard"


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of the city. The four of reports are the ledger's."""

    devices: int
    silent: int
    unheard: int
    accepted: int
    stored: int
    pending: int
    rejected: int
    open_events: int
    ledger_balances: bool
    now_ms: int | None


@dataclass(frozen=True, slots=True)
class CitySnapshot:
    """The city at one moment.

    Shape: `conditions[i]` is the condition of `devices[i]`: `ok`, `silent`, `unheard` or the worst severity of its open
    events. `events` are the open ones, worst first, then newest first.
    """

    devices: tuple[Device, ...]
    conditions: tuple[str, ...]
    events: tuple[Event, ...]
    ledger: Ledger
    counts: Counts


def condition_of(device: Device, last_heard_ms: int | None, now_ms: int | None, severity: Severity | None) -> str:
    """Where a device stands: its worst open event, else silent, one that never reported, or ok.

    Time: silent when more than three report intervals passed since its last report; never before the log's clock is
    known. Suspended devices are expected to be quiet.
    """
    if severity is not None:
        return severity.value
    if device.state is not DeviceState.ACTIVE:
        return OK
    if last_heard_ms is None:
        return UNHEARD
    allowed_ms = SILENT_AFTER_INTERVALS * device.report_interval_s * 1000
    return SILENT if now_ms is not None and now_ms - last_heard_ms > allowed_ms else OK


class CitySnapshots:
    """Makes snapshots, at most one a `max_age_s`, however many watch; nothing is read while nobody does."""

    def __init__(
        self,
        directory: RegistryDirectory,
        telemetry: TelemetryReader,
        events: EventStore,
        ledger: Callable[[], Awaitable[Ledger]],
        live: LiveFeed,
        monotonic_s: Callable[[], float],
        max_age_s: float = 1.0,
    ) -> None:
        self._directory = directory
        self._telemetry = telemetry
        self._events = events
        self._ledger = ledger
        self._live = live
        self._monotonic_s = monotonic_s
        self._max_age_s = max_age_s
        self._lock = asyncio.Lock()
        self._made_at_s = float("-inf")
        self._reloaded_at_s = float("-inf")
        self._resynced_at_s = float("-inf")
        self._snapshot: CitySnapshot | None = None
        self._devices: tuple[Device, ...] = ()
        self._total = 0
        self._devices_revision: int | None = None
        self._stored_report_ms: dict[str, int] = {}
        self._sequence = 0
        self._open = OpenEvents()

    async def current(self) -> CitySnapshot:
        """The city now, at most `max_age_s` old. Raises: TransientFault where registry, store or log do not answer."""
        async with self._lock:
            snapshot = self._snapshot
            if snapshot is None or self._monotonic_s() - self._made_at_s >= self._max_age_s:
                snapshot = self._snapshot = await self._make()
                self._made_at_s = self._monotonic_s()
            return snapshot

    async def _make(self) -> CitySnapshot:
        await self._refresh_devices()
        await self._refresh_events()
        ledger = await self._ledger()
        events = self._open.all()
        conditions = self._conditions(events)
        counts = Counts(
            devices=self._total,
            silent=conditions.count(SILENT),
            unheard=conditions.count(UNHEARD),
            accepted=ledger.store.accepted,
            stored=ledger.store.stored,
            pending=ledger.store.pending,
            rejected=sum(ledger.rejected.values()),
            open_events=len(events),
            ledger_balances=ledger.balances,
            now_ms=self._live.now_ms(),
        )
        return CitySnapshot(self._devices, conditions, events, ledger, counts)

    async def _refresh_devices(self) -> None:
        revision = self._directory.revision()
        if revision == self._devices_revision or self._monotonic_s() - self._reloaded_at_s < RELOAD_S:
            return
        devices: list[Device] = []
        cursor: str | None = None
        while True:
            page = await self._directory.list_devices(DeviceQuery(limit=_PAGE, cursor=cursor))
            devices += page.items
            cursor = page.next
            if cursor is None or len(devices) >= MOST_DEVICES:
                break
        new = [device.device_id for device in devices if device.device_id not in self._stored_report_ms]
        for start in range(0, len(new), _PAGE):
            await self._seed_last_reports(new[start : start + _PAGE])
        in_use = tuple(device for device in devices if device.state is not DeviceState.RETIRED)
        self._total = page.total - (len(devices) - len(in_use))
        self._devices, self._devices_revision = in_use, revision
        self._reloaded_at_s = self._monotonic_s()

    async def _seed_last_reports(self, device_ids: Sequence[str]) -> None:
        latest = await self._telemetry.fetch_latest(device_ids)
        for device_id in device_ids:
            samples = latest.get(device_id, {}).values()
            self._stored_report_ms[device_id] = max((sample.observed_at_ms for sample in samples), default=0)

    async def _refresh_events(self) -> None:
        if self._monotonic_s() - self._resynced_at_s >= RESYNC_S:
            self._open.resync(await self._fetch_open())
            self._resynced_at_s = self._monotonic_s()
        for change in self._live.changes_after(self._sequence):
            self._sequence = change.sequence
            self._open.take(change.event)

    async def _fetch_open(self) -> list[Event]:
        events: list[Event] = []
        cursor: str | None = None
        while True:
            page = await self._events.fetch_events(EventQuery(status=Status.OPEN, limit=_PAGE, cursor=cursor))
            events += page.items
            cursor = page.next
            if cursor is None:
                return events

    def _conditions(self, events: Sequence[Event]) -> tuple[str, ...]:
        worst: dict[str, Severity] = {}
        for event in events:
            worst.setdefault(event.subject, event.severity)
        last_reports, now_ms = self._live.last_heard_ms(), self._live.now_ms()
        return tuple(
            condition_of(
                device, self._last_report_ms(device.device_id, last_reports), now_ms, worst.get(device.device_id)
            )
            for device in self._devices
        )

    def _last_report_ms(self, device_id: str, live: Mapping[str, int]) -> int | None:
        return max(live.get(device_id, 0), self._stored_report_ms.get(device_id, 0)) or None
