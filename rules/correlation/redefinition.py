"""What a change of the rules means for what is open under them."""

from rules.correlation.relations import Relations
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


def reason_gone(name: str, rules: dict[str, Rule]) -> str:
    rule = rules.get(name)
    if rule is None:
        return "rule_removed"
    return "not_applicable" if rule.mode is Mode.LIVE else f"rule_{rule.mode.value}"
