"""Reports, batches and events as the tests of the store need them."""

from collections.abc import Mapping
from typing import Any, cast

from domain.events import Event, Severity, Status, Text, event_id
from domain.telemetry import Telemetry
from domain.time.units import MINUTE_MS
from timeseries.ports import PartitionBatch, PartitionProgress, Store, Sums, WriteOutcome

NOON_MS = 1_763_812_800_000
"""2025-11-22T12:00:00Z, a whole number of days and hours."""

TOPIC = "telemetry.streetlight"
LAMP = "SL-320582-000123"


def report(readings: Mapping[str, Any], at_ms: int = NOON_MS, device_id: str = LAMP, **more: Any) -> Telemetry:
    """One report as it stands on the log, received 287 ms after it was observed."""
    made: dict[str, Any] = {
        "device_id": device_id,
        "kind": "streetlight",
        "observed_at_ms": at_ms,
        "received_at_ms": at_ms + 287,
        "codec": "json",
        "readings": dict(readings),
        "area": "320582/110/152/102",
    }
    return cast("Telemetry", {**made, **more})


def gateway_timed(readings: Mapping[str, Any], received_at_ms: int, **more: Any) -> Telemetry:
    """A report of a device without a clock."""
    return report(readings, received_at_ms, received_at_ms=received_at_ms, time_source="gateway", **more)


def batch(*reports: Telemetry, next_offset: int | None = None, partition: int = 0) -> PartitionBatch:
    return PartitionBatch(TOPIC, partition, len(reports) if next_offset is None else next_offset, reports)


async def write(
    store: Store, *reports: Telemetry, progress: Mapping[tuple[str, int], PartitionProgress] | None = None
) -> WriteOutcome:
    return await store.write_telemetry([batch(*reports)], progress or {})


def sums(outcome: WriteOutcome, partition: int = 0) -> Sums:
    return outcome.progress[TOPIC, partition].sums


def event(
    rule: str = "lamp-out", subject: str = LAMP, opened_at_ms: int = NOON_MS, revision: int = 1, **more: Any
) -> Event:
    made: dict[str, Any] = {
        "event_id": event_id(rule, subject, opened_at_ms),
        "revision": revision,
        "rule": rule,
        "rule_version": 1,
        "subject": subject,
        "kind": "streetlight",
        "problem": rule,
        "severity": Severity.MAJOR,
        "status": Status.OPEN,
        "since_ms": opened_at_ms - 10 * MINUTE_MS,
        "opened_at_ms": opened_at_ms,
        "area": "320582/110/152/102",
        "summary": Text(en="Lamp out", zh="路灯不亮"),
    }
    return Event(**{**made, **more})
