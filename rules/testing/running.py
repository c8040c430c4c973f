"""Running a rule test: the series through the engine that judges live data, and the history compared."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.events import Event, Status
from domain.telemetry import Telemetry
from domain.time.durations import format_duration
from rules.correlation.stage import Stage
from rules.engine.engine import Engine
from rules.engine.plans import RuleSet
from rules.language.rule import Mode
from rules.testing.files import Arrival, RuleTest, load_rule_test

_GATEWAY = 1
_COMPARED = (
    "since", "opened", "cleared", "severity", "withdrawn", "stale", "unstable", "absorbed_by", "silenced_by"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleTestResult:
    """How a test went. `mismatches` are sentences for people, none if it held; `events` is the final history."""

    path: str
    mismatches: tuple[str, ...]
    events: tuple[Event, ...]

    @property
    def held(self) -> bool:
        return not self.mismatches


def run_rule_test(path: Path) -> RuleTestResult:
    """The result of one test file. Raises: BadRules where the test or its rules cannot be read."""
    test = load_rule_test(path)
    bench = _Bench(test)
    bench.run()
    events = sorted(bench.final.values(), key=lambda event: (event.opened_at_ms, event.rule, event.subject))
    mismatches = [*_faults(bench.engines), *_compare(test, events)]
    return RuleTestResult(test.path, tuple(mismatches), tuple(events))


class _Bench:
    """An engine for each kind and the correlation stage behind them, all by one clock."""

    def __init__(self, test: RuleTest) -> None:
        self.final: dict[UUID, Event] = {}
        self._test = test
        rules = RuleSet(test.rules, test.calendars)
        kinds = dict.fromkeys(device.kind for device in test.devices.values())
        self._by_kind = {kind: Engine(kind, rules, test.devices.get) for kind in kinds}
        for engine in self.engines:
            engine.refresh(test.devices.values())
        self._stage = Stage(1, test.devices.get)
        self._stage.set_rules(test.rules)
        self._stage.set_silences(test.silences)

    @property
    def engines(self) -> list[Engine]:
        return list(self._by_kind.values())

    def run(self) -> None:
        """Feed every arrival in order; before and at each the clock ticks."""
        test = self._test
        self._tick(test.start_ms)
        for arrival in test.arrivals:
            self._tick(arrival.at_ms - 1)
            engine = self._by_kind[test.devices[arrival.device_id].kind]
            for _ in range(arrival.times):
                engine.report(_report(arrival, engine.kind))
            self._correlate()
        for at_ms in (test.arrivals[-1].at_ms if test.arrivals else test.start_ms, test.until_ms):
            self._tick(at_ms)

    def _tick(self, at_ms: int) -> None:
        for engine in self.engines:
            engine.tick({"gateway": _GATEWAY, "tick_at_ms": at_ms})
        self._correlate()
        self._stage.clock(0, at_ms)
        self._keep()

    def _correlate(self) -> None:
        for engine in self.engines:
            for raised in engine.take()[0]:
                if raised.mode is Mode.LIVE:
                    self._stage.raised(raised.transition, raised.event.model_dump_json().encode(), raised.clock_ms)
                else:
                    self.final[raised.event.event_id] = raised.event
        self._keep()

    def _keep(self) -> None:
        for output in self._stage.take()[0]:
            event = Event.model_validate_json(output.value)
            self.final[event.event_id] = event


def _report(arrival: Arrival, kind: str) -> Telemetry:
    report: Telemetry = {
        "device_id": arrival.device_id,
        "kind": kind,
        "observed_at_ms": arrival.observed_at_ms,
        "received_at_ms": arrival.at_ms,
        "codec": "test",
        "readings": arrival.readings,
    }
    if arrival.quality:
        report["quality"] = arrival.quality
    return report


def _faults(engines: list[Engine]) -> Iterator[str]:
    for engine in engines:
        for rule, error in engine.vitals.errors.items():
            yield f"rule {rule} failed: {error}"
        for rule, error in engine.rules.broken_where.items():
            yield f"rule {rule} failed: {error}"


def _compare(test: RuleTest, events: list[Event]) -> Iterator[str]:
    """Each expected event takes one that agrees in all fields it names, those that name most first."""
    left = list(events)
    missing = []
    for wanted in sorted(test.expect, key=len, reverse=True):
        match = next((event for event in left if _agrees(wanted, event)), None)
        if match is None:
            missing.append(wanted)
        else:
            left.remove(match)
    for wanted in missing:
        near = next((event for event in left if _is_near(wanted, event)), None)
        if near is not None:
            left.remove(near)
            different = [
                f"{name} {_worded(name, value, test)} expected, {_worded(name, _actual(name, near), test)} found"
                for name, value in wanted.items()
                if _actual(name, near) != value
            ]
            yield f"{_title(wanted)}: {'; '.join(different)}"
        else:
            yield f"{_title(wanted)}: expected {_listed(wanted, test)}, but no such event"
    for event in left:
        yield f"{event.rule} on {event.subject}: not expected, but found {_listed(_summary(event), test)}"


def _agrees(wanted: dict[str, Any], event: Event) -> bool:
    return all(_actual(name, event) == value for name, value in wanted.items())


def _is_near(wanted: dict[str, Any], event: Event) -> bool:
    return all(wanted.get(name) in (None, _actual(name, event)) for name in ("rule", "subject"))


def _actual(name: str, event: Event) -> Any:
    match name:
        case "since" | "opened":
            return event.since_ms if name == "since" else event.opened_at_ms
        case "cleared":
            return event.cleared_at_ms
        case "withdrawn":
            return event.status is Status.WITHDRAWN
        case "severity":
            return event.severity.value
        case _:
            return getattr(event, name)


def _summary(event: Event) -> dict[str, Any]:
    named = {name: _actual(name, event) for name in _COMPARED}
    return {name: value for name, value in named.items() if value not in (None, False)}


def _title(wanted: dict[str, Any]) -> str:
    return f"{wanted.get('rule', 'any rule')} on {wanted.get('subject', 'any subject')}"


def _listed(fields: dict[str, Any], test: RuleTest) -> str:
    return ", ".join(
        f"{name} {_worded(name, value, test)}" for name, value in fields.items() if name not in ("rule", "subject")
    )


def _worded(name: str, value: Any, test: RuleTest) -> str:
    if name in ("since", "opened", "cleared"):
        return "never" if value is None else _offset(value - test.start_ms)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _offset(offset_ms: int) -> str:
    return f"-{format_duration(-offset_ms)}" if offset_ms < 0 else format_duration(offset_ms)
