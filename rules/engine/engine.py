"""The engine: reports, ticks, registry and rule changes in, events out. It never reads a clock.

One `Lane` judges the devices of one kind in one partition. The same inputs in the same order give the same events, however
they are cut into batches and wherever a snapshot is taken and restored in between.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from domain.devices import Device
from domain.telemetry import Telemetry, Tick
from rules.engine.announcing import Raised
from rules.engine.clock import PartitionClock
from rules.engine.device_state import MAX_ENTRIES, DeviceRuleState, UnheardFrom
from rules.engine.entries import Values, entry_of, outcome_of
from rules.engine.folding import Judge, Observed
from rules.engine.health import Vitals
from rules.engine.plans import FOREVER_MS, NEVER_SWEPT, Plan, RuleSet, Swept
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
        self.watches: dict[str, DeviceRuleState] = {}
        self.rules_since_ms: dict[str, int] = {}
        self._find_device = find_device
        self._teller = Reconciler()
        self._timers = Timers()
        self._now_ms = -FOREVER_MS

    @property
    def raised(self) -> list[Raised]:
        """The outputs since the last `take`, in order."""
        return self._teller.raised

    def take(self) -> tuple[list[Raised], list[DeviceRuleState]]:
        """The outputs in order, and the watches that changed, since the last call."""
        taken = list(self._teller.raised), list(self._teller.changed)
        self._teller.raised.clear()
        self._teller.changed.clear()
        for watch in taken[1]:
            watch.changed = False
        return taken

    def report(self, report: Telemetry) -> None:
        """Judge one report."""
        device_id = report["device_id"]
        watch = self.watches.get(device_id) or self._watch(device_id)
        plan = watch.plan
        if plan is None:
            self.no_rule += 1
            return
        t = report["observed_at_ms"]
        horizon_ms = self._now_ms - plan.lateness_ms
        states = watch.states
        if (
            states is plan.idle
            and t > watch.last_ms
            and t >= horizon_ms
            and t - watch.last_ms <= plan.silence_ms
            and not watch.published
            and "quality" not in report
            and "time_source" not in report
        ):
            # nothing is pending and nothing is open: unless a condition holds, nothing happens
            readings, more = report["readings"], NOTHING_MORE
            if watch.windows is not None:
                watch.windows.put_good(t, readings)
            if plan.derives:
                more = watch.more(t)
            swept = watch.swept
            if not swept.begin_ms <= t < swept.end_ms:
                swept = self._sweep_again(watch, plan, t)
            values = swept.sweep(readings, watch.facts, more)
            if values is not None:
                entries = watch.entries
                entries.append((t, values))
                watch.last_ms = t
                if entries[0][0] < horizon_ms or len(entries) > MAX_ENTRIES:
                    watch.settle(horizon_ms)
                plan.reports += 1
                self.judged += 1
                if not watch.changed:
                    self._teller.mark(watch)
                if watch.timer_ms is None and plan.silence_ms != FOREVER_MS:
                    self._schedule(watch)
                return
        self._report_that_matters(watch, plan, report, horizon_ms)

    def _report_that_matters(self, watch: DeviceRuleState, plan: Plan, report: Telemetry, horizon_ms: int) -> None:
        """The whole of it, for late, repeated or marked reports, and where a run or an event is under way."""
        t = report["observed_at_ms"]
        if t < horizon_ms or t <= watch.settled_ms:
            self.too_late += 1
            return
        has_own_time = "time_source" not in report
        if not has_own_time and received_before(watch.told, report):
            self.duplicate += 1
            return
        values = plan.values_told(report)
        if not self._take_in(watch, plan, t, values) and has_own_time:
            self.duplicate += 1
            return
        watch.settle(horizon_ms)
        plan.reports += 1
        self.judged += 1
        self._teller.mark(watch)

    def _take_in(self, watch: DeviceRuleState, plan: Plan, t: int, values: Values) -> bool:
        """Put a report in its place in observed time; whether it told anything that was not told before."""
        at, found = watch.find(t)
        if found is None:
            watch.entries.insert(at, (t, values))
            watch.last_ms = max(t, watch.last_ms)
        else:
            merged = tuple(new if old is None else old for old, new in zip(found[1], values, strict=True))
            if merged == found[1]:
                return False
            watch.entries[at] = entry_of(plan, t, merged, *outcome_of(plan, found))
            values = merged  # once told, a reading keeps its value and its quality
        watch.put(t, values)
        self._refold(watch, at)
        return True

    def _sweep_again(self, watch: DeviceRuleState, plan: Plan, t: int) -> Swept:
        assert watch.device is not None
        watch.swept = plan.swept(watch.device, watch.facts, t)
        return watch.swept

    def _refold(self, watch: DeviceRuleState, at: int) -> None:
        happened = watch.fold_from(at, self._judge_for(watch), self._unheard_from(watch))
        if happened or watch.speaks_of_silence():
            self._reconcile(watch)
        self._schedule(watch)

    def _reconcile(self, watch: DeviceRuleState) -> None:
        self._teller.reconcile(watch, self.clock, self._unheard_from(watch))

    def tick(self, tick: Tick) -> None:
        """Move the clock on; silence that is due by then speaks, in order of its time, then of device id."""
        before_ms = self.clock.now_ms
        if not self.clock.tick(tick["gateway"], tick["tick_at_ms"]):
            return
        now_ms = self.clock.now_ms
        assert now_ms is not None
        if before_ms is None:
            for watch in self.watches.values():  # silence counts from here on for those never heard
                self._schedule(watch)
        self._now_ms = now_ms
        rung = [watch for watch in self._timers.ring(now_ms, self.watches) if watch.plan is not None]
        due = [(watch.due_ms(self._unheard_from(watch), before_ms), watch.device_id, watch) for watch in rung]
        for due_ms, _, watch in sorted(due, key=lambda entry: entry[:2]):
            if due_ms <= now_ms:
                self._reconcile(watch)
            self._schedule(watch)

    def refresh(self, devices: Iterable[Device] = ()) -> None:
        """Take in what changed in the registry.

        `devices` are all that are known in this partition: one never heard is watched if a rule fires from its silence.
        """
        for device_id, watch in sorted(self.watches.items()):
            device = self._find_device(device_id)
            if device is not watch.device:
                self._replan(watch, self.rules, device)
        for device in devices:
            if device.kind == self.kind and device.device_id not in self.watches:
                plan = self.rules.plan(device)
                if plan is not None and plan.silence_ms != FOREVER_MS:
                    self._watch(device.device_id)

    def set_rules(self, rules: RuleSet) -> None:
        """Judge by other rules from now on. Untouched ones keep their state; see `rules.engine.redefinition`."""
        before, self.rules = self.rules, rules
        for rule in rules.by_name.keys() - before.by_name.keys():
            if self.clock.now_ms is not None:
                self.rules_since_ms[rule] = self.clock.now_ms
        self.rules_since_ms = {r: since for r, since in self.rules_since_ms.items() if r in rules.by_name}
        for _, watch in sorted(self.watches.items()):
            self._replan(watch, rules, watch.device)

    def _replan(self, watch: DeviceRuleState, rules: RuleSet, device: Device | None) -> None:
        plan = rules.plan(device) if device is not None and device.kind == self.kind else None
        if plan is watch.plan and device is watch.device:
            return
        judged = watch.plan is not None or plan is not None
        self._note_lacking(watch, -1)
        for rule, event in carry_over(watch, plan):
            ended = self._teller.end(event, rule, watch, self.clock, reason_gone(rule, rules, device))
            if plan is not None and rule.no_data_ms is not None and rule.name not in plan.index:
                watch.published.setdefault(rule.name, {})[event.opened_at_ms] = ended
        watch.device = device
        watch.facts, watch.swept = plan.facts_of(device) if plan else {}, NEVER_SWEPT
        self._note_lacking(watch, 1)
        if judged:
            self._teller.mark(watch)
        self._schedule(watch)

    def _watch(self, device_id: str) -> DeviceRuleState:
        device = self._find_device(device_id)
        plan = self.rules.plan(device) if device is not None and device.kind == self.kind else None
        watch = self.watches[device_id] = DeviceRuleState(
            device_id, device, plan, plan.facts_of(device) if plan else {}
        )
        self._note_lacking(watch, 1)
        if plan is not None and plan.silence_ms != FOREVER_MS:
            self._schedule(watch)
        return watch

    def snapshot(self) -> dict[str, Any]:
        """The lane's own state, without its watches, as JSON."""
        return {
            "sums": [self.judged, self.duplicate, self.too_late, self.no_rule],
            "clock": self.clock.snapshot(),
            "since": self.rules_since_ms,
        }

    def restore(self, rules: RuleSet, snapshot: dict[str, Any]) -> None:
        """Be as at the snapshot, under the rules of that time; `adopt` the watches after it."""
        self.rules = rules
        self.judged, self.duplicate, self.too_late, self.no_rule = snapshot["sums"]
        self.clock = PartitionClock.restored(snapshot["clock"])
        self._now_ms = -FOREVER_MS if self.clock.now_ms is None else self.clock.now_ms
        self.rules_since_ms = snapshot["since"]

    def rebuilt(self, told: Mapping[str, Mapping[str, Mapping[int, Published]]], sums: Sequence[int]) -> None:
        """Go on from what was judged over again: nothing of it was told, and `told` was, by device, rule and opening.

        What was told and what the readings say are brought together: an event of both goes on with its revisions, an open
        one that the readings no longer reach back to is taken over, and what was never told is told now.
        """
        self._teller.raised.clear()
        self.judged, self.duplicate, self.too_late, self.no_rule = sums
        for device_id in told.keys() - self.watches.keys():
            if (device := self._find_device(device_id)) is not None and device.kind == self.kind:
                self._watch(device_id)
        for _, watch in sorted(self.watches.items()):
            if watch.plan is None:
                continue
            found, watch.published = watch.published, {}
            before = {rule: told.get(watch.device_id, {}).get(rule, {}) for rule in watch.plan.index}
            for rule, events in before.items():
                known = {opened: event for opened, event in events.items() if opened in found.get(rule, {})}
                if known:
                    watch.published[rule] = known
            take_over(
                watch,
                {
                    rule: event
                    for rule, events in before.items()
                    for opened_at_ms, event in events.items()
                    if event.is_open and opened_at_ms not in found.get(rule, {})
                },
            )
            self._reconcile(watch)
            self._schedule(watch)

    def adopt(self, watch: DeviceRuleState) -> None:
        """Take in a restored watch."""
        self.watches[watch.device_id] = watch
        self._note_lacking(watch, 1)
        self._schedule(watch)

    def _note_lacking(self, watch: DeviceRuleState, change: int) -> None:
        for rule, fact in watch.plan.lacking(watch.facts) if watch.plan is not None else ():
            self.vitals.note_lacking(rule, fact, change)

    def _schedule(self, watch: DeviceRuleState) -> None:
        if watch.plan is not None:
            self._timers.set(watch, watch.due_ms(self._unheard_from(watch), self.clock.now_ms))

    def _judge_for(self, watch: DeviceRuleState) -> Judge:
        facts, vitals = watch.facts, self.vitals

        def judge(rule: Rule, condition: Condition, seen: Observed) -> bool | None:
            try:
                return condition.evaluate(seen.readings, facts, seen.more)
            except ConditionError as error:
                vitals.note_error(rule.name, watch.device_id, error)
                return None

        return judge

    def _unheard_from(self, watch: DeviceRuleState) -> UnheardFrom:
        """The latest of the device's activation, this partition's first tick and the rule's own beginning."""

        def unheard_from(i: int) -> int | None:
            if self.clock.started_ms is None or watch.plan is None or watch.device is None:
                return None
            since_ms = self.rules_since_ms.get(watch.plan.rules[i].name, 0)
            return max(watch.device.activated_at_ms, self.clock.started_ms, since_ms)

        return unheard_from
