"""A city's reports judged in this process, by the engine and the correlation stage that judge live data."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from time import perf_counter
from typing import Final

from domain.devices import Device
from domain.events import Event
from domain.telemetry import Telemetry
from rules.backtest.replay import Replay
from rules.language.rule import Mode, Rule
from rules.schedule.calendars import Calendars
from urbansense.evaluation.scoring.grading import ScoredEvent
from urbansense.running.memory import settled_memory

_SLICE: Final = 2_000
_TICK_MS: Final = 1_000
"""Gateways tick every second."""


@dataclass(frozen=True, slots=True)
class Practice:
    """What rules made of reports: every event at its last revision with the clock at which it was first published.

    `reports` = judged + duplicate + too late + without a rule. `errors` holds the newest error of each rule that failed.
    """

    scored: tuple[ScoredEvent, ...]
    reports: int
    judged: int
    too_late: int
    errors: Mapping[str, str]
    took_s: float

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(scored.event for scored in self.scored)

    @property
    def reports_per_s(self) -> float:
        """How fast it went, all that made the reports included."""
        return self.reports / self.took_s if self.took_s > 0 else 0.0


def practise(
    reports: Iterable[Telemetry],
    devices: Mapping[str, Device],
    rules: Iterable[Rule],
    calendars: Calendars,
    until_ms: int,
    on_progress: Callable[[int, int], None] = lambda at_ms, reports: None,
) -> Practice:
    """Judge `reports`, in their order of receipt, by `rules`; the clock runs on to `until_ms`, for rules on silence.

    Rules in shadow or off raise nothing: see `live_rules`. `on_progress` is called with the instant reached, epoch
    ms, and the reports so far.
    """
    began_s = perf_counter()
    replay = Replay(rules, devices, calendars, tick_every_ms=_TICK_MS)
    taken, feed = 0, iter(reports)
    with settled_memory():
        while slice_ := list(islice(feed, _SLICE)):
            replay.take_in(slice_)
            taken += len(slice_)
            on_progress(slice_[-1]["received_at_ms"], taken)
        replay.tick(until_ms)
    events = tuple(ScoredEvent(event, replay.published_ms[event_id]) for event_id, event in replay.events.items())
    return Practice(events, taken, replay.judged, replay.too_late, replay.errors, perf_counter() - began_s)


def live_rules(rules: Iterable[Rule], with_shadow: bool) -> list[Rule]:
    """The rules whose events people see; `with_shadow` those in shadow too, as if they were live."""
    modes = (Mode.LIVE, Mode.SHADOW) if with_shadow else (Mode.LIVE,)
    return [replace(rule, mode=Mode.LIVE) for rule in rules if rule.mode in modes]
