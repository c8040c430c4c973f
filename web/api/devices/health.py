"""How well a device is, from what the store and `telemetry.rejected` know of it."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from device_registry.service.registry import RegistryService
from domain.devices import Device
from domain.time.units import DAY_MS, HOUR_MS
from timeseries.ports import TelemetryReader
from timeseries.queries.samples import Sample

_BATTERY: Final = ("battery_level", "battery_voltage")
_SIGNAL: Final = ("rssi", "snr")


class Measured(BaseModel):
    """A reading of the device itself, in its canonical unit."""

    value: float
    observed_at_ms: int


class DeviceHealth(BaseModel):
    """A device's last 24 hours.

    `received` counts its reports in the store, `expected` what its interval asks for; `rejected` counts reports refused
    whole, `rejected_in_part` those of which something was left out. Rates are 0 to 1, None where nothing was sent.
    """

    device_id: str
    last_seen_ms: int | None
    silent_for_intervals: float | None
    battery: dict[str, Measured]
    signal: dict[str, Measured]
    from_ms: int
    to_ms: int
    received: int
    expected: int
    message_rate: float | None
    rejected: int
    rejected_in_part: int
    reject_rate: float | None


async def device_health(device: Device, telemetry: TelemetryReader, records: RegistryService) -> DeviceHealth:
    """The health of the device at the clock that the data follow; three cheap questions to the store and the log."""
    to_ms = await records.now_ms()
    from_ms = to_ms - DAY_MS
    latest = (await telemetry.fetch_latest([device.device_id])).get(device.device_id, {})
    last_seen_ms = max((sample.observed_at_ms for sample in latest.values()), default=None)
    received = await _count_reports(device, latest, telemetry, from_ms, to_ms)
    rejected = await records.rejections(device.device_id, from_ms)
    in_service_ms = min(DAY_MS, max(0, to_ms - device.activated_at_ms))
    expected = in_service_ms // (device.report_interval_s * 1000)
    sent = received + rejected.whole
    return DeviceHealth(
        device_id=device.device_id,
        last_seen_ms=last_seen_ms,
        silent_for_intervals=None
        if last_seen_ms is None
        else round(max(0, to_ms - last_seen_ms) / (device.report_interval_s * 1000), 2),
        battery=_measured(latest, _BATTERY),
        signal=_measured(latest, _SIGNAL),
        from_ms=from_ms,
        to_ms=to_ms,
        received=received,
        expected=expected,
        message_rate=round(min(1.0, received / expected), 4) if expected else None,
        rejected=rejected.whole,
        rejected_in_part=rejected.in_part,
        reject_rate=round(rejected.whole / sent, 4) if sent else None,
    )


async def _count_reports(
    device: Device, latest: Mapping[str, Sample], telemetry: TelemetryReader, from_ms: int, to_ms: int
) -> int:
    """How many reports held the quantity that was reported last: as good as all reports, and one narrow query."""
    if not latest:
        return 0
    quantity = max(latest, key=lambda name: (latest[name].observed_at_ms, name))
    buckets = await telemetry.fetch_buckets(device.device_id, device.kind, quantity, from_ms, to_ms, HOUR_MS)
    return sum(bucket.count for bucket in buckets)


def _measured(latest: Mapping[str, Sample], names: tuple[str, ...]) -> dict[str, Measured]:
    return {
        name: Measured(value=latest[name].value, observed_at_ms=latest[name].observed_at_ms)
        for name in names
        if name in latest
    }
