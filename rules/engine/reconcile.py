"""What the engine has to say: the difference between what was told of a device and what its readings say now."""

from domain.events import Status, Transition
from rules.engine.announcing import Raised, announce
from rules.engine.clock import PartitionClock
from rules.engine.device_state import DeviceRuleState, UnheardFrom
from rules.engine.published import Published, difference
from rules.language.rule import Rule


class Reconciler:
    """Collects outputs, and which watches changed, until someone takes them; the lists stay the same objects."""

    def __init__(self) -> None:
        self.raised: list[Raised] = []
        self.changed: list[DeviceRuleState] = []

    def mark(self, watch: DeviceRuleState) -> None:
        """The watch's snapshot is out of date."""
        if not watch.changed:
            watch.changed = True
            self.changed.append(watch)

    def reconcile(self, watch: DeviceRuleState, clock: PartitionClock, unheard_from: UnheardFrom) -> None:
        """Tell what must be told so that what was told and what the readings say agree."""
        plan = watch.plan
        for i in watch.concerned() if plan else ():
            assert plan is not None
            rule = plan.rules[i]
            told = watch.published.get(rule.name, {})
            for transition, event in difference(told, watch.episodes(i, clock.now_ms, unheard_from)):
                watch.published.setdefault(rule.name, {})[event.opened_at_ms] = event
                self._tell(transition, event, rule, watch, clock)

    def end(
        self, event: Published, rule: Rule, watch: DeviceRuleState, clock: PartitionClock, reason: str
    ) -> Published:
        """Clear an event that nobody judges any longer, at the clock's time; the event as it was told."""
        now_ms = watch.last_ms if clock.now_ms is None else clock.now_ms
        ended = event._replace(
            revision=event.revision + 1,
            status=Status.CLEARED,
            stale=False,
            cleared_at_ms=max(now_ms, event.opened_at_ms),
        )
        self._tell(Transition.CLEARED, ended, rule, watch, clock, reason)
        return ended

    def _tell(
        self,
        transition: Transition,
        event: Published,
        rule: Rule,
        watch: DeviceRuleState,
        clock: PartitionClock,
        reason: str | None = None,
    ) -> None:
        clock_ms = watch.last_ms if clock.now_ms is None else clock.now_ms
        self.raised.append(announce(transition, event, rule, watch.device_id, watch.device, clock_ms, reason))
        self.mark(watch)
