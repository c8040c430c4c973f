"""A small city for the web's tests: the services of every room as `up` wires them, embedded, in a folder of its own."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson

from device_registry.publication.publisher import RegistryPublisher
from domain.devices import Device
from domain.events import Event, Evidence, Severity, Status, Text, event_id
from domain.ledger import Ledger, RulesLedger, StoreLedger
from domain.telemetry import Reading, Telemetry
from domain.time.units import MINUTE_MS
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Headers
from streams.ports import TopicPartition
from streams.sqlite.reader import StoredRecord
from timeseries.ports import PartitionBatch, PartitionProgress
from urbansense.configuration.settings import load_settings
from urbansense.wiring.api import build_services
from urbansense.wiring.cases import open_case_parts
from urbansense.wiring.credentials import open_credentials
from urbansense.wiring.parts import PlatformParts, open_platform_parts
from web.live.feed import LiveFeed
from web.ports import Services

NOON_MS = 1_763_697_600_000
"""2025-11-21T12:00:00+08:00"""
_TAKEN_MS = NOON_MS + 365 * 86_400_000
"""When the log took every record: behind all clocks here."""


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


class City:
    """The city's parts, and what its devices do to them. The ledger is set by hand."""

    def __init__(self, parts: PlatformParts) -> None:
        self.parts = parts
        self.store = parts.store
        self.ledger = Ledger(StoreLedger(), RulesLedger())
        self.publisher = RegistryPublisher(parts.registry, parts.log, parts.topics)
        self.live = LiveFeed(parts.log, parts.topics)
        self._progress: dict[tuple[str, int], PartitionProgress] = {}
        credentials = open_credentials(parts.settings, parts.registry)
        cases = open_case_parts(parts.settings, parts.registry)
        built = build_services(parts, self.publisher, self.live, credentials, cases, {})
        self._services = replace(built, ledger=self._balance, checks={"store": parts.store.check})
        self.tick(NOON_MS)

    def services(self) -> Services:
        return self._services

    async def _balance(self) -> Ledger:
        return self.ledger

    async def put(self, *devices: Device) -> None:
        """Register the devices; the lookup has followed the topic."""
        self.parts.registry.upsert_devices(devices, now_ms=NOON_MS)
        await self.publisher.publish_pending()
        await self.parts.lookup.load(self.parts.log)

    def device_ids(self) -> list[str]:
        return [device.device_id for device in self.parts.registry.list_devices().items]

    async def rule_authors(self) -> dict[str, str | None]:
        """The rules in force, and who put each in force."""
        return {rule.rule: rule.author for rule in await self._services.rules.rules.list_rules()}

    async def report(self, device: Device, observed_at_ms: int, **readings: Reading) -> None:
        await self.report_all([(device, observed_at_ms, readings)])

    async def report_all(self, reports: Sequence[tuple[Device, int, dict[str, Reading]]]) -> None:
        """The recorder stores the reports, the live feed reads them, and the ledger stays true."""
        await self.store_reports(reports)
        for device, observed_at_ms, _ in reports:
            self.read_report(device, observed_at_ms)

    def read_report(self, device: Device, observed_at_ms: int) -> None:
        """The live feed reads a report of the device, which nobody stores."""
        value = orjson.dumps({"device_id": device.device_id, "observed_at_ms": observed_at_ms})
        self._read(self.parts.topics.telemetry("streetlight"), value, TELEMETRY_HEADERS)

    async def store_reports(self, reports: Sequence[tuple[Device, int, dict[str, Reading]]]) -> None:
        """The recorder stores the reports, which the live feed never read."""
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
        sums = self._progress[place].sums
        self.ledger = replace(
            self.ledger,
            store=StoreLedger(next_offset, sums.stored, sums.duplicate, sums.refused),
            rules=RulesLedger(accepted=next_offset, judged=next_offset),
        )

    async def publish(self, event: Event) -> None:
        """The correlator published this event, the recorder stored it, and the live feed read it."""
        await self.store.write_events([event])
        self.publish_unstored(event)

    def publish_unstored(self, event: Event) -> None:
        """The live feed read this event before the recorder stored it."""
        self._read(self.parts.topics.events, event.model_dump_json().encode(), ())

    def tick(self, at_ms: int) -> None:
        """The log's clock stands there, or where it stood if that is later."""
        self._read(self.parts.topics.telemetry("streetlight"), orjson.dumps({"tick_at_ms": at_ms}), TICK_HEADERS)

    def _read(self, topic: str, value: bytes, headers: Headers) -> None:
        self.live.take({TopicPartition(topic, 0): [StoredRecord(topic, 0, 0, _TAKEN_MS, None, value, headers)]})


@asynccontextmanager
async def open_city(folder: Path, migrated: Path | None = None) -> AsyncIterator[City]:
    """A city in the folder, which begins as a copy of `migrated` (a fixture of that name has one)."""
    if migrated is not None:
        shutil.copytree(migrated, folder)
    settings = load_settings({}, data_dir=folder, partitions=1)
    async with open_platform_parts(settings, asyncio.Event()) as parts:
        city = City(parts)
        yield city
        await city.publisher.close()
