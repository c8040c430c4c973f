"""The engine: reports, ticks, registry and rule changes in, events out. It never reads a clock.

One `Lane` judges the devices of one kind in one partition. The same inputs in the same order give the same events, however
they are cut into batches and wherever a snapshot is taken and restored in between.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from domain.devices import Device
from domain.events import Status, Transition
from domain.telemetry import Telemetry, Tick
from rules.announcing import Raised, announce
from rules.clock import PartitionClock
from rules.closures import ODD
from rules.conditions import Condition, ConditionError, device_facts
from rules.folding import Judge, Readings
from rules.health import Vitals
from rules.plans import FOREVER_MS, Plan, RuleSet
from rules.published import Published, difference
from rules.rule import Rule
from rules.transition import carry_over, reason_gone
from rules.watch import MAX_ENTRIES, NEVER_MS, Told, Watch

TOLD_AGAIN_WITHIN_MS: Final = 3_600_000
"""A report without a device's own time is a duplicate of an equal one received within this."""


@dataclass(slots=True)
class Sums:
    """What became of the reports judged so far."""

    judged: int = 0
    duplicate: int = 0
    too_late: int = 0
    no_rule: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.judged + other.judged, self.duplicate + other.duplicate,
            self.too_late + other.too_late, self.no_rule + other.no_rule,
        )  # fmt: skip


