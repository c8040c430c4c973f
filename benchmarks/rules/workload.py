"""The one workload of the rules' benches: 10,000 lamps report each minute for twenty, one in a hundred dies at minute 5.

Behind the reports of a minute stand its ticks, one per partition. The floors, the peers and the engine get these records.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from domain.devices import Device
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from rules.definitions.lifecycle import apply_rules
from streams.opening.by_url import open_log
from streams.ports import Log, Outgoing

KIND: Final = "streetlight"
LAMPS: Final = 10_000
MINUTES: Final = 20
REPORTS: Final = LAMPS * MINUTES
DEAD: Final = LAMPS // 100
T0_MS: Final = 1_763_772_000_000
MAKES: Final = 50

ONE_RULE: Final = """
rule: lamp-dead
kind: streetlight
when: reading.dimming_level > 0 && reading.active_power < 5
for: 2m
"""
"""Dead for two minutes is dead in three reports: one event for each dead lamp."""

KeyedValue = tuple[bytes | None, bytes]


class Lamps:
    """The registry: answers from a dict, as the real one does."""

    version = 1

    def __init__(self) -> None:
        self._lamps = {device.device_id: device for device in map(_lamp, range(LAMPS))}

    def device(self, device_id: str) -> Device | None:
        return self._lamps.get(device_id)

    def devices(self) -> Sequence[Device]:
        return list(self._lamps.values())


def _lamp(i: int) -> Device:
    return Device(
        _lamp_id(i), KIND, KIND, area="320582/110/152/102", lon=120.55, lat=31.87, report_interval_s=60,
        department="lighting",
        attributes={"nominal_power": 100.0, "nominal_current": 0.5, "rated_hours": 50_000.0, "make": f"m{i % MAKES}"},
    )  # fmt: skip


def reports_in_memory() -> list[KeyedValue]:
    """Every report in order, and one tick (its key is None) behind those of each minute."""
    return [record for minute in range(MINUTES) for record in [*_reports(minute), (None, _tick(minute))]]


@asynccontextmanager
async def filled_log(
    url: str, folder: Path, prefix: str, rules: str, partitions: int = 4
) -> AsyncIterator[tuple[Log, Topics]]:
    """A log that holds the workload, and these rules in force."""
    topics = Topics(prefix=prefix, partitions=partitions, kinds=(KIND,))
    log = await open_log(url, folder)
    try:
        await log.ensure_topics(topics.specs())
        await apply_rules(log, topics, rules, now_ms=T0_MS)
        telemetry = topics.telemetry(KIND)
        for minute in range(MINUTES):
            tick = _tick(minute)
            records = [Outgoing(telemetry, key, value, TELEMETRY_HEADERS) for key, value in _reports(minute)]
            records += [Outgoing(telemetry, None, tick, TICK_HEADERS, number) for number in range(partitions)]
            await log.append(records)
        yield log, topics
    finally:
        await log.close()


def _lamp_id(i: int) -> str:
    return f"SL-320582-{i:06d}"


def _tick(minute: int) -> bytes:
    return orjson.dumps({"gateway": 0, "tick_at_ms": T0_MS + minute * 60_000 + 1_000})


def _reports(minute: int) -> list[KeyedValue]:
    return [(_lamp_id(i).encode(), orjson.dumps(_report(i, minute))) for i in range(LAMPS)]


def _report(i: int, minute: int) -> dict[str, Any]:
    dead = i % 100 == 7 and minute >= 5
    observed_ms = T0_MS + minute * 60_000 + i % 1000
    return {
        "device_id": _lamp_id(i),
        "kind": KIND,
        "observed_at_ms": observed_ms,
        "received_at_ms": observed_ms + 300,
        "message_id": str(minute),
        "codec": "json",
        "readings": {
            "voltage": 228.1 + (i + 3 * minute) % 11 / 10,
            "current": 0.0 if dead else 0.42,
            "active_power": 0.0 if dead else 96.2,
            "dimming_level": 80.0,
            "gear_temperature": 23.1 + minute % 5 / 10,
        },
        "area": "320582/110/152/102",
    }
