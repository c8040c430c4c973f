"""How rules depend on each other: who suppresses whom, which groups count whom."""

from collections.abc import Iterable, Mapping

from rules.language.rule import Grouping, Mode, Rule


class Relations:
    """The rules that are live, and group rules in shadow, by name, and what follows from their clauses.

    `groups_of` names the group rules that count a rule's events, `children_of` the rules that one suppresses. What is
    circular is cut: no group counts itself, and a group counts its members' events whether or not it suppresses them.
    """

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        self.rules: Mapping[str, Rule] = {
            rule.name: rule for rule in rules if rule.mode is Mode.LIVE or (rule.group and rule.mode is Mode.SHADOW)
        }
        self.groups: Mapping[str, Grouping] = {name: rule.group for name, rule in self.rules.items() if rule.group}
        self.groups_of: dict[str, tuple[str, ...]] = {}
        self.children_of: dict[str, frozenset[str]] = {}
        for name, group in sorted(self.groups.items()):
            for member in group.of:
                if not self._counts(member, name, set()):
                    self.groups_of[member] = (*self.groups_of.get(member, ()), name)
        self._suppressors = {
            name: tuple(s for s in rule.suppressed_by if s in self.rules and self.rules[s].mode is Mode.LIVE)
            for name, rule in self.rules.items()
            if rule.suppressed_by
        }
        self._absorbers = {
            name: tuple(g for g in groups if self.groups[g].absorbs and self.rules[g].mode is Mode.LIVE)
            for name, groups in self.groups_of.items()
        }
        for name in self.rules:
            for suppressor in self.suppressors_of(name):
                self.children_of[suppressor] = self.children_of.get(suppressor, frozenset()) | {name}
        self._ignored = {
            (group, member): frozenset(s for s in self.suppressors_of(member) if self._depends(s, group, set()))
            for member, groups in self.groups_of.items()
            for group in groups
        }
        self.takes_part = frozenset(
            {name for name, rule in self.rules.items() if rule.suppressed_by or rule.flapping or rule.group}
            | self.groups_of.keys()
            | self.children_of.keys()
        )

    def suppressors_of(self, name: str) -> tuple[str, ...]:
        """The rules that suppress one now; those in shadow suppress nothing."""
        return self._suppressors.get(name, ())

    def waits(self, name: str) -> bool:
        """Whether the rule's events are published only when their instants are settled."""
        return name in self.groups or bool(self.suppressors_of(name))

    def minds_clock(self, name: str) -> bool:
        """Whether anybody sees the clock pass the opening or the end of one of the rule's events."""
        return self.waits(name) or name in self.children_of

    def absorbers_of(self, name: str) -> tuple[str, ...]:
        """The live groups that absorb the rule's events."""
        return self._absorbers.get(name, ())

    def hold_ms(self, name: str) -> int:
        """How long notification of the rule's events waits for a group that may absorb them."""
        return max((self.groups[group].hold_ms for group in self.absorbers_of(name)), default=0)

    def ignored_by(self, group: str, member: str) -> frozenset[str]:
        """The suppressors of a member that depend on the group itself, and so do not keep events from it."""
        return self._ignored.get((group, member), frozenset())

    def _counts(self, name: str, sought: str, seen: set[str]) -> bool:
        """Whether a rule is the sought group, or a group that counts it at any remove."""
        if name == sought:
            return True
        if name in seen or name not in self.groups:
            return False
        seen.add(name)
        return any(self._counts(member, sought, seen) for member in self.groups[name].of)

    def _depends(self, name: str, group: str, seen: set[str]) -> bool:
        """Whether when a rule's events open depends on a group: only groups' do, on members that others suppress."""
        if name == group:
            return True
        if name in seen or name not in self.groups:
            return False
        seen.add(name)
        return any(
            self._depends(other, group, seen)
            for member in self.groups[name].of
            for other in (member, *self.suppressors_of(member))
        )


def takes_part_in_correlation(rules: Iterable[Rule]) -> bool:
    """Whether one of the rules needs the correlation stage to know the clock."""
    return any(
        rule.mode is not Mode.OFF and (rule.group or (rule.mode is Mode.LIVE and (rule.suppressed_by or rule.flapping)))
        for rule in rules
    )
