"""Stored history through the engine and the correlation stage that judge live data.

reports in order ──▶ tick ──▶ Lane of the kind ──▶ Stage ──▶ events, each at its highest revision
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from domain.devices import Device
from domain.events import Event
from domain.telemetry import Telemetry
from rules.backtest.arrivals import Order, instant_of
from rules.correlation.stage import Stage
from rules.definitions.silences import Silence
from rules.engine.engine import Engine
from rules.engine.plans import RuleSet
from rules.language.rule import Rule
from rules.schedule.calendars import Calendars

_GATEWAY: Final = 0


class Replay:
    """One set of rules over the past. Pure; memory grows with devices and events, not with reports.

    `events` holds what was found of the rules named in `wanted` (all of them if None), `published_ms` the clock at which
    each was first published. The clock begins with the first report, so that silence before the first of all is nobody's.
    It moves on with every report; with `tick_every_ms` in whole steps of that, as gateways tick.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        devices: Mapping[str, Device],
        calendars: Calendars,
        silences: Iterable[Silence] = (),
        wanted: Collection[str] | None = None,
        tick_every_ms: int = 1,
    ) -> None:
        self.events: dict[UUID, Event] = {}
        self.published_ms: dict[UUID, int] = {}
        self.rules = tuple(rules)
        self._wanted = wanted
        self._tick_every_ms = tick_every_ms
        self._now_ms: int | None = None
        rule_set = RuleSet(self.rules, calendars)
        kinds = dict.fromkeys(rule.kind for rule in self.rules if rule.group is None)
        self.engines = {kind: Engine(kind, rule_set, devices.get) for kind in kinds}
        for engine in self.engines.values():
            engine.refresh(devices.values())
        self._stage = Stage(1, devices.get)
        self._stage.set_rules(self.rules)
        self._stage.set_silences(silences)

    @property
    def too_late(self) -> int:
        """How many reports came later than the rules' lateness."""
        return sum(engine.too_late for engine in self.engines.values())

    @property
    def judged(self) -> int:
        return sum(engine.judged for engine in self.engines.values())

    @property
    def errors(self) -> dict[str, str]:
        """The newest error of each rule that failed."""
        found: dict[str, str] = {}
        for engine in self.engines.values():
            found |= engine.rules.broken_where | engine.vitals.errors
        return found

    def take_in(self, reports: Sequence[Telemetry], order: Order = Order.RECEIVED) -> None:
        """Judge reports in order; the clock stands at each one's instant, everything before it having been judged."""
        for report in reports:
            at_ms = instant_of(report, order)
            if self._now_ms is None or at_ms >= self._now_ms + self._tick_every_ms:
                self.tick(at_ms - at_ms % self._tick_every_ms)
            engine = self.engines.get(report["kind"])
            if engine is not None:
                engine.report(report)
                if engine.raised:
                    self._correlate()

    def tick(self, at_ms: int) -> None:
        """Move the clock on."""
        self._now_ms = at_ms
        for engine in self.engines.values():
            engine.tick({"gateway": _GATEWAY, "tick_at_ms": at_ms})
        self._correlate()
        self._stage.clock(0, at_ms)
        self._keep()

    def _correlate(self) -> None:
        for engine in self.engines.values():
            for raised in engine.take()[0]:
                self._stage.raised(raised.transition, raised.event.model_dump_json().encode(), raised.clock_ms)
        self._keep()

    def _keep(self) -> None:
        if not self._stage.outputs:
            return
        for output in self._stage.take()[0]:
            if self._wanted is None or output.event["rule"] in self._wanted:
                event = Event.model_validate(output.event)
                self.events[event.event_id] = event
                self.published_ms.setdefault(event.event_id, output.clock_ms)
