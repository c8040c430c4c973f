"""A log prepared in advance: telemetry and ticks of 100 devices through two hours, whatever a worker's death could spoil.

Pending runs, events open over a restart, silences, reports late and too late, second deliveries and devices without a
clock come in every stretch of it. To try another clause, add its rule to `RULES`, and to `RAISED` what it must raise.
"""

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any, Final

import orjson

from device_registry.records.encoding import DEVICE_HEADERS, device_key, encode_device
from domain.devices import Device
from domain.topics import TELEMETRY_HEADERS, TICK_HEADERS, Topics
from streams.ports import Outgoing

SEED: Final = 20_260_302
START_MS: Final = 1_772_359_200_000
EVERY_MS: Final = 60_000
INSTANTS: Final = 120
LAMPS: Final = tuple(f"SL-{number:03}" for number in range(60))
MONITORS: Final = tuple(f"WM-{number:03}" for number in range(40))
CLOCKLESS: Final = MONITORS[::4]

RULES: Final = """
rule: lamp-out
title: {en: Lamp out, zh: 路灯不亮}
kind: streetlight
when: 'reading.dimming_level > 0.0 && reading.active_power < 20.0'
for: 5m
clear_for: 2m
severity: major
event: {problem: lamp-out, department: lighting}
---
{rule: low-voltage, kind: streetlight, when: reading.voltage < device.lowest_voltage, gap: 3m, lateness: 10m}
---
{rule: lamp-silent, kind: streetlight, no_data: 6m}
---
rule: water-high
kind: water_monitor
when: 'reading.water_level > 3.0'
clear_when: 'reading.water_level < 2.0'
severity: critical
---
{rule: water-silent, kind: water_monitor, no_data: 8m}
---
{rule: water-watch, kind: water_monitor, when: reading.water_level > 2.5, for: 3m, mode: shadow}
---
rule: lamp-weak
kind: streetlight
signals:
  power: {of: active_power, over: 10m, take: mean}
  unsteady: {of: voltage, over: 15m, take: stddev}
when: 'power < 60.0 && unsteady > 0.01'
for: 2m
escalate: [{after: 5m, severity: major}, {after: 15m, severity: critical}]
---
rule: water-rising
kind: water_monitor
signals:
  full: {of: water_level, over: 8m, take: forecast, reaches: 3.0, within: 2h}
  up: {of: water_level, over: 30m, take: rate}
  peak: {of: water_level, over: 12m, take: max}
when: 'full < 0.5 && up > 0.0 && peak > 1.0'
---
{rule: lamp-cycling, kind: streetlight, when: reading.active_power < 20.0, repeat: {times: 3, within: 20m}, clear_for: 5m}
---
{rule: lamp-flicker, kind: streetlight, when: reading.active_power < 20.0, suppressed_by: [feeder-fault, low-voltage]}
---
rule: feeder-fault
group: {of: lamp-out, by: parent, at_least: 3, within: 20m, absorbs: true}
severity: critical
---
{rule: lamp-dark-at-night, kind: streetlight, active: {hours: 'daily 17:30-18:30'}, when: reading.active_power < 20.0}
"""

RAISED: Final = {
    "lamp-out": {"opened", "amended", "cleared", "withdrawn"},
    "low-voltage": {"opened", "amended", "cleared"},
    "lamp-silent": {"opened", "cleared"},
    "water-high": {"opened", "amended", "cleared", "withdrawn"},
    "water-silent": {"opened", "cleared"},
    "water-watch": {"opened", "amended", "cleared"},
    "lamp-weak": {"opened", "amended", "escalated", "cleared"},
    "water-rising": {"opened", "amended", "cleared", "withdrawn"},
    "lamp-cycling": {"opened", "amended", "cleared"},
    "lamp-flicker": {"opened", "amended", "cleared"},
    "feeder-fault": {"opened", "cleared"},
    "lamp-dark-at-night": {"opened", "cleared"},
}
"""What every rule must raise of these reports: without it a run would prove nothing about the rule."""

CORRELATED: Final = {"lamp-flicker", "feeder-fault", "lamp-out"}
"""Rules whose events depend on those of other devices, and so on other partitions."""


