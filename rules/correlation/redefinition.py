"""What a change of the rules means for what is open under them."""

from rules.correlation.relations import Relations
from rules.correlation.subject_state import SubjectState
from rules.language.rule import Mode, Rule


def footprint(name: str, relations: Relations) -> object:
    """What of the rules decides about one rule's events."""
    rule = relations.rules.get(name)
    own = (rule.version, rule.text, rule.mode) if rule else None
    return own, relations.suppressors_of(name), relations.absorbers_of(name), relations.hold_ms(name)


def lives_on(old: Relations, new: Relations, name: str) -> bool:
    """Whether a group's open events go on under the rule that now has its name."""
    before, after = old.groups.get(name), new.groups.get(name)
    if before is None or after is None:
        return False
    return before.by == after.by and old.rules[name].mode is new.rules[name].mode


def end_group(state: SubjectState, now_ms: int, reason: str) -> None:
    """Clear the open events of a group rule that is gone, and drop those that would open later."""
    state.began_ms = None
    state.raised_events = {t: raised for t, raised in state.raised_events.items() if t <= now_ms}
    for raised in state.raised_events.values():
        if raised.cleared_ms > now_ms:
            raised.event = raised.event | {"status": "cleared", "cleared_at_ms": now_ms, "reason": reason}


def reason_gone(name: str, rules: dict[str, Rule]) -> str:
    rule = rules.get(name)
    if rule is None:
        return "rule_removed"
    return "not_applicable" if rule.mode is Mode.LIVE else f"rule_{rule.mode.value}"
