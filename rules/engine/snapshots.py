"""A device's state as one compact JSON record of `rules.state`, and back."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from domain.devices import Device
from domain.events import Severity, Status
from rules.engine.device_state import DeviceRuleState
from rules.engine.entries import ReportEntry, States, Values, entry_of
from rules.engine.folding import Basis, Cleared, Counted, Happening, Held, Opened, Pending, RuleState
from rules.engine.plans import NO_RULES, Plan, RuleSet, Suspect
from rules.engine.published import Published
from rules.engine.redefinition import picker

SCHEMA: Final = 2
"""Goes up when the format changes; a record of another schema is not read, and its device starts afresh."""


def encode_device_state(kind: str, device_state: DeviceRuleState) -> bytes | None:
    """The state of a device; None where there is nothing to keep, so that its record is deleted.

    Shape: `k` kind, `t` settled_ms, `e` reports since with the values of the quantities `q`; and only where anything is
    under way: `s` settled states and `r` the rules they belong to, in order, `p` what was published, `g` messages received
    within the hour, `f` floors, `w` the settled readings that windows still look at. A quiet device is its last reports and
    little more, written without copying them.
    """
    plan = device_state.plan
    if plan is NO_RULES:
        return None
    state: dict[str, Any] = {
        "v": SCHEMA,
        "k": kind,
        "t": device_state.settled_ms,
        "q": plan.quantities,
        "e": device_state.entries,
    }
    if device_state.settled is not plan.idle:
        state["s"] = device_state.settled
    if "s" in state or max(map(len, device_state.entries), default=0) > 2:
        state["r"] = tuple(plan.index)
    if device_state.published:
        state["p"] = {
            rule: [_published(event) for event in events.values()] for rule, events in device_state.published.items()
        }
    if device_state.received:
        state["g"] = device_state.received
    if device_state.floors:
        state["f"] = device_state.floors
    if device_state.windows is not None and (settled := device_state.windows.settled(device_state.settled_ms)):
        state["w"] = settled
    return orjson.dumps(state, default=_tagged)


def _tagged(value: object) -> tuple[Any, ...]:
    """What orjson does not know: our named tuples, with a letter in front for their type."""
    for sort, letter in _LETTERS.items():
        if isinstance(value, sort):
            return (letter, *value)
    raise TypeError(f"{value!r} has no place in a snapshot")


_LETTERS: Final[dict[type[tuple[Any, ...]], str]] = {
    Pending: "p", Counted: "n", Held: "h", Opened: "o", Cleared: "c", Suspect: "q",
}  # fmt: skip


def _published(event: Published) -> tuple[Any, ...]:
    return (*event[:3], event.status.value, *event[4:])


def decode_device_state(
    device_id: str, value: bytes, rules: RuleSet, device: Device | None
) -> tuple[str, DeviceRuleState] | None:
    """The kind and device state of a record, under the rules of the time of the snapshot; None for another schema.

    Its plan holds the device's rules and those that the snapshot still knows; whoever adopts it brings it under the
    plan of today.
    """
    state = orjson.loads(value)
    if state["v"] != SCHEMA:
        return None
    rule_names = list(state.get("r", ()))
    plan = _plan(rules, device, {*rule_names, *state.get("p", ())})
    device_state = DeviceRuleState(device_id, device, plan, {})
    if plan is NO_RULES:
        return state["k"], device_state
    device_state.facts = plan.facts_of(device)
    reader = _Reader(plan, rule_names, picker(tuple(state["q"]), plan.quantities))
    device_state.settled_ms = state["t"]
    if device_state.windows is not None:
        device_state.windows.take_settled(state.get("w", {}))
    device_state.settled = reader.states(state.get("s", ()))
    device_state.entries = [reader.entry(*entry) for entry in state["e"]]
    for entry in device_state.entries:
        device_state.put(entry[0], entry[1])
    device_state.last_ms, device_state.states = device_state.settled_ms, device_state.settled
    if device_state.entries:
        newest = device_state.entries[-1]
        device_state.last_ms, device_state.states = newest[0], newest[2] if len(newest) == 4 else plan.idle
    device_state.published = {
        rule: {event.opened_at_ms: event for event in map(reader.published, events)}
        for rule, events in state.get("p", {}).items()
    }
    device_state.received = state.get("g", {})
    device_state.floors = state.get("f", {})
    return state["k"], device_state


def _plan(rules: RuleSet, device: Device | None, known: set[str]) -> Plan:
    """The device's plan, widened by rules that the snapshot knows of and that judge it no longer."""
    plan = rules.plan(device)
    wanted = plan.index.keys()
    if known <= wanted:
        return plan
    widened = tuple(rules.by_name[name] for name in sorted(known | wanted) if name in rules.by_name)
    return rules.plan_of(widened, device.report_interval_s if device else 600) if widened else plan


class _Reader:
    """Reads one device's states. What is the same in many of them is held once, as it was before it was written."""

    def __init__(self, plan: Plan, rule_names: Sequence[str], pick: Callable[[Values], Values]) -> None:
        self._plan = plan
        self._places = [rule_names.index(rule) if rule in rule_names else None for rule in plan.index]
        self._pick = pick
        self._bases: dict[bytes, Basis] = {}

    def entry(
        self,
        t: int,
        values: list[Any],
        states: Sequence[list[Any] | None] = (),
        happenings: Sequence[list[Any]] = (),
    ) -> ReportEntry:
        picked = self._pick(tuple(_value_of(value) for value in values))
        if not states:
            return (t, picked)
        return entry_of(
            self._plan, t, picked, self.states(states), tuple(self._happening(*found) for found in happenings)
        )

    def states(self, states: Sequence[list[Any] | None]) -> States:
        if not any(states):
            return self._plan.idle
        return tuple(None if at is None or at >= len(states) else self._state(states[at]) for at in self._places)

    def _state(self, state: list[Any] | None) -> RuleState:
        if state is None:
            return None
        if state[0] == "h":
            since_ms, opened_at_ms, last_ms, clearing_since_ms, basis = state[1:]
            return Held(since_ms, opened_at_ms, last_ms, clearing_since_ms, self._basis(basis))
        if state[0] == "n":
            return Counted(tuple((t, self._basis(basis)) for t, basis in state[1]))
        since_ms, last_ms, basis = state[1:]
        return Pending(since_ms, last_ms, self._basis(basis))

    def _happening(self, letter: str, rule: str, *fields: Any) -> Happening:
        if letter == "o":
            since_ms, opened_at_ms, basis = fields
            return Opened(rule, since_ms, opened_at_ms, self._basis(basis))
        return Cleared(rule, *fields)

    def published(self, fields: list[Any]) -> Published:
        since_ms, opened_at_ms, revision, status, cleared_at_ms, stale, basis, severity, replaces_ms = fields
        return Published(
            since_ms, opened_at_ms, revision, Status(status), cleared_at_ms, stale, self._basis(basis),
            Severity(severity), replaces_ms,
        )  # fmt: skip

    def _basis(self, basis: list[list[Any]]) -> Basis:
        written = orjson.dumps(basis)
        found = self._bases.get(written)
        if found is None:
            found = self._bases[written] = tuple((quantity, value, t) for quantity, value, t in basis)
        return found


def _value_of(value: Any) -> Any:
    return Suspect(value[1]) if isinstance(value, list) else value
