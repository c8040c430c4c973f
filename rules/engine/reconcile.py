"""What the engine has to publish: the difference between what was published of a device and what its readings show."""

from domain.events import Status, Transition
from rules.engine.announcing import Raised, announce
from rules.engine.clock import PartitionClock
from rules.engine.device_state import DeviceRuleState, SilentSince
from rules.engine.published import Published, difference
from rules.language.rule import Rule


class Reconciler:
    """Collects outputs, and which device states changed, until someone takes them; the lists stay the same objects."""

    def __init__(self) -> None:
        self.raised: list[Raised] = []
        self.changed: list[DeviceRuleState] = []

    def mark(self, device_state: DeviceRuleState) -> None:
        """The device state's snapshot is out of date."""
        if not device_state.changed:
            device_state.changed = True
            self.changed.append(device_state)

    def reconcile(self, device_state: DeviceRuleState, clock: PartitionClock, silent_since: SilentSince) -> None:
        """Publish what is needed for the published events to agree with the readings."""
        rules = device_state.plan.rules
        for i in device_state.concerned():
            rule = rules[i]
            published = device_state.published.get(rule.name, {})
            for transition, event in difference(published, device_state.episodes(i, clock.now_ms, silent_since)):
                device_state.published.setdefault(rule.name, {})[event.opened_at_ms] = event
                self._publish(transition, event, rule, device_state, clock)

    def end(
        self, event: Published, rule: Rule, device_state: DeviceRuleState, clock: PartitionClock, reason: str
    ) -> Published:
        """Clear an event that nobody judges any longer, at the clock's time; the event as it was published."""
        now_ms = device_state.last_ms if clock.now_ms is None else clock.now_ms
        ended = event._replace(
            revision=event.revision + 1,
            status=Status.CLEARED,
            stale=False,
            cleared_at_ms=max(now_ms, event.opened_at_ms),
        )
        self._publish(Transition.CLEARED, ended, rule, device_state, clock, reason)
        return ended

    def _publish(
        self,
        transition: Transition,
        event: Published,
        rule: Rule,
        device_state: DeviceRuleState,
        clock: PartitionClock,
        reason: str | None = None,
    ) -> None:
        clock_ms = device_state.last_ms if clock.now_ms is None else clock.now_ms
        self.raised.append(
            announce(transition, event, rule, device_state.device_id, device_state.device, clock_ms, reason)
        )
        self.mark(device_state)
