"""Driving one engine by hand: devices, reports and ticks in few words."""

from collections.abc import Iterable
from typing import Any

from domain.devices import Device
from domain.events import Event, Status
from domain.telemetry import Telemetry
from domain.time.units import MINUTE_MS
from rules.engine.engine import Engine
from rules.engine.plans import RuleSet
from rules.language.document.reading import parse_rules

T0_MS = 1_780_000_000_000

LAMP_OUT = """
rule: lamp-out
title: {en: Lamp out, zh: 路灯不亮}
kind: streetlight
when: 'reading.dimming_level > 0 && reading.active_power < 5'
for: 2m
clear_for: 1m
severity: major
event: {problem: lamp-out}
"""


def lamp(device_id: str = "L1", **facts: Any) -> Device:
    given = {"report_interval_s": 60, "department": "lighting", "area": "320582/110", "activated_at_ms": T0_MS, **facts}
    return Device(device_id, "streetlight", "streetlight", **given)


def rule_set(*documents: str) -> RuleSet:
    return RuleSet(rule for document in documents for rule in parse_rules(document))


def engine_of(*documents: str, devices: Iterable[Device] = (), rules: RuleSet | None = None) -> Engine:
    """An engine of lamps that knows those given (L1 if none)."""
    known = {device.device_id: device for device in devices or (lamp(),)}
    engine = Engine("streetlight", rules or rule_set(*documents), known.get)
    engine.refresh(known.values())
    return engine


def at(minutes: float) -> int:
    return T0_MS + round(minutes * MINUTE_MS)


def report(
    minutes: float, power: float | None = 96.0, level: float = 80.0, device_id: str = "L1", **more: Any
) -> Telemetry:
    readings: dict[str, Any] = {"dimming_level": level}
    if power is not None:
        readings["active_power"] = power
    reported: dict[str, Any] = {
        "device_id": device_id,
        "kind": "streetlight",
        "observed_at_ms": at(minutes),
        "received_at_ms": at(minutes) + 300,
        "codec": "json",
        "readings": readings,
        **more,
    }
    return reported  # type: ignore[return-value]


def tick(engine: Engine, minutes: float, gateway: int = 0) -> None:
    engine.tick({"gateway": gateway, "tick_at_ms": at(minutes)})


def published(engine: Engine) -> list[tuple[str, float, float | None]]:
    """What was raised so far: (transition, opened, cleared) in minutes."""
    return [
        (raised.transition.value, minutes(raised.event.opened_at_ms), minutes(raised.event.cleared_at_ms))  # type: ignore[misc]
        for raised in engine.raised
    ]


def minutes(instant_ms: int | None) -> float | None:
    return None if instant_ms is None else (instant_ms - T0_MS) / MINUTE_MS


def history(engines: Iterable[Engine]) -> list[Event]:
    """The final revision of every event that was not withdrawn, without what counts the way there."""
    final = {raised.event.event_id: raised.event for engine in engines for raised in engine.raised}
    kept = [event for event in final.values() if event.status is not Status.WITHDRAWN]
    return sorted(
        (event.model_copy(update={"revision": 1, "replaces": None}) for event in kept),
        key=lambda event: (event.opened_at_ms, event.rule, event.subject),
    )