class Lane:
    """The engine for one kind of device in one partition.

    `raised` collects the outputs in order, `changed` the watches whose snapshot is out of date: whoever commits them
    clears both. `find_device` is the registry as it stands; call `refresh` after it changed.
    """

    def __init__(
        self, kind: str, rules: RuleSet, find_device: Callable[[str], Device | None], vitals: Vitals | None = None
    ) -> None:
        self.kind = kind
        self.rules = rules
        self.clock = PartitionClock()
        self.sums = Sums()
        self.vitals = vitals or Vitals()
        self.raised: list[Raised] = []
        self.changed: list[Watch] = []
        self.watches: dict[str, Watch] = {}
        self.rules_since_ms: dict[str, int] = {}
        self._find_device = find_device
        self._timers: list[tuple[int, str]] = []

    def report(self, report: Telemetry) -> None:
        """Judge one report. Exactly one of the sums grows by one."""
        device_id = report["device_id"]
        watch = self.watches.get(device_id) or self._watch(device_id)
        plan = watch.plan
        if plan is None:
            self.sums.no_rule += 1
            return
        t = report["observed_at_ms"]
        now_ms = self.clock.now_ms
        if (now_ms is not None and t < now_ms - plan.lateness_ms) or t <= watch.settled_ms:
            self.sums.too_late += 1
            return
        if "time_source" in report and self._told_before(watch, report):
            self.sums.duplicate += 1
            return
        readings = report["readings"]
        entries = watch.entries
        if t > watch.last_ms:
            states = watch.states
            if (
                states is plan.idle
                and t - watch.last_ms <= plan.silence_ms
                and "quality" not in report
                and not watch.published
            ):
                # nothing is pending and nothing is open: unless a condition holds, nothing happens
                facts = watch.facts
                for judge in plan.judges:
                    verdict = judge(readings, facts)
                    if verdict is True or verdict is ODD:
                        break
                else:
                    entries.append((t, readings, None, states, ()))
                    watch.last_ms = t
                    self._judged(watch, plan, now_ms)
                    return
            entries.append((t, readings, _bad(report), states, ()))
            watch.last_ms = t
            self._refold(watch, len(entries) - 1)
        elif not self._insert(watch, t, readings, _bad(report)) and "time_source" not in report:
            self.sums.duplicate += 1
            return
        self._judged(watch, plan, now_ms)

    def _judged(self, watch: Watch, plan: Plan, now_ms: int | None) -> None:
        self.sums.judged += 1
        plan.reports += 1
        entries = watch.entries
        if now_ms is not None and entries[0][0] < now_ms - plan.lateness_ms:
            watch.settle(now_ms - plan.lateness_ms)
        elif len(entries) > MAX_ENTRIES:
            watch.settle(entries[-MAX_ENTRIES][0])
        if not watch.changed:
            watch.changed = True
            self.changed.append(watch)
        if plan.silence_ms != FOREVER_MS and watch.timer_ms is None:
            self._schedule(watch)

    def _insert(self, watch: Watch, t: int, readings: Told, bad: frozenset[str] | None) -> bool:
        """Take in a report that is not the newest; whether it told anything new."""
        at, found = watch.find(t)
        if found is None:
            watch.entries.insert(at, (t, readings, bad, (), ()))
        else:
            told, told_bad = found[1], found[2]
            new = {quantity: value for quantity, value in readings.items() if quantity not in told}
            if not new:
                return False
            merged_bad = (told_bad or frozenset()) | (bad or frozenset()) & new.keys()
            watch.entries[at] = (t, {**told, **new}, merged_bad or None, found[3], found[4])
        self._refold(watch, at)
        return True

    def _refold(self, watch: Watch, at: int) -> None:
        happened = watch.fold_from(at, self._judge_for(watch), self._silent_from(watch))
        if happened or watch.published:
            self._reconcile(watch)
        self._schedule(watch)

    def _reconcile(self, watch: Watch) -> None:
        """Tell what must be told so that what was told and what the readings say agree."""
        plan = watch.plan
        assert plan is not None
        silent_from = self._silent_from(watch)
        for i, rule in enumerate(plan.rules):
            told = watch.published.get(rule.name, {})
            for transition, event in difference(told, watch.episodes(i, self.clock.now_ms, silent_from)):
                watch.published.setdefault(rule.name, {})[event.opened_at_ms] = event
                self._raise(transition, event, rule, watch)

    def _raise(
        self, transition: Transition, event: Published, rule: Rule, watch: Watch, reason: str | None = None
    ) -> None:
        clock_ms = watch.last_ms if self.clock.now_ms is None else self.clock.now_ms
        self.raised.append(announce(transition, event, rule, watch.device_id, watch.device, clock_ms, reason))
        self._mark(watch)

    def tick(self, tick: Tick) -> None:
        """Move the clock on; silence that is due by then speaks, in order of its time, then of device id."""
        first = self.clock.now_ms is None
        if not self.clock.tick(tick["gateway"], tick["tick_at_ms"]):
            return
        now_ms = self.clock.now_ms
        assert now_ms is not None
        if first:
            for watch in self.watches.values():  # silence counts from here on for those never heard
                self._schedule(watch)
        due: list[tuple[int, str, Watch]] = []
        while self._timers and self._timers[0][0] <= now_ms:
            timer_ms, device_id = heapq.heappop(self._timers)
            watch = self.watches.get(device_id)
            if watch is None or watch.timer_ms != timer_ms:
                continue
            watch.timer_ms = None
            if watch.plan is not None:
                due.append((watch.due_ms(self._silent_from(watch)), device_id, watch))
        for due_ms, _, watch in sorted(due, key=lambda entry: entry[:2]):
            if due_ms <= now_ms:
                self._reconcile(watch)
            self._schedule(watch)

    def refresh(self, devices: Iterable[Device] = ()) -> None:
        """Take in what changed in the registry. `devices` are all there are in this partition, as far as they are
        known: one that was never heard is watched if a rule fires from absence."""
        for device_id, watch in list(self.watches.items()):
            device = self._find_device(device_id)
            if device is not watch.device:
                self._replan(watch, self.rules, device)
        if self.rules.watches_silence(self.kind):
            for device in devices:
                if device.kind == self.kind and device.device_id not in self.watches:
                    self._watch(device.device_id)

    def set_rules(self, rules: RuleSet) -> None:
        """Judge by other rules from now on. Untouched ones keep their state; see `rules.transition`."""
        before, self.rules = self.rules, rules
        for rule in rules.by_name.keys() - before.by_name.keys():
            if self.clock.now_ms is not None:
                self.rules_since_ms[rule] = self.clock.now_ms
        self.rules_since_ms = {r: since for r, since in self.rules_since_ms.items() if r in rules.by_name}
        for watch in list(self.watches.values()):
            self._replan(watch, rules, watch.device)

    def _replan(self, watch: Watch, rules: RuleSet, device: Device | None) -> None:
        plan = rules.plan(device) if device is not None and device.kind == self.kind else None
        if plan is watch.plan and device is watch.device:
            return
        for rule, event in carry_over(watch, plan):
            reason = reason_gone(rule, rules, device)
            cleared_at_ms = max(watch.last_ms if self.clock.now_ms is None else self.clock.now_ms, event.opened_at_ms)
            event = event._replace(
                revision=event.revision + 1, status=Status.CLEARED, stale=False, cleared_at_ms=cleared_at_ms
            )
            self._raise(Transition.CLEARED, event, rule, watch, reason)
            if plan is not None and rule.no_data_ms is not None and rule.name not in plan.index:
                watch.published.setdefault(rule.name, {})[event.opened_at_ms] = event
        watch.device = device
        watch.facts = device_facts(device) if device is not None and plan is not None and plan.reads_device else {}
        self._mark(watch)
        self._schedule(watch)

    def _mark(self, watch: Watch) -> None:
        if not watch.changed:
            watch.changed = True
            self.changed.append(watch)

    def _watch(self, device_id: str) -> Watch:
        device = self._find_device(device_id)
        plan = self.rules.plan(device) if device is not None and device.kind == self.kind else None
        facts = device_facts(device) if device is not None and plan is not None and plan.reads_device else {}
        watch = self.watches[device_id] = Watch(device_id, device, plan, facts)
        self._schedule(watch)
        return watch

    def adopt(self, watch: Watch) -> None:
        """Take in a restored watch."""
        self.watches[watch.device_id] = watch
        self._schedule(watch)

    def _schedule(self, watch: Watch) -> None:
        """Make sure a timer stands no later than what is due; it may stand earlier, and looks again when it rings."""
        if watch.plan is None:
            return
        due_ms = watch.due_ms(self._silent_from(watch))
        if due_ms != FOREVER_MS and (watch.timer_ms is None or due_ms < watch.timer_ms):
            watch.timer_ms = due_ms
            heapq.heappush(self._timers, (due_ms, watch.device_id))

    def _judge_for(self, watch: Watch) -> Judge:
        facts, vitals = watch.facts, self.vitals

        def judge(rule: Rule, condition: Condition, readings: Readings) -> bool | None:
            try:
                return condition.evaluate(readings, facts)
            except ConditionError as error:
                vitals.note_error(rule.name, watch.device_id, error)
                return None

        return judge

    def _silent_from(self, watch: Watch) -> Callable[[int], int | None]:
        """From when rule `i` of that watch counts silence: the last report, or for a device never heard the latest of
        its activation, this partition's first tick and the rule's first; None before the first tick."""

        def silent_from(i: int) -> int | None:
            if watch.last_ms != NEVER_MS:
                return watch.last_ms
            if self.clock.started_ms is None or watch.plan is None or watch.device is None:
                return None
            since_ms = self.rules_since_ms.get(watch.plan.rules[i].name, 0)
            return max(watch.device.activated_at_ms, self.clock.started_ms, since_ms)

        return silent_from

    def _told_before(self, watch: Watch, report: Telemetry) -> bool:
        """Whether a report without a device's own time was told within the hour, by message id and readings."""
        message_id = report.get("message_id")
        if message_id is None:
            return False
        received_ms, told = report["received_at_ms"], watch.told
        digest = blake2b(orjson.dumps(report["readings"], option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
        key = f"{digest} {message_id}"
        before_ms = told.get(key)
        if before_ms is not None and abs(received_ms - before_ms) <= TOLD_AGAIN_WITHIN_MS:
            return True
        told[key] = received_ms
        for oldest, at_ms in list(told.items()):
            if at_ms >= received_ms - TOLD_AGAIN_WITHIN_MS:
                break
            del told[oldest]
        return False


def _bad(report: Telemetry) -> frozenset[str] | None:
    quality: dict[str, Any] = dict(report.get("quality") or {})
    return frozenset(name for name, grade in quality.items() if grade == "bad") or None
