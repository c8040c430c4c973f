"""A town for the tests of SensorThings: the real registry on SQLite, the real store on DuckDB."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_registry.storage.registry import Registry
from domain.devices import Device
from domain.telemetry import Telemetry
from tests.web.city import NOON_MS, City
from timeseries.ports import PartitionBatch, Store
from urbansense.wiring.parts import PlatformParts
from web.ports import Services

LAMP = Device(
    "SL-1", "streetlight", "streetlight", "Lamp 1", "320582/110", 120.55, 31.87, department="lighting",
    attributes={"nominal_power": 100},
)  # fmt: skip
FAR_LAMP = Device("SL-2", "streetlight", "streetlight", "Lamp 2", "320582/111", 121.5, 31.2, department="lighting")
WELL = Device("WM-1", "water_monitor", "milesight-em400-mud", "Well 'north'", lon=120.56, lat=31.88)
PLACELESS = Device("ZZ-1", "streetlight", "streetlight")


@dataclass(frozen=True, slots=True)
class Town:
    """Its devices and readings, and the services of the web over them."""

    parts: PlatformParts

    @property
    def registry(self) -> Registry:
        return self.parts.registry

    @property
    def store(self) -> Store:
        return self.parts.store

    def services(self) -> Services:
        return City(self.parts).services()

    async def report(self, device: Device, at_ms: int, readings: Mapping[str, float | bool], **more: Any) -> None:
        await self.report_all([report_of(device, at_ms, readings, **more)])

    async def report_all(self, reports: list[Telemetry]) -> None:
        await self.store.write_telemetry([PartitionBatch("telemetry.streetlight", 0, len(reports), reports)], {})


def report_of(device: Device, at_ms: int, readings: Mapping[str, float | bool], **more: Any) -> Telemetry:
    report: dict[str, Any] = {
        "device_id": device.device_id,
        "kind": device.kind,
        "observed_at_ms": at_ms,
        "received_at_ms": at_ms + 200,
        "codec": "json",
        "readings": dict(readings),
        **more,
    }
    return report  # type: ignore[return-value]


async def settle(town: Town) -> None:
    """Four devices; ten minutes of the first lamp, one report of the well, one marked reading."""
    town.registry.upsert_devices([LAMP, FAR_LAMP, WELL, PLACELESS], now_ms=NOON_MS)
    reports = [
        report_of(LAMP, NOON_MS + minute * 60_000, {"active_power": 90.0 + minute, "voltage": 230.0})
        for minute in range(10)
    ]
    reports.append(report_of(FAR_LAMP, NOON_MS, {"active_power": 5.5, "relay_closed": True}))
    reports.append(report_of(WELL, NOON_MS + 30_000, {"distance": 2116.0}))
    reports.append(
        report_of(WELL, NOON_MS + 90_000, {"distance": 40_000.0}, quality={"distance": "bad"}, message_id="7")
    )
    await town.report_all(reports)
