"""What the correlation stage knows: a track for each rule and subject, and how they stand to one another."""

from collections.abc import Collection

from rules.correlation.places import FindDevice, chain_of, group_subject
from rules.correlation.relations import Relations
from rules.correlation.spells import TO_PEOPLE, Course, EventFields, Interval, Key, Spell
from rules.correlation.suppression import created_at
from rules.correlation.track import Created, Track, courses_of


class Known:
    """The tracks and their relations, derived from nothing but themselves.

    `members` are the keys that count for a group, `under` those that something on a subject may suppress.
    """

    def __init__(self, find_device: FindDevice) -> None:
        self.find_device = find_device
        self.relations = Relations()
        self.tracks: dict[Key, Track] = {}
        self.members: dict[Key, set[Key]] = {}
        self.under: dict[str, set[Key]] = {}

    def add_spell(self, track: Track, event: EventFields) -> Spell:
        name, subject = track.key
        device = self.find_device(subject)
        groups = {}
        for group in self.relations.groups_of.get(name, ()):
            if (of := group_subject(self.relations.groups[group].by, device)) is not None:
                groups[group] = of
        spell = track.spells[event["opened_at_ms"]] = Spell(event, chain_of(subject, self.find_device), groups)
        self.index(track.key, spell)
        return spell

    def index(self, key: Key, spell: Spell) -> None:
        for group, subject in spell.groups.items():
            self.members.setdefault((group, subject), set()).add(key)
        if self.relations.suppressors_of(key[0]):
            for subject in spell.chain:
                self.under.setdefault(subject, set()).add(key)

    def place_again(self) -> None:
        """Every spell in the groups of the rules as they are now; what it counted for already stays."""
        self.members.clear()
        self.under.clear()
        for key, track in sorted(self.tracks.items()):
            device = self.find_device(key[1])
            for spell in track.spells.values():
                groups = {}
                for name in self.relations.groups_of.get(key[0], ()):
                    subject = spell.groups.get(name) or group_subject(self.relations.groups[name].by, device)
                    if subject is not None:
                        groups[name] = subject
                spell.groups = groups
                self.index(key, spell)

    def dependents(self, track: Track) -> set[Key]:
        """Whose events this track's decide about: those it suppresses, its groups, and those it absorbs."""
        name, subject = track.key
        found = {group for spell in track.spells.values() for group in spell.groups.items()}
        if children := self.relations.children_of.get(name):
            found |= {key for key in self.under.get(subject, ()) if key[0] in children}
        if name in self.relations.groups and self.relations.groups[name].absorbs:
            found |= self.members.get(track.key, set())
        found.discard(track.key)
        return found

    def created(self, track: Track, view: str = TO_PEOPLE) -> Created:
        ignored = self.relations.ignored_by(view, track.key[0])
        return {
            opened_ms: created_at(spell, [over for _, over in self.over(track.key, spell, ignored)], view)
            for opened_ms, spell in track.spells.items()
        }

    def courses(self, track: Track, view: str = TO_PEOPLE) -> list[Course]:
        rule = self.relations.rules.get(track.key[0])
        return courses_of(self.created(track, view), track.spells, rule, view)

    def views(self, track: Track) -> list[str]:
        """Who sees the track's events differently: people, and the groups that count what they suppress themselves."""
        name = track.key[0]
        groups = self.relations.groups_of.get(name, ())
        return [TO_PEOPLE, *(group for group in groups if self.relations.ignored_by(group, name))]

    def over(self, key: Key, spell: Spell, ignoring: Collection[str] = ()) -> list[tuple[str, Interval]]:
        """What stands over a spell at any time: the events of its suppressors on the subject and its parents."""
        return [
            (name, interval)
            for name in self.relations.suppressors_of(key[0])
            if name not in ignoring
            for subject in spell.chain
            if (name, subject) != key and (track := self.tracks.get((name, subject))) is not None
            for interval in sorted(spell.interval for spell in track.spells.values())
        ]

    def group_members(self, key: Key) -> list[Course]:
        """The courses that count for a group, by opening."""
        group, subject = key
        found: list[tuple[int, Key, Course]] = []
        for member in self.members.get(key, ()):
            track = self.tracks[member]
            ignores = self.relations.ignored_by(group, member[0])
            courses = self.courses(track, group) if ignores else track.courses
            found += [(c.opened_ms, member, c) for c in courses if c.first.groups.get(group) == subject]
        return [course for _, _, course in sorted(found, key=lambda entry: entry[:2])]
