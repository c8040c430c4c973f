"""What the engine keeps of one device: a settled part, and the reports since in observed order.

     settled            clock - lateness                      newest
     ────────────────────────┼───── r1 ───── r2 ───── r3 ────▶ observed time
     states as of there      │  each with the states after it
A report in order is folded onto the newest states. A late one is inserted, and folding starts again from the states before
it: states are immutable, so keeping them after each report costs one pointer while nothing happens.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from domain.devices import AttributeValue, Device
from rules.engine.entries import ReportEntry, States, Values, entry_of, outcome_of
from rules.engine.episode import Episode, escalated_severity
from rules.engine.folding import (
    Cleared,
    Counted,
    Folded,
    Happening,
    Held,
    Judge,
    Observed,
    Opened,
    Pending,
    RuleState,
    fold_inactive,
    fold_reading,
    fold_silence,
)
from rules.engine.plans import BAD, FOREVER_MS, NEVER_SWEPT, NO_RULES, Plan, Suspect
from rules.engine.published import Published
from rules.language.conditions.condition import SUN_ELEVATION, More
from rules.language.rule import Rule
from rules.language.signals.windows import Windows
from rules.schedule.sun import elevation

MAX_ENTRIES: Final = 10_000
"""Reports kept per device at most, for a log without ticks, whose clock never settles anything."""
NEVER_MS: Final = -1
NOWHERE: Final = -1
_MAX_SPANS: Final = 2_000
"""Active and inactive stretches looked at for the end of a wait: some three years of days and nights."""

SilentSince = Callable[[int], int | None]
"""From when the rule at that place of the plan counts the silence of a device that never reported; None: not at all."""


class DeviceRuleState:
    """What the engine keeps of one device. `last_ms` is its newest observed time, NEVER_MS before the first report.

    Shape: without rules `plan` is NO_RULES, and there are neither reports nor published events.
    """

    __slots__ = (
        "changed", "device", "device_id", "entries", "facts", "floors", "last_ms", "plan", "published", "received",
        "settled", "settled_ms", "states", "swept", "timer_ms", "windows",
    )  # fmt: skip

    def __init__(self, device_id: str, device: Device | None, plan: Plan, facts: dict[str, AttributeValue]) -> None:
        self.device_id = device_id
        self.device = device
        self.plan = plan
        self.facts = facts
        self.last_ms = NEVER_MS
        self.settled_ms = NEVER_MS
        self.settled: States = plan.idle
        self.states: States = self.settled
        self.entries: list[ReportEntry] = []
        self.published: dict[str, dict[int, Published]] = {}
        self.received: dict[str, int] = {}
        self.floors: dict[str, int] = {}
        self.timer_ms: int | None = None
        self.changed = False
        self.swept = NEVER_SWEPT
        self.windows = Windows(plan.layout) if plan.layout else None

    def forget(self) -> None:
        """Be as before the first report, without rules."""
        self.plan, self.facts = NO_RULES, {}
        self.last_ms = self.settled_ms = NEVER_MS
        self.settled = self.states = ()
        self.entries, self.published, self.received, self.floors = [], {}, {}, {}
        self.timer_ms, self.swept, self.windows = None, NEVER_SWEPT, None

    def more(self, t: int) -> More:
        """The signals and the sun at that instant."""
        plan = self.plan
        more = self.windows.at(t, self.facts) if self.windows is not None else {}
        device = self.device
        if plan.reads_sun and device is not None and device.lon is not None and device.lat is not None:
            more[SUN_ELEVATION] = elevation(t, device.lon, device.lat)
        return more

    def put(self, t: int, values: Values) -> None:
        """Put what was reported for that instant into the windows."""
        plan = self.plan
        if self.windows is None:
            return
        for quantity, value in zip(plan.quantities, values, strict=True):
            if value.__class__ is Suspect:
                self.windows.put(t, quantity, value.value, suspect=True)
            elif value is not None and value != BAD:
                self.windows.put(t, quantity, value)

    def settle(self, horizon_ms: int) -> None:
        """Let the settled part take over every report observed before `horizon_ms`, and any beyond MAX_ENTRIES.

        Shape: there is at least one entry, the newest not before the horizon.
        """
        entries = self.entries
        if entries[0][0] >= horizon_ms and len(entries) <= MAX_ENTRIES:
            return
        if self.windows is not None:
            self.windows.trim(self.settled_ms)
        if entries[1][0] >= horizon_ms and len(entries[0]) == 2 and not (self.published or self.floors):
            self.settled_ms, self.settled = entries.pop(0)[0], self.plan.idle  # the usual case: one in, one settled
            return
        count = max(bisect_left(entries, horizon_ms, key=_observed), len(entries) - MAX_ENTRIES)
        for entry in entries[:count]:
            self.settled_ms = entry[0]
            self.settled, happenings = outcome_of(self.plan, entry)
            for happening in happenings:
                if isinstance(happening, Cleared):
                    self._forget(happening.rule, happening.opened_at_ms)
        del entries[:count]
        if self.published:
            self._forget_withdrawn()
        if self.floors:
            self.floors = {rule: floor for rule, floor in self.floors.items() if floor > self.settled_ms}

    def find(self, observed_at_ms: int) -> tuple[int, ReportEntry | None]:
        """Where a report of that instant belongs, and the one that is there already."""
        at = bisect_left(self.entries, observed_at_ms, key=_observed)
        found = self.entries[at] if at < len(self.entries) else None
        return at, found if found and found[0] == observed_at_ms else None

    def fold_from(self, at: int, judge: Judge, silent_since: SilentSince) -> bool:
        """Fold the entries from index `at` on once more; whether anything but plain states came out differently."""
        plan = self.plan
        states, reported_ms = self.settled, self.settled_ms
        if at > 0:
            reported_ms, (states, _) = self.entries[at - 1][0], outcome_of(plan, self.entries[at - 1])
        happened = False
        for i in range(at, len(self.entries)):
            entry = self.entries[i]
            t, values = entry[0], entry[1]
            states, happenings = self._fold(states, reported_ms, t, values, judge, silent_since)
            happened = happened or bool(happenings or outcome_of(plan, entry)[1])
            self.entries[i] = entry_of(plan, t, values, states, happenings)
            reported_ms = t
        self.states = states
        return happened

    def _fold(
        self, states: States, reported_ms: int, t: int, values: Values, judge: Judge, silent_since: SilentSince
    ) -> tuple[States, tuple[Happening, ...]]:
        plan = self.plan
        more = self.more(t)
        good = Observed(t, plan.evidence(values), more)
        suspect = Observed(t, plan.evidence(values, suspect=True), more) if plan.takes_suspects else good
        after: list[RuleState] = []
        happenings: tuple[Happening, ...] = ()
        for i, rule in enumerate(plan.rules):
            if self.floors and t <= self.floors.get(rule.name, NEVER_MS):
                after.append(states[i])
                continue
            if rule.no_data_ms is not None:
                since_ms = silent_since(i) if reported_ms == NEVER_MS else reported_ms
                opens_at_ms = FOREVER_MS if since_ms is None else self._after_active(i, since_ms, rule.no_data_ms)
                active = self._is_active(i, t)
                state, found = fold_silence(rule, states[i], since_ms, opens_at_ms, t, active=active)
            else:
                seen = suspect if rule.accepts_suspect else good
                state, found = self._fold_reading(i, rule, states[i], seen, judge)
            after.append(state)
            happenings += found
        folded = tuple(after)
        return (plan.idle if folded == plan.idle else folded), happenings

    def _fold_reading(self, i: int, rule: Rule, state: RuleState, seen: Observed, judge: Judge) -> Folded:
        plan = self.plan
        if plan.activities is None or (activity := plan.activities[i]) is None:
            return fold_reading(rule, plan.gaps_ms[i], state, seen, judge)
        span = None if self.device is None else activity(seen.at_ms, self.device)
        if span is None:
            return state, ()
        if not span.active:
            return fold_inactive(state)
        return fold_reading(rule, plan.gaps_ms[i], state, seen, judge, span)

    def _is_active(self, i: int, t: int) -> bool:
        if self.plan.activities is None or (activity := self.plan.activities[i]) is None or self.device is None:
            return True
        span = activity(t, self.device)
        return span is None or span.active

    def _after_active(self, i: int, since_ms: int, wait_ms: int) -> int:
        """When `wait_ms` of the rule's active time have passed since then; FOREVER_MS if that is not in sight."""
        if self.plan.activities is None or (activity := self.plan.activities[i]) is None:
            return since_ms + wait_ms
        at_ms = since_ms
        for _ in range(_MAX_SPANS):
            span = None if self.device is None else activity(at_ms, self.device)
            if span is None:
                return FOREVER_MS
            if span.active and wait_ms < span.end_ms - at_ms:
                return at_ms + wait_ms
            wait_ms -= span.end_ms - at_ms if span.active else 0
            at_ms = span.end_ms
        return FOREVER_MS

    def concerned(self) -> list[int]:
        """The places of the rules that have published an event, or may have one to publish, in order."""
        plan = self.plan
        found = {*plan.silences, *(i for i, state in enumerate(self.settled) if isinstance(state, Held))}
        found |= {plan.index[rule] for rule in self.published if rule in plan.index}
        for entry in self.entries:
            if len(entry) == 4:
                found |= {plan.index[happening.rule] for happening in entry[3]}
        return sorted(found)

    def episodes(self, i: int, now_ms: int | None, silent_since: SilentSince) -> list[Episode]:
        """The events of rule `i` that are open or may still change, by opening time.

        `now_ms` is the clock: it makes an open event stale after `gap`, and silence an event.
        """
        rule = self.plan.rules[i]
        found: dict[int, Episode] = {}
        if isinstance(base := self.settled[i], Held):
            found[base.opened_at_ms] = Episode(base.since_ms, base.opened_at_ms, None, base.basis, rule.severity)
        for entry in self.entries:
            for happening in outcome_of(self.plan, entry)[1]:
                if happening.rule != rule.name:
                    continue
                if isinstance(happening, Opened):
                    found[happening.opened_at_ms] = Episode(
                        happening.since_ms, happening.opened_at_ms, None, happening.basis, rule.severity
                    )
                else:
                    opened = found[happening.opened_at_ms]
                    found[happening.opened_at_ms] = replace(opened, cleared_at_ms=happening.cleared_at_ms)
        if now_ms is not None:
            self._judge_silence(i, now_ms, silent_since, found)
        if rule.escalate:
            for opened_at_ms, episode in found.items():
                found[opened_at_ms] = replace(episode, severity=escalated_severity(rule, episode, now_ms))
        return sorted(found.values(), key=lambda episode: episode.opened_at_ms)

    def _judge_silence(self, i: int, now_ms: int, silent_since: SilentSince, found: dict[int, Episode]) -> None:
        rule, state = self.plan.rules[i], self.states[i]
        if rule.no_data_ms is None:
            if isinstance(state, Held) and self._stale_at_ms(i, state) <= now_ms:
                found[state.opened_at_ms] = replace(found[state.opened_at_ms], stale=True)
        elif not isinstance(state, Held):
            reported_ms = self._last_report_ms(i, silent_since)
            if reported_ms is not None and now_ms >= (
                opened_at_ms := self._after_active(i, reported_ms, rule.no_data_ms)
            ):
                found[opened_at_ms] = Episode(reported_ms, opened_at_ms, None, (), rule.severity)

    def _stale_at_ms(self, i: int, state: Held) -> int:
        return self._after_active(i, state.last_ms, self.plan.gaps_ms[i] + 1)

    def has_published_silence(self) -> bool:
        """Whether something was published that the next report of any kind may end."""
        if not self.published:
            return False
        rules = self.plan.rules
        return any(rules[i].name in self.published for i in self.plan.silences) or any(
            event.stale for events in self.published.values() for event in events.values()
        )

    def due_ms(self, silent_since: SilentSince, now_ms: int | None) -> int:
        """The first clock time after `now_ms` at which silence or age changes something here; FOREVER_MS if none does."""
        plan = self.plan
        due = FOREVER_MS
        for i in plan.silences:
            reported_ms = self._last_report_ms(i, silent_since)
            if reported_ms is None or isinstance(self.states[i], Held):
                continue
            rule = plan.rules[i]
            opened_at_ms = self._after_active(i, reported_ms, rule.no_data_ms or 0)
            published = self.published.get(rule.name, {}).get(opened_at_ms)
            if published is None or not published.is_open:
                due = min(due, opened_at_ms)
        for name, events in self.published.items():
            i = plan.index.get(name, NOWHERE)
            if i != NOWHERE:
                due = min(due, self._ages_ms(i, events, now_ms))
        return due

    def _ages_ms(self, i: int, events: dict[int, Published], now_ms: int | None) -> int:
        """When an open event of that rule goes stale or escalates next."""
        rule, state = self.plan.rules[i], self.states[i]
        due = FOREVER_MS
        if rule.no_data_ms is None and isinstance(state, Held) and not events[state.opened_at_ms].stale:
            due = self._stale_at_ms(i, state)
        for event in events.values() if rule.escalate else ():
            if event.is_open:
                steps = (event.opened_at_ms + step.after_ms for step in rule.escalate)
                due = min(due, *(at_ms for at_ms in steps if now_ms is None or at_ms > now_ms), FOREVER_MS)
        return due

    def _last_report_ms(self, i: int, silent_since: SilentSince) -> int | None:
        return silent_since(i) if self.last_ms == NEVER_MS else self.last_ms

    def _forget(self, rule: str, opened_at_ms: int) -> None:
        published = self.published.get(rule)
        if published is not None:
            published.pop(opened_at_ms, None)
            if not published:
                del self.published[rule]

    def _forget_withdrawn(self) -> None:
        """A withdrawn event can come back only while the run that opened it could: keep its revision until then."""
        for rule in self.published.keys() & self.plan.index.keys():
            base = self.settled[self.plan.index[rule]]
            for opened_at_ms, published in list(self.published[rule].items()):
                if published.is_withdrawn and not self._may_come_back(base, published):
                    self._forget(rule, opened_at_ms)

    def _may_come_back(self, base: RuleState, withdrawn: Published) -> bool:
        if withdrawn.since_ms > self.settled_ms:
            return True
        if isinstance(base, Counted):
            return withdrawn.opened_at_ms > self.settled_ms
        return isinstance(base, Pending) and withdrawn.since_ms == base.since_ms


def _observed(entry: ReportEntry) -> int:
    return entry[0]
