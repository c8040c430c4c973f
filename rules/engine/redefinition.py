"""What becomes of a device's state when its rules change: a new version, a rule removed, a device that no longer fits."""

from collections.abc import Callable, Collection, Mapping, Sequence

from domain.devices import Device, DeviceState
from rules.engine.device_state import NEVER_MS, DeviceRuleState
from rules.engine.entries import ReportEntry, States, Values, entry_of, outcome_of
from rules.engine.folding import Happening, Held, RuleState
from rules.engine.plans import NO_RULES, Plan, RuleSet
from rules.engine.published import Published
from rules.language.rule import Mode, Rule
from rules.language.signals.windows import Windows

_Column = Callable[[States], RuleState]
Events = dict[int, Published]


def carry_over(device_state: DeviceRuleState, plan: Plan) -> list[tuple[Rule, Published]]:
    """Bring the device state under another plan; the open events that nobody judges any longer, with their old rules.

    A rule of the same version keeps all its state. A new version keeps its open event, to be judged by its own clear
    condition, and nothing else: its pending run restarts. It and a new rule judge only reports newer than the newest so
    far. Under NO_RULES nothing is kept.
    """
    old = {rule.name: rule for rule in device_state.plan.rules}
    new = {rule.name: rule for rule in plan.rules}
    ended = [
        (rule, event)
        for rule in old.values()
        if not _lives_on(rule, new.get(rule.name))
        for _, event in sorted(device_state.published.get(rule.name, {}).items())
        if event.is_open
    ]
    before, device_state.plan = device_state.plan, plan
    if plan is NO_RULES:
        device_state.forget()
        return ended
    if before is not plan:
        _move_windows(device_state, plan)
    untouched = {name for name, rule in new.items() if name in old and _is_same(old[name], rule)}
    open_events = {
        name: next((e for e in device_state.published.get(name, {}).values() if e.is_open), None)
        for name, rule in new.items()
        if name in old and _lives_on(old[name], rule)
    }
    columns = [
        _copied(before.index[rule.name])
        if rule.name in untouched
        else _constant(device_state, open_events.get(rule.name))
        for rule in plan.rules
    ]
    _move_states(device_state, before, plan, columns, untouched)
    device_state.published = _published(device_state, old, new, untouched, open_events)
    device_state.floors = {name: floor for name, floor in device_state.floors.items() if name in untouched}
    if device_state.last_ms != NEVER_MS:
        device_state.floors |= {name: device_state.last_ms for name in new if name not in untouched}
    return ended


def _move_windows(device_state: DeviceRuleState, plan: Plan) -> None:
    """Windows of the new plan; what the old ones remember of the same quantities is taken over."""
    before = device_state.windows
    device_state.windows = Windows(plan.layout) if plan.layout else None
    if before is not None and device_state.windows is not None:
        device_state.windows.take_settled(before.settled(device_state.settled_ms))


def take_over(device_state: DeviceRuleState, events: Mapping[str, Published]) -> None:
    """Judge these open events by their clear conditions from now on, whatever the rules held of their own before."""
    plan = device_state.plan
    columns = [
        _constant(device_state, events[rule.name]) if rule.name in events else _copied(i)
        for i, rule in enumerate(plan.rules)
    ]
    _move_states(device_state, plan, plan, columns, plan.index.keys() - events.keys())
    device_state.published |= {name: {event.opened_at_ms: event} for name, event in events.items()}


def _move_states(
    device_state: DeviceRuleState,
    before: Plan,
    plan: Plan,
    columns: Sequence[_Column],
    untouched: Collection[str],
) -> None:
    """Bring settled, recent and newest states under the plan, a column for each of its rules."""

    def moved(states: States) -> States:
        return _canonical(plan, tuple(column(states) for column in columns))

    pick = picker(before.quantities, plan.quantities)
    device_state.entries = [
        _moved(plan, pick, moved, untouched, entry[0], entry[1], *outcome_of(before, entry))
        for entry in device_state.entries
    ]
    for entry in device_state.entries:
        device_state.put(entry[0], entry[1])
    device_state.settled, device_state.states = moved(device_state.settled), moved(device_state.states)


def reason_gone(rule: Rule, rules: RuleSet, device: Device | None) -> str:
    """Why nobody judges that rule on that device any longer: the `reason` of the event it clears."""
    if device is None or device.state is DeviceState.RETIRED:
        return "device_retired"
    if device.state is not DeviceState.ACTIVE:
        return f"device_{device.state.value}"
    current = rules.by_name.get(rule.name)
    if current is None:
        return "rule_removed"
    if current.mode is not rule.mode:
        return "rule_off" if current.mode is Mode.OFF else f"rule_{current.mode.value}"
    return "not_applicable"


def _lives_on(rule: Rule, successor: Rule | None) -> bool:
    """Whether the open events of a rule go on under the rule that now has its name."""
    return successor is not None and successor.mode is rule.mode


def _is_same(rule: Rule, successor: Rule) -> bool:
    return successor is rule or (rule.version == successor.version and rule.text == successor.text)


def _copied(at: int) -> _Column:
    return lambda states: states[at]


def _constant(device_state: DeviceRuleState, event: Published | None) -> _Column:
    """The same state everywhere: an event taken over from an older version, or nothing."""
    if event is None:
        return lambda states: None
    reported_ms = max(device_state.last_ms, event.opened_at_ms)
    state = Held(event.since_ms, event.opened_at_ms, reported_ms, None, event.basis)
    return lambda states: state


def _moved(
    plan: Plan,
    pick: Callable[[Values], Values],
    moved: Callable[[States], States],
    untouched: Collection[str],
    t: int,
    values: Values,
    states: States,
    happenings: tuple[Happening, ...],
) -> ReportEntry:
    kept = tuple(happening for happening in happenings if happening.rule in untouched)
    return entry_of(plan, t, pick(values), moved(states), kept)


def picker(old: tuple[str, ...], new: tuple[str, ...]) -> Callable[[Values], Values]:
    """Values of the old plan's quantities as those of the new one; what nobody read is not known any more."""
    if old == new:
        return lambda values: values
    places = [old.index(name) if name in old else None for name in new]
    return lambda values: tuple(None if at is None else values[at] for at in places)


def _canonical(plan: Plan, states: States) -> States:
    """`plan.idle` itself where nothing is held, which is how the engine knows it quickly."""
    return plan.idle if states == plan.idle else states


def _published(
    device_state: DeviceRuleState,
    old: dict[str, Rule],
    new: dict[str, Rule],
    untouched: set[str],
    open_events: dict[str, Published | None],
) -> dict[str, Events]:
    published = {name: device_state.published[name] for name in untouched if name in device_state.published}
    for name, event in open_events.items():
        if name not in untouched and event is not None:
            published[name] = {event.opened_at_ms: event}
    back = {
        n: e for n, e in device_state.published.items() if n not in old and _may_come_back(device_state, e, new.get(n))
    }
    return published | back


def _may_come_back(device_state: DeviceRuleState, events: Events, rule: Rule | None) -> bool:
    """A silence that a removed rule no longer reports is published again, as the next revision, if the rule returns."""
    return rule is None or (rule.no_data_ms is not None and set(events) == {device_state.last_ms + rule.no_data_ms})
