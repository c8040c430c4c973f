"""A device's state as one compact JSON record of `rules.state`, and back."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from domain.devices import Device
from domain.events import Status
from rules.conditions import device_facts
from rules.folding import Basis, Cleared, Happening, Held, Opened, Pending, RuleState
from rules.plans import Plan, RuleSet
from rules.published import Published
from rules.transition import picker
from rules.watch import Entry, States, Values, Watch

SCHEMA: Final = 1
"""Goes up when the format changes; a record of another schema is not read, and its device starts afresh."""


def encode_watch(kind: str, watch: Watch) -> bytes | None:
    """The state of a device; None where there is nothing to keep, so that its record is deleted.

    Shape: `k` kind, `t` settled_ms, `s` settled states by rule, `e` reports since with the values of the quantities `q`,
    `p` what was told, `g` messages told within the hour, `f` floors. What is empty is left out; a quiet device is its
    last reports and little more.
    """
    plan = watch.plan
    if plan is None:
        return None
    idle = plan.idle
    state: dict[str, Any] = {
        "v": SCHEMA,
        "k": kind,
        "t": watch.settled_ms,
        "e": [
            (t, values) if states is idle and not happened else (t, values, _states(plan, states), _happened(happened))
            for t, values, states, happened in watch.entries
        ],
    }
    if watch.entries:
        state["q"] = plan.quantities
    if watch.settled is not idle:
        state["s"] = _states(plan, watch.settled)
    if watch.published:
        state["p"] = {
            rule: [_published(event) for event in events.values()] for rule, events in watch.published.items()
        }
    if watch.told:
        state["g"] = watch.told
    if watch.floors:
        state["f"] = watch.floors
    return orjson.dumps(state)


def _happened(happenings: Sequence[Happening]) -> list[tuple[Any, ...]]:
    return [("o" if isinstance(happening, Opened) else "c", *happening) for happening in happenings]


def _states(plan: Plan, states: States) -> dict[str, tuple[Any, ...]]:
    return {
        rule.name: ("h" if isinstance(state, Held) else "p", *state)
        for rule, state in zip(plan.rules, states, strict=True)
        if state is not None
    }


def _published(event: Published) -> tuple[Any, ...]:
    return (*event[:3], event.status.value, *event[4:])


def decode_watch(device_id: str, value: bytes, rules: RuleSet, device: Device | None) -> tuple[str, Watch] | None:
    """The kind and watch of a record, under the rules of the time of the snapshot; None for another schema.

    Its plan holds the device's rules and those that the snapshot still knows; whoever adopts it brings it under the
    plan of today.
    """
    state = orjson.loads(value)
    if state["v"] != SCHEMA:
        return None
    plan = rules.plan(device)
    known = {*state.get("s", ()), *state.get("p", ())}
    for entry in state["e"]:
        known.update(entry[2] if len(entry) > 2 else ())
    if known and not known <= (plan.index.keys() if plan else set()):
        names = sorted(name for name in known | (plan.index.keys() if plan else set()) if name in rules.by_name)
        interval_s = device.report_interval_s if device else 600
        plan = Plan(tuple(rules.by_name[name] for name in names), interval_s) if names else plan
    watch = Watch(device_id, device, plan, {})
    if plan is None:
        return state["k"], watch
    if plan.reads_device and device is not None:
        watch.facts = device_facts(device)
    watch.settled_ms = state["t"]
    watch.settled = _states_of(plan, state.get("s", {}))
    pick = picker(tuple(state.get("q", ())), plan.quantities)
    watch.entries = [_entry_of(plan, pick, *entry) for entry in state["e"]]
    watch.last_ms = watch.entries[-1][0] if watch.entries else watch.settled_ms
    watch.states = watch.entries[-1][2] if watch.entries else watch.settled
    watch.published = {
        rule: {event.opened_at_ms: event for event in map(_published_of, events)}
        for rule, events in state.get("p", {}).items()
    }
    watch.told = state.get("g", {})
    watch.floors = state.get("f", {})
    return state["k"], watch


def _entry_of(
    plan: Plan,
    pick: Callable[[Values], Values],
    t: int,
    values: list[Any],
    states: dict[str, Any] | None = None,
    happenings: Sequence[Sequence[Any]] = (),
) -> Entry:
    happened = tuple(_happening_of(*happening) for happening in happenings)
    return t, pick(tuple(values)), _states_of(plan, states or {}), happened


def _happening_of(sort: str, rule: str, *fields: Any) -> Happening:
    if sort == "o":
        since_ms, opened_at_ms, basis = fields
        return Opened(rule, since_ms, opened_at_ms, _basis_of(basis))
    return Cleared(rule, *fields)


def _states_of(plan: Plan, states: dict[str, list[Any]]) -> States:
    return tuple(_state_of(states.get(rule.name)) for rule in plan.rules) if states else plan.idle


def _state_of(state: list[Any] | None) -> RuleState:
    if state is None:
        return None
    if state[0] == "h":
        since_ms, opened_at_ms, last_ms, clearing_since_ms, basis = state[1:]
        return Held(since_ms, opened_at_ms, last_ms, clearing_since_ms, _basis_of(basis))
    since_ms, last_ms, basis = state[1:]
    return Pending(since_ms, last_ms, _basis_of(basis))


def _published_of(fields: list[Any]) -> Published:
    since_ms, opened_at_ms, revision, status, cleared_at_ms, stale, basis, replaces_ms = fields
    return Published(
        since_ms, opened_at_ms, revision, Status(status), cleared_at_ms, stale, _basis_of(basis), replaces_ms
    )


def _basis_of(basis: list[list[Any]]) -> Basis:
    return tuple((quantity, value, t) for quantity, value, t in basis)