def devices() -> list[Device]:
    return [
        Device(
            name,
            kind_of(name),
            kind_of(name),
            area=f"320582/{110 + number % 3}",
            parent_id=f"CAB-{number % 6}" if name in LAMPS else None,
            report_interval_s=EVERY_MS // 1000,
            activated_at_ms=START_MS,
            attributes={"lowest_voltage": 198.0 + number % 4} if name in LAMPS else {},
        )
        for number, name in enumerate((*LAMPS, *MONITORS))
    ]


def registered(topics: Topics) -> list[Outgoing]:
    """The devices as the registry publishes them."""
    return [
        Outgoing(topics.registry, device_key(device.device_id), encode_device(device), DEVICE_HEADERS)
        for device in devices()
    ]


def telemetry(topics: Topics, first: int, last: int) -> Iterator[list[Outgoing]]:
    """What comes at each of the instants [first, last): reports, and the ticks of two gateways behind them."""
    for n in range(first, last):
        reports = [
            Outgoing(topics.telemetry(kind_of(told["device_id"])), told["device_id"].encode(), orjson.dumps(told),
                     TELEMETRY_HEADERS)
            for told in _arrivals()[n]
        ]  # fmt: skip
        yield reports + [
            Outgoing(topic, None, orjson.dumps({"gateway": gateway, "tick_at_ms": at_ms(n - gateway)}), TICK_HEADERS, p)
            for topic in topics.all_telemetry
            for p in range(topics.partitions)
            for gateway in (0, 1)
        ]


def records_before(topics: Topics, last: int) -> int:
    """How many records come before that instant."""
    return sum(map(len, telemetry(topics, 0, last)))


def kind_of(device_id: str) -> str:
    return "streetlight" if device_id.startswith("SL") else "water_monitor"


def at_ms(instant: int) -> int:
    return START_MS + instant * EVERY_MS


@cache
def _arrivals() -> list[list[dict[str, Any]]]:
    """The reports by the instant at which they reach the log: one in twelve late, one in sixty too late, one in twelve
    told twice."""
    random = Random(SEED)
    arriving: list[list[dict[str, Any]]] = [[] for _ in range(INSTANTS)]
    for name in (*LAMPS, *MONITORS):
        faulty, silent, glitches = (_stretches(random, *shape) for shape in ((3, 12), (25, 14), (9, 1)))
        for n in range(INSTANTS):
            if n in silent:
                continue
            delay = random.choice([0] * 110 + [1, 2, 3, 4, 1, 2, 3, 4, 1, 2] + [13, 20])
            for late in (delay, delay + random.choice([0, 1, 3, 15])) if random.random() < 1 / 12 else (delay,):
                if n + late < INSTANTS:
                    arriving[n + late].append(_report(name, n, late, wrong=(n in faulty) != (n in glitches)))
    for reports in arriving:
        random.shuffle(reports)
    return arriving


def _stretches(random: Random, apart: int, longest: int) -> frozenset[int]:
    """Instants in stretches of up to `longest`, `apart` to eight times as far from one another."""
    found: set[int] = set()
    begin = 0
    while (begin := begin + random.randint(apart, 8 * apart)) < INSTANTS:
        end = begin + random.randint(1, longest)
        found.update(range(begin, end))
        begin = end
    return frozenset(found)


def _report(name: str, n: int, late: int, *, wrong: bool) -> dict[str, Any]:
    own = n / 1000  # no two readings of a device are equal, so that a mix-up shows
    if name in LAMPS:
        readings = {"dimming_level": 80.0, "active_power": (5.0 if wrong else 95.0) + own}
        readings["voltage"] = (190.0 if (n * 7 + len(name) + int(name[3:])) % 25 < 3 else 225.0) + own
    else:
        readings = {"water_level": (3.5 if wrong else 1.5) + own}
    told: dict[str, Any] = {
        "device_id": name, "kind": kind_of(name), "observed_at_ms": at_ms(n), "received_at_ms": at_ms(n + late) + 300,
        "message_id": str(n), "codec": "json", "readings": readings,
    }  # fmt: skip
    if name in CLOCKLESS:
        told |= {"observed_at_ms": told["received_at_ms"], "time_source": "gateway"}
    return told
