"""A small city for the web's tests: the real DuckDB store, and in memory what the web's own ports ask for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from device_registry.service.import_report import ImportReport, RowError
from device_registry.service.queries import DevicePage, DeviceQuery
from domain.devices import Device
from domain.events import Event, Evidence, Severity, Status, Text, event_id
from domain.ledger import Ledger, RulesLedger, StoreLedger
from domain.rejections import Reason, Replay
from domain.telemetry import Reading, Telemetry
from domain.time.units import MINUTE_MS
from ingest.rejections.rejected_message import RejectedMessage
from rules.service.statuses import RuleChange, RuleProblem, RuleStatus
from timeseries.ports import PartitionBatch, PartitionProgress, Store
from web.live.ports import CaseUpdate, EventUpdate
from web.ports import Services

NOON_MS = 1_763_697_600_000
"""2025-11-21T12:00:00+08:00"""


def lamp(number: int, *, area: str = "320582/110/152/102") -> Device:
    """Lamp `number` of a grid of streets with 25 lamps each."""
    street, place = divmod(number, 25)
    return Device(
        device_id=f"SL-{number:04d}",
        kind="streetlight",
        profile="streetlight",
        name=f"Lamp {place + 1}, street {street + 1}",
        area=area,
        lon=120.55 + place * 0.0006,
        lat=31.87 + street * 0.0011 + (place % 2) * 0.00012,
        department="lighting",
        report_interval_s=60,
    )


def lamp_out(device: Device, opened_at_ms: int, severity: Severity = Severity.MAJOR) -> Event:
    """An open event of a lamp that is commanded on and draws no power since ten minutes."""
    return Event(
        event_id=event_id("lamp-out", device.device_id, opened_at_ms),
        revision=1,
        rule="lamp-out",
        rule_version=1,
        subject=device.device_id,
        kind=device.kind,
        problem="lamp-out",
        severity=severity,
        status=Status.OPEN,
        since_ms=opened_at_ms - 10 * MINUTE_MS,
        opened_at_ms=opened_at_ms,
        department=device.department,
        area=device.area,
        lon=device.lon,
        lat=device.lat,
        evidence=(
            Evidence(quantity="active_power", value=1.5, observed_at_ms=opened_at_ms),
            Evidence(quantity="dimming_level", value=80.0, observed_at_ms=opened_at_ms),
        ),
        summary=Text(en="Lamp out", zh="路灯不亮"),
    )


def cleared(event: Event, at_ms: int) -> Event:
    return event.model_copy(update={"status": Status.CLEARED, "cleared_at_ms": at_ms, "revision": event.revision + 1})


@dataclass
class MemoryDirectory:
    """A `DeviceDirectory` over a dict. Its import takes `device_id,kind` lines, and kinds it knows."""

    devices: dict[str, Device] = field(default_factory=dict)
    changes: int = 0

    def put(self, *devices: Device) -> None:
        self.devices.update({device.device_id: device for device in devices})
        self.changes += 1

    async def list_devices(self, query: DeviceQuery) -> DevicePage:
        found = sorted((d for d in self.devices.values() if _matches(d, query)), key=lambda d: d.device_id)
        if query.cursor is not None and query.cursor not in self.devices:
            raise ValueError(f"{query.cursor!r} is no cursor of the device list")
        left = [d for d in found if query.cursor is None or d.device_id > query.cursor]
        page = left[: query.limit]
        return DevicePage(page, page[-1].device_id if len(left) > len(page) else None, len(found))

    async def get_device(self, device_id: str) -> Device | None:
        return self.devices.get(device_id)

    async def import_csv(self, text: str, *, skip_bad: bool) -> ImportReport:
        rows = list(enumerate(text.splitlines(), start=1))[1:]
        errors = tuple(
            RowError(line, f"kind {row.split(',')[1]!r} is not known", "kind")
            for line, row in rows
            if row.split(",")[1] not in ("streetlight", "manhole_cover")
        )
        if errors and not skip_bad:
            return ImportReport(errors=errors)
        bad = {error.line for error in errors}
        kept = (row.split(",") for line, row in rows if line not in bad)
        good = [Device(device_id, kind, profile="p") for device_id, kind in kept]
        self.put(*good)
        return ImportReport(added=len(good), errors=errors)

    def revision(self) -> int:
        return self.changes


def _matches(device: Device, query: DeviceQuery) -> bool:
    area = device.area or ""
    return (
        query.kind in (None, device.kind)
        and (query.area is None or area == query.area or area.startswith(f"{query.area}/"))
        and query.department in (None, device.department)
        and query.state in (None, device.state)
        and (query.text is None or query.text.lower() in f"{device.device_id} {device.name}".lower())
    )


@dataclass
class MemoryRules:
    """A `RuleBook` that takes documents with a `rule:` line."""

    rules: dict[str, RuleStatus] = field(default_factory=dict)

    async def list_rules(self) -> Sequence[RuleStatus]:
        return [self.rules[name] for name in sorted(self.rules)]

    async def apply(self, text: str, author: str, note: str = "") -> RuleChange:
        name = next((line[6:].strip() for line in text.splitlines() if line.startswith("rule: ")), None)
        if name is None:
            return RuleChange(problems=(RuleProblem("the document names no rule", 1, 1),))
        version = self.rules[name].version + 1 if name in self.rules else 1
        self.rules[name] = RuleStatus(name, version, "streetlight", Severity.MAJOR, author=author)
        return RuleChange(applied=(self.rules[name],))


class MemoryRejections:
    """A `RejectedMessages` of two messages, one of which can be replayed."""

    def __init__(self) -> None:
        self.messages = [
            RejectedMessage(
                "r/0/2", Reason.BAD_VALUE, "voltage is no number", "city/a/streetlight/L1/up", NOON_MS, "L1"
            ),
            RejectedMessage("r/0/1", Reason.UNKNOWN_DEVICE, "L9 is not registered", "city/a/b/L9/up", NOON_MS - 1),
        ]

    async def list_rejected(self, reason: Reason | None, limit: int) -> Sequence[RejectedMessage]:
        return [message for message in self.messages if reason in (None, message.reason)][:limit]

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        known = {message.id for message in self.messages}
        return Replay(len(known & set(ids)), 1, tuple(f"{one} is not on the log" for one in ids if one not in known))


@dataclass
class HandLive:
    """A `Live` set by hand."""

    now: int | None = NOON_MS
    heard: dict[str, int] = field(default_factory=dict)
    changes: list[EventUpdate] = field(default_factory=list)
    case_changes: list[CaseUpdate] = field(default_factory=list)

    def now_ms(self) -> int | None:
        return self.now

    def last_heard_ms(self) -> Mapping[str, int]:
        return self.heard

    def changes_after(self, sequence: int) -> Sequence[EventUpdate]:
        return [change for change in self.changes if change.sequence > sequence]

    def case_changes_after(self, sequence: int) -> Sequence[CaseUpdate]:
        return [change for change in self.case_changes if change.sequence > sequence]

    def tell(self, event: Event) -> None:
        self.changes.append(EventUpdate(len(self.changes) + 1, event))


@dataclass
class City:
    """The city's parts, and what its devices do to them."""

    store: Store
    directory: MemoryDirectory = field(default_factory=MemoryDirectory)
    rules: MemoryRules = field(default_factory=MemoryRules)
    live: HandLive = field(default_factory=HandLive)
    ledger: Ledger = field(default_factory=lambda: Ledger(StoreLedger(), RulesLedger()))
    _progress: dict[tuple[str, int], PartitionProgress] = field(default_factory=dict)

    def services(self) -> Services:
        async def ledger() -> Ledger:
            return self.ledger

        return Services(
            devices=self.directory,
            rules=self.rules,
            telemetry=self.store,
            events=self.store,
            ledger=ledger,
            rejected=MemoryRejections(),
            live=self.live,
            checks={"store": self.store.check},
        )

    async def report(self, device: Device, observed_at_ms: int, **readings: Reading) -> None:
        await self.report_all([(device, observed_at_ms, readings)])

    async def report_all(self, reports: Sequence[tuple[Device, int, dict[str, Reading]]]) -> None:
        """Store the reports, hear the devices, and keep the ledger true."""
        records = [
            Telemetry(
                device_id=device.device_id,
                kind=device.kind,
                observed_at_ms=observed_at_ms,
                received_at_ms=observed_at_ms + 200,
                codec="json",
                readings=readings,
            )
            for device, observed_at_ms, readings in reports
        ]
        place = ("telemetry.streetlight", 0)
        next_offset = self._progress.get(place, PartitionProgress(0)).next_offset + len(records)
        outcome = await self.store.write_telemetry([PartitionBatch(*place, next_offset, records)], self._progress)
        self._progress.update(outcome.progress)
        for device, observed_at_ms, _ in reports:
            self.live.heard[device.device_id] = max(observed_at_ms, self.live.heard.get(device.device_id, 0))
        sums = self._progress[place].sums
        self.ledger = replace(
            self.ledger,
            store=StoreLedger(next_offset, sums.stored, sums.duplicate, sums.refused),
            rules=RulesLedger(accepted=next_offset, judged=next_offset),
        )

    async def tell(self, event: Event) -> None:
        """The correlator told this event, and the recorder stored it."""
        await self.store.write_events([event])
        self.live.tell(event)
