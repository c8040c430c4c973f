"""The engine: reports, ticks, registry and rule changes in, events out. It never reads a clock.

One `Engine` judges the devices of one kind in one partition. The same inputs in the same order give the same events,
however they are cut into batches and wherever a snapshot is taken and restored in between.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from domain.devices import Device
from domain.telemetry import Telemetry, Tick
from rules.engine.announcing import Raised
from rules.engine.clock import PartitionClock
from rules.engine.device_state import MAX_ENTRIES, DeviceRuleState, SilentSince
from rules.engine.entries import Values, entry_of, outcome_of
from rules.engine.folding import Judge, Observed
from rules.engine.health import Vitals
from rules.engine.plans import FOREVER_MS, NEVER_SWEPT, NO_RULES, Plan, RuleSet, Swept
from rules.engine.published import Published
from rules.engine.reconcile import Reconciler
from rules.engine.redefinition import carry_over, reason_gone, take_over
from rules.engine.report_identity import received_before
from rules.engine.timers import Timers
from rules.language.conditions.condition import NOTHING_MORE, Condition
from rules.language.conditions.errors import ConditionError
from rules.language.rule import Rule


class Engine:
    """The engine for one kind of device in one partition.

    `judged`, `duplicate`, `too_late` and `no_rule` count what became of the reports: each grows exactly one of them.
    `find_device` is the registry as it stands; call `refresh` after it changed.
    """

    def __init__(
        self, kind: str, rules: RuleSet, find_device: Callable[[str], Device | None], vitals: Vitals | None = None
    ) -> None:
        self.kind = kind
        self.rules = rules
        self.clock = PartitionClock()
        self.judged = self.duplicate = self.too_late = self.no_rule = 0
        self.vitals = vitals or Vitals()
        self.device_states: dict[str, DeviceRuleState] = {}
        self.rules_since_ms: dict[str, int] = {}
        self._find_device = find_device
        self._reconciler = Reconciler()
        self._timers = Timers()
        self._now_ms = -FOREVER_MS

    @property
    def raised(self) -> list[Raised]:
        """The outputs since the last `take`, in order."""
        return self._reconciler.raised

    def take(self) -> tuple[list[Raised], list[DeviceRuleState]]:
        """The outputs in order, and the device states that changed, since the last call."""
        taken = list(self._reconciler.raised), list(self._reconciler.changed)
        self._reconciler.raised.clear()
        self._reconciler.changed.clear()
        for device_state in taken[1]:
            device_state.changed = False
        return taken

    def report(self, report: Telemetry) -> None:
        """Judge one report."""
        device_id = report["device_id"]
        device_state = self.device_states.get(device_id) or self._add_device(device_id)
        plan = device_state.plan
        if plan is NO_RULES:
            self.no_rule += 1
            return
        t = report["observed_at_ms"]
        horizon_ms = self._now_ms - plan.lateness_ms
        states = device_state.states
        if (
            states is plan.idle
            and t > device_state.last_ms
            and t >= horizon_ms
            and t - device_state.last_ms <= plan.silence_ms
            and not device_state.published
            and "quality" not in report
            and "time_source" not in report
        ):
            # nothing is pending and nothing is open: unless a condition holds, nothing happens
            readings, more = report["readings"], NOTHING_MORE
            if device_state.windows is not None:
                device_state.windows.put_good(t, readings)
            if plan.derives:
                more = device_state.more(t)
            swept = device_state.swept
            if not swept.begin_ms <= t < swept.end_ms:
                swept = self._sweep_again(device_state, plan, t)
            values = swept.sweep(readings, device_state.facts, more)
            if values is not None:
                entries = device_state.entries
                entries.append((t, values))
                device_state.last_ms = t
                if entries[0][0] < horizon_ms or len(entries) > MAX_ENTRIES:
                    device_state.settle(horizon_ms)
                plan.reports += 1
                self.judged += 1
                if not device_state.changed:
                    self._reconciler.mark(device_state)
                if device_state.timer_ms is None and plan.silence_ms != FOREVER_MS:
                    self._schedule(device_state)
                return
        self._report_that_matters(device_state, plan, report, horizon_ms)

    def _report_that_matters(
        self, device_state: DeviceRuleState, plan: Plan, report: Telemetry, horizon_ms: int
    ) -> None:
        """The whole of it, for late, repeated or marked reports, and where a run or an event is under way."""
        t = report["observed_at_ms"]
        if t < horizon_ms or t <= device_state.settled_ms:
            self.too_late += 1
            return
        has_own_time = "time_source" not in report
        if not has_own_time and received_before(device_state.received, report):
            self.duplicate += 1
            return
        values = plan.reported_values(report)
        if not self._take_in(device_state, plan, t, values) and has_own_time:
            self.duplicate += 1
            return
        device_state.settle(horizon_ms)
        plan.reports += 1
        self.judged += 1
        self._reconciler.mark(device_state)

    def _take_in(self, device_state: DeviceRuleState, plan: Plan, t: int, values: Values) -> bool:
        """Put a report in its place in observed time; whether it held anything that was not reported before."""
        at, found = device_state.find(t)
        if found is None:
            device_state.entries.insert(at, (t, values))
            device_state.last_ms = max(t, device_state.last_ms)
        else:
            merged = tuple(new if old is None else old for old, new in zip(found[1], values, strict=True))
            if merged == found[1]:
                return False
            device_state.entries[at] = entry_of(plan, t, merged, *outcome_of(plan, found))
            values = merged  # once reported, a reading keeps its value and its quality
        device_state.put(t, values)
        self._refold(device_state, at)
        return True

    def _sweep_again(self, device_state: DeviceRuleState, plan: Plan, t: int) -> Swept:
        assert device_state.device is not None
        device_state.swept = plan.swept(device_state.device, device_state.facts, t)
        return device_state.swept

    def _refold(self, device_state: DeviceRuleState, at: int) -> None:
        happened = device_state.fold_from(at, self._judge_for(device_state), self._silent_since(device_state))
        if happened or device_state.has_published_silence():
            self._reconcile(device_state)
        self._schedule(device_state)

    def _reconcile(self, device_state: DeviceRuleState) -> None:
        self._reconciler.reconcile(device_state, self.clock, self._silent_since(device_state))

    def tick(self, tick: Tick) -> None:
        """Move the clock on; silence that is due by then is raised, in order of its time, then of device id."""
        before_ms = self.clock.now_ms
        now_ms = self.clock.tick(tick["gateway"], tick["tick_at_ms"])
        if now_ms is None:
            return
        if before_ms is None:  # silence counts from here on for devices that never reported
            for device_state in self.device_states.values():
                self._schedule(device_state)
        self._now_ms = now_ms
        rung = [one for one in self._timers.ring(now_ms, self.device_states) if one.plan is not NO_RULES]
        due = [
            (device_state.due_ms(self._silent_since(device_state), before_ms), device_state.device_id, device_state)
            for device_state in rung
        ]
        for due_ms, _, device_state in sorted(due, key=lambda entry: entry[:2]):
            if due_ms <= now_ms:
                self._reconcile(device_state)
            self._schedule(device_state)

    def refresh(self, devices: Iterable[Device] = ()) -> None:
        """Take in what changed in the registry.

        `devices` are all that are known here; one that never reported gets a state if a rule fires from absence.
        """
        for device_id, device_state in sorted(self.device_states.items()):
            device = self._find_device(device_id)
            if device is not device_state.device:
                self._replan(device_state, self.rules, device)
        for device in devices:
            if device.kind == self.kind and device.device_id not in self.device_states:
                plan = self.rules.plan(device)
                if plan.silence_ms != FOREVER_MS:
                    self._add_device(device.device_id)

    def set_rules(self, rules: RuleSet) -> None:
        """Judge by other rules from now on. Untouched ones keep their state; see `rules.engine.redefinition`."""
        before, self.rules = self.rules, rules
        for rule in rules.by_name.keys() - before.by_name.keys():
            if self.clock.now_ms is not None:
                self.rules_since_ms[rule] = self.clock.now_ms
        self.rules_since_ms = {r: since for r, since in self.rules_since_ms.items() if r in rules.by_name}
        for _, device_state in sorted(self.device_states.items()):
            self._replan(device_state, rules, device_state.device)

    def _replan(self, device_state: DeviceRuleState, rules: RuleSet, device: Device | None) -> None:
        plan = self._plan_of(device, rules)
        if plan is device_state.plan and device is device_state.device:
            return
        judged = device_state.plan is not NO_RULES or plan is not NO_RULES
        self._note_lacking(device_state, -1)
        for rule, event in carry_over(device_state, plan):
            ended = self._reconciler.end(event, rule, device_state, self.clock, reason_gone(rule, rules, device))
            if plan is not NO_RULES and rule.no_data_ms is not None and rule.name not in plan.index:
                device_state.published.setdefault(rule.name, {})[event.opened_at_ms] = ended
        device_state.device = device
        device_state.facts, device_state.swept = plan.facts_of(device), NEVER_SWEPT
        self._note_lacking(device_state, 1)
        if judged:
            self._reconciler.mark(device_state)
        self._schedule(device_state)

    def _plan_of(self, device: Device | None, rules: RuleSet) -> Plan:
        return rules.plan(device) if device is not None and device.kind == self.kind else NO_RULES

    def _add_device(self, device_id: str) -> DeviceRuleState:
        device = self._find_device(device_id)
        plan = self._plan_of(device, self.rules)
        device_state = self.device_states[device_id] = DeviceRuleState(device_id, device, plan, plan.facts_of(device))
        self._note_lacking(device_state, 1)
        if plan.silence_ms != FOREVER_MS:
            self._schedule(device_state)
        return device_state

    def snapshot(self) -> dict[str, Any]:
        """The engine's own state, without those of its devices, as JSON."""
        return {
            "sums": [self.judged, self.duplicate, self.too_late, self.no_rule],
            "clock": self.clock.snapshot(),
            "since": self.rules_since_ms,
        }

    def restore(self, rules: RuleSet, snapshot: dict[str, Any]) -> None:
        """Be as at the snapshot, under the rules of that time; `adopt` the device states after it."""
        self.rules = rules
        self.judged, self.duplicate, self.too_late, self.no_rule = snapshot["sums"]
        self.clock = PartitionClock.restored(snapshot["clock"])
        self._now_ms = -FOREVER_MS if self.clock.now_ms is None else self.clock.now_ms
        self.rules_since_ms = snapshot["since"]

    def rebuilt(self, published: Mapping[str, Mapping[str, Mapping[int, Published]]], sums: Sequence[int]) -> None:
        """Go on after all was judged over again, unpublished; `published` is from before, by device, rule and opening.

        What was published and what the readings show are brought together: an event of both keeps its revisions, an open
        one that the readings no longer reach back to is taken over, and what was never published is published now.
        """
        self._reconciler.raised.clear()
        self.judged, self.duplicate, self.too_late, self.no_rule = sums
        for device_id in published.keys() - self.device_states.keys():
            if (device := self._find_device(device_id)) is not None and device.kind == self.kind:
                self._add_device(device_id)
        for _, device_state in sorted(self.device_states.items()):
            if device_state.plan is NO_RULES:
                continue
            found, device_state.published = device_state.published, {}
            before = {rule: published.get(device_state.device_id, {}).get(rule, {}) for rule in device_state.plan.index}
            for rule, events in before.items():
                known = {opened: event for opened, event in events.items() if opened in found.get(rule, {})}
                if known:
                    device_state.published[rule] = known
            take_over(
                device_state,
                {
                    rule: event
                    for rule, events in before.items()
                    for opened_at_ms, event in events.items()
                    if event.is_open and opened_at_ms not in found.get(rule, {})
                },
            )
            self._reconcile(device_state)
            self._schedule(device_state)

    def adopt(self, device_state: DeviceRuleState) -> None:
        """Take in a restored device state."""
        self.device_states[device_state.device_id] = device_state
        self._note_lacking(device_state, 1)
        self._schedule(device_state)

    def _note_lacking(self, device_state: DeviceRuleState, change: int) -> None:
        for rule, fact in device_state.plan.lacking(device_state.facts):
            self.vitals.note_lacking(rule, fact, change)

    def _schedule(self, device_state: DeviceRuleState) -> None:
        if device_state.plan is not NO_RULES:
            self._timers.set(device_state, device_state.due_ms(self._silent_since(device_state), self.clock.now_ms))

    def _judge_for(self, device_state: DeviceRuleState) -> Judge:
        facts, vitals = device_state.facts, self.vitals

        def judge(rule: Rule, condition: Condition, seen: Observed) -> bool | None:
            try:
                return condition.evaluate(seen.readings, facts, seen.more)
            except ConditionError as error:
                vitals.note_error(rule.name, device_state.device_id, error)
                return None

        return judge

    def _silent_since(self, device_state: DeviceRuleState) -> SilentSince:
        """The latest of the device's activation, this partition's first tick and the rule's own beginning."""

        def silent_since(i: int) -> int | None:
            if self.clock.started_ms is None or device_state.device is None:
                return None
            since_ms = self.rules_since_ms.get(device_state.plan.rules[i].name, 0)
            return max(device_state.device.activated_at_ms, self.clock.started_ms, since_ms)

        return silent_since
