"""A street of two lamps and a cover, their messages, and rules to judge them by."""

from collections.abc import Iterator

import orjson

from domain.devices import Device
from domain.time.units import MINUTE_MS
from ingest.dialects.messages import MqttMessage
from rules.language.document.reading import parse_rules
from rules.language.rule import Rule

EVENING_MS = 1_767_276_000_000
"""2026-01-01T22:00:00+08:00, a full minute."""

DARK = """
rule: lamp-dark
title: {en: Lamp dark, zh: 路灯不亮}
kind: streetlight
when: 'reading.dimming_level > 0 && reading.active_power < 0.2 * device.nominal_power'
for: 3m
clear_for: 1m
severity: major
event: {problem: lamp-out}
"""
SILENT = """
rule: lamp-silent
title: {en: Lamp silent, zh: 路灯离线}
kind: streetlight
no_data: 30m
event: {problem: offline}
"""
SHADOW = DARK.replace("lamp-dark", "lamp-shadow") + "mode: shadow\n"


def rules(*texts: str) -> list[Rule]:
    return parse_rules("\n---\n".join(texts))


def street() -> tuple[Device, ...]:
    lamps = tuple(
        Device(
            device_id=f"SL-{n}",
            kind="streetlight",
            profile="streetlight",
            area="320582/110",
            lon=120.55,
            lat=31.87,
            parent_id="DB-1",
            report_interval_s=60,
            attributes={"nominal_power": 100.0, "feeder": "F1"},
            dev_eui=f"24-E1-24-00-00-00-00-0{n}",
        )
        for n in (1, 2)
    )
    return (*lamps, Device("DB-1", "cabinet", "cabinet", area="320582/110", report_interval_s=60))


def at(minute: float) -> int:
    return EVENING_MS + round(minute * MINUTE_MS)


def lamp_message(device_id: str, minute: float, power: float, *, arrives: float | None = None) -> MqttMessage:
    """A lamp that is told to shine and draws so much; arrives at its own time unless told otherwise."""
    content = {"ts": at(minute), "readings": {"dimming_level": 80.0, "active_power": power}}
    topic = f"city/320582-110/streetlight/{device_id}/up"
    return MqttMessage(topic, orjson.dumps(content), at(minute if arrives is None else arrives))


def night(minutes: int = 60, dark: range = range(10, 30)) -> Iterator[MqttMessage]:
    """Both lamps each minute; the first draws nothing in the minutes `dark`."""
    for minute in range(minutes):
        yield lamp_message("SL-1", minute, 1.0 if minute in dark else 78.0)
        yield lamp_message("SL-2", minute + 0.5, 81.0)
