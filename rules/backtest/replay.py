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

    `events` holds what was found of the rules named in `wanted` (all of them if None), `told_ms` the clock at which each
    was first told of. The clock begins with the first report, so that silence before anything was heard at all is nobody's.
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
        self.told_ms: dict[UUID, int] = {}
        self.rules = tuple(rules)
        self._wanted = wanted
        self._tick_every_ms = tick_every_ms
        self._now_ms: int | None = None
        rule_set = RuleSet(self.rules, calendars)
        kinds = dict.fromkeys(rule.kind for rule in self.rules if rule.group is None)
        self.lanes = {kind: Engine(kind, rule_set, devices.get) for kind in kinds}
        for lane in self.lanes.values():
            lane.refresh(devices.values())
        self._stage = Stage(1, devices.get)
        self._stage.set_rules(self.rules)
        self._stage.set_silences(silences)

    @property
    def too_late(self) -> int:
        """How many reports came later than the rules' lateness."""
        return sum(lane.too_late for lane in self.lanes.values())

    @property
    def judged(self) -> int:
        return sum(lane.judged for lane in self.lanes.values())

    @property
    def errors(self) -> dict[str, str]:
        """The newest error of each rule that failed."""
        found: dict[str, str] = {}
        for lane in self.lanes.values():
            found |= lane.rules.broken_where | lane.vitals.errors
        return found

    def take_in(self, reports: Sequence[Telemetry], order: Order = Order.RECEIVED) -> None:
        """Judge reports in order; the clock stands at each one's instant, everything before it having been judged."""
        for report in reports:
            at_ms = instant_of(report, order)
            if self._now_ms is None or at_ms >= self._now_ms + self._tick_every_ms:
                self.tick(at_ms - at_ms % self._tick_every_ms)
            lane = self.lanes.get(report["kind"])
            if lane is not None:
                lane.report(report)
                if lane.raised:
                    self._correlate()

    def tick(self, at_ms: int) -> None:
        """Move the clock on."""
        self._now_ms = at_ms
        for lane in self.lanes.values():
            lane.tick({"gateway": _GATEWAY, "tick_at_ms": at_ms})
        self._correlate()
        self._stage.clock(0, at_ms)
        self._keep()

    def _correlate(self) -> None:
        for lane in self.lanes.values():
            for raised in lane.take()[0]:
                self._stage.raised(raised.transition, raised.event.model_dump_json().encode(), raised.clock_ms)
        self._keep()

    def _keep(self) -> None:
        if not self._stage.outputs:
            return
        for output in self._stage.take()[0]:
            if self._wanted is None or output.event["rule"] in self._wanted:
                event = Event.model_validate(output.event)
                self.events[event.event_id] = event
                self.told_ms.setdefault(event.event_id, output.clock_ms)
