"""Driving the correlation stage by hand: raised events, clocks, rules and silences in few words, minutes as times."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from domain.devices import Device
from domain.events import Event, Severity, Status, Text, Transition, event_id
from domain.time.units import MINUTE_MS
from rules.correlation.event_history import RuleSubject
from rules.correlation.stage import Output, Stage
from rules.definitions.silences import Matches, Silence
from rules.language.document.reading import parse_rules
from rules.language.rule import Rule

POWER_LOSS = "{rule: power-loss, kind: cabinet, when: reading.voltage < 100, severity: major}"
LAMP_OUT = "{rule: lamp-out, kind: streetlight, when: reading.active_power < 5}"
DIM_UNDER_LOSS = "{rule: lamp-dim, kind: streetlight, when: reading.active_power < 50, suppressed_by: power-loss}"
FEEDER_FAULT = """
rule: feeder-fault
title: {en: Feeder fault, zh: 馈线故障}
group: {of: lamp-out, by: parent, at_least: 3, within: 10m, absorbs: true}
severity: major
"""
HOT = "{rule: hot, kind: streetlight, when: reading.gear_temperature > 90, flapping: {more_than: 2, within: 10m}}"
SUPPRESSION = (POWER_LOSS, DIM_UNDER_LOSS)
GROUPING = (LAMP_OUT, FEEDER_FAULT)


def lamp(device_id: str, parent_id: str | None = "F1", **facts: Any) -> Device:
    return Device(device_id, "streetlight", "streetlight", parent_id=parent_id, **facts)


def cabinet(device_id: str = "F1", parent_id: str | None = None, **facts: Any) -> Device:
    return Device(device_id, "cabinet", "cabinet", parent_id=parent_id, **facts)


CITY = (cabinet(), *(lamp(f"L{n}") for n in range(1, 6)))


@cache
def rules_of(*documents: str) -> list[Rule]:
    return [rule for document in documents for rule in parse_rules(document)]


def raw_event(
    rule: str,
    subject: str,
    opened: float,
    cleared: float | None = None,
    *,
    revision: int = 1,
    status: Status | None = None,
    **facts: Any,
) -> Event:
    """An event as a device rule raises it."""
    return Event(
        event_id=event_id(rule, subject, ms(opened)),
        revision=revision,
        rule=rule,
        rule_version=1,
        subject=subject,
        problem=rule,
        status=status or (Status.OPEN if cleared is None else Status.CLEARED),
        since_ms=ms(opened),
        opened_at_ms=ms(opened),
        cleared_at_ms=None if cleared is None else ms(cleared),
        summary=Text(en=rule, zh=rule),
        **{"kind": "streetlight", "severity": Severity.MINOR, **facts},
    )


class Bench:
    """One stage; `published` is everything it published so far."""

    def __init__(self, *documents: str, devices: Iterable[Device] = CITY, partitions: int = 1) -> None:
        self.devices = {device.device_id: device for device in devices}
        self.stage = Stage(partitions, self.find, settle_every_ms=ms(5))
        self.published: list[Output] = []
        self._states: dict[RuleSubject, bytes | None] = {}
        self.rules(*documents)

    def find(self, device_id: str) -> Device | None:
        return self.devices.get(device_id)

    def rules(self, *documents: str, change: Callable[[Rule], Rule] = lambda rule: rule) -> None:
        self.stage.set_rules([change(rule) for rule in rules_of(*documents)])
        self._take()

    def silences(self, *silences: Silence) -> None:
        self.stage.set_silences(silences)
        self._take()

    def opens(self, rule: str, subject: str, opened: float, **facts: Any) -> None:
        self.give(Transition.OPENED, raw_event(rule, subject, opened, **facts))

    def clears(self, rule: str, subject: str, opened: float, cleared: float, **facts: Any) -> None:
        self.give(Transition.CLEARED, raw_event(rule, subject, opened, cleared, **{"revision": 2, **facts}))

    def withdraws(self, rule: str, subject: str, opened: float, **facts: Any) -> None:
        event = raw_event(rule, subject, opened, status=Status.WITHDRAWN, **{"revision": 3, **facts})
        self.give(Transition.WITHDRAWN, event)

    def give(self, transition: Transition, event: Event) -> None:
        self.stage.raised(transition, event.model_dump_json().encode(), max(self.stage.now_ms, 0))
        self._take()

    def clock(self, minutes: float, partition: int = 0) -> None:
        self.stage.clock(partition, ms(minutes))
        self._take()

    def restarted(self, *documents: str) -> "Bench":
        """Another stage in the place of this one, from what it committed; `documents` are the rules of that time."""
        after = Bench(devices=self.devices.values())
        for key, state in self._states.items():
            if state is not None:
                after.stage.adopt_state(key, state)
        after.stage.restore(self.stage.snapshot(), rules_of(*documents), [])
        return after

    def _take(self) -> None:
        published, states = self.stage.take()
        self.published += published
        self._states |= states

    def changes(self) -> list[tuple[str, str, str]]:
        """What was published, in order: (transition, rule, subject)."""
        return [(o.transition.value, o.event["rule"], o.event["subject"]) for o in self.published]

    def forget_published(self) -> None:
        self.published.clear()

    def event(self, rule: str, subject: str) -> dict[str, Any]:
        """The newest event of a rule on a subject as it was published last."""
        return [o.event for o in self.published if (o.event["rule"], o.event["subject"]) == (rule, subject)][-1]

    def history(self, rule: str | None = None) -> list[tuple[Any, ...]]:
        """(rule, subject, opened, cleared, absorbed by) of all events that stand, in minutes."""
        return [
            (e["rule"], e["subject"], minutes(e["opened_at_ms"]), minutes(e["cleared_at_ms"]), e["absorbed_by"])
            for e in final(self.published)
            if rule in (None, e["rule"])
        ]


def final(published: Iterable[Output]) -> list[dict[str, Any]]:
    """The last that was published of every event, those not withdrawn, by rule, subject and opening."""
    last = {output.event["event_id"]: output.event for output in published}
    kept = [event for event in last.values() if event["status"] != "withdrawn"]
    return sorted(kept, key=lambda event: (event["rule"], event["subject"], event["opened_at_ms"]))


def silence(silence_id: str = "S1", starts: float = 0, ends: float = 60, **matches: Any) -> Silence:
    return Silence(
        id=silence_id, author="li", reason="works", starts_at_ms=ms(starts), ends_at_ms=ms(ends),
        matches=Matches(**matches),
    )  # fmt: skip


def ms(at_minutes: float) -> int:
    return round(at_minutes * MINUTE_MS)


def minutes(at_ms: int | None) -> float | None:
    return None if at_ms is None else at_ms / MINUTE_MS


def three_out(bench: Bench) -> None:
    """Enough lamps of one feeder for a group."""
    for n in (1, 2, 3):
        bench.opens("lamp-out", f"L{n}", n)


def escalations(bench: Bench) -> list[tuple[str, str]]:
    """Transition and severity of all that was published but for clearings."""
    return [
        (o.transition.value, o.event["severity"]) for o in bench.published if o.transition is not Transition.CLEARED
    ]
