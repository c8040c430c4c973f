"""The input of the disturbed runs: 20,000 reports of 200 devices under simulated time, and every event they must give.

The events are worked out here by plain arithmetic on the faults, apart from the rule engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final, NamedTuple

from domain.devices import Device
from domain.events import event_id
from domain.time.durations import parse_instant_ms
from simulators.dialects.reports import Report

SEED: Final = 20_260_301
"""Of the faults and of the moments of the kills."""
START_MS: Final = parse_instant_ms("2026-03-01T18:00:00+08:00")
EVERY_MS: Final = 60_000
INSTANTS: Final = 100
LAMPS: Final = tuple(f"SL-{number:03}" for number in range(150))
MONITORS: Final = tuple(f"WM-{number:03}" for number in range(50))
REPORTS: Final = INSTANTS * (len(LAMPS) + len(MONITORS))

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
rule: water-high
title: {en: Water high, zh: 水位过高}
kind: water_monitor
when: 'reading.water_level > 3.0'
severity: critical
event: {problem: water-high, department: drainage}
"""
_FOR, _CLEAR_FOR = 5, 2
"""Of lamp-out, in instants."""


class Fault(NamedTuple):
    """A device is wrong at the instants [first, end)."""

    first: int
    end: int


class Outcome(NamedTuple):
    """What must be known of an event at the end."""

    event_id: str
    rule: str
    subject: str
    severity: str
    status: str
    since_ms: int
    opened_at_ms: int
    cleared_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Workload:
    """One seed's faults; the same seed gives the same reports and events."""

    faults: dict[str, tuple[Fault, ...]]

    def devices(self) -> list[Device]:
        return [
            Device(
                device_id=name,
                kind=kind_of(name),
                profile=kind_of(name),
                area=f"320582/{110 + number % 3}",
                report_interval_s=EVERY_MS // 1000,
            )
            for number, name in enumerate((*LAMPS, *MONITORS))
        ]

    def reports(self) -> Iterator[Report]:
        """All reports by time; no two readings of a device are equal, so that a mix-up shows."""
        for n in range(INSTANTS):
            for number, name in enumerate((*LAMPS, *MONITORS)):
                wrong = any(fault.first <= n < fault.end for fault in self.faults.get(name, ()))
                own = (n * 1000 + number) / 1e6
                if kind_of(name) == "streetlight":
                    readings = {"dimming_level": 80.0, "active_power": (5.0 if wrong else 95.0) + own}
                else:
                    readings = {"water_level": (3.5 if wrong else 1.5) + own}
                yield Report(name, kind_of(name), None, at_ms(n), n, readings)

    def outcomes(self) -> set[Outcome]:
        """Every event of the rules on these reports."""
        lamps = {_lamp_out(name, fault) for name in LAMPS for fault in self.faults.get(name, ())}
        water = {_water_high(name, fault) for name in MONITORS for fault in self.faults.get(name, ())}
        return {outcome for outcome in lamps | water if outcome is not None}


def workload(seed: int) -> Workload:
    """Every third device has faults: short ones that prove nothing, long ones, and some that last to the end."""
    random = Random(seed)
    faults: dict[str, tuple[Fault, ...]] = {}
    for name in (*LAMPS, *MONITORS)[::3]:
        first = Fault(begin := random.randint(3, 40), begin + random.randint(1, 15))
        last = Fault(
            begin := first.end + random.randint(5, 20), random.choice([begin + random.randint(1, 9), INSTANTS])
        )
        faults[name] = (first, last)
    return Workload(faults)


def kind_of(device_id: str) -> str:
    return "streetlight" if device_id.startswith("SL") else "water_monitor"


def at_ms(instant: int) -> int:
    return START_MS + instant * EVERY_MS


def _lamp_out(name: str, fault: Fault) -> Outcome | None:
    if fault.end - fault.first <= _FOR:
        return None
    cleared = at_ms(fault.end + _CLEAR_FOR) if fault.end + _CLEAR_FOR < INSTANTS else None
    return _outcome("lamp-out", name, "major", at_ms(fault.first), at_ms(fault.first + _FOR), cleared)


def _water_high(name: str, fault: Fault) -> Outcome:
    cleared = at_ms(fault.end) if fault.end < INSTANTS else None
    return _outcome("water-high", name, "critical", at_ms(fault.first), at_ms(fault.first), cleared)


def _outcome(rule: str, name: str, severity: str, since_ms: int, opened_ms: int, cleared_ms: int | None) -> Outcome:
    status = "open" if cleared_ms is None else "cleared"
    identity = str(event_id(rule, name, opened_ms))
    return Outcome(identity, rule, name, severity, status, since_ms, opened_ms, cleared_ms)
