"""Who is notified of what, by which channel, in which words. Pure."""

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from cases.notification.channels.part import ChannelPart
from cases.notification.document.model import NotifyDocument, RulePart
from cases.notification.messages.message import Content, Language, Notification, Occurrence, message_id
from cases.notification.messages.occurrences import occurrence_of
from cases.notification.messages.wording import lines_of, title_of
from cases.notification.recipients.directory import Person, Staff
from cases.notification.recipients.preferences import Preference
from cases.storage import HistoryEntry
from cases.workflow.case import Case
from domain.actors import Role

_NOBODY_PARTICULAR = Preference()


class Decision:
    """What the city's document decides, for one staff at one time. Its answers depend on nothing else."""

    def __init__(
        self, document: NotifyDocument, zone: ZoneInfo, directory: Staff, preferences: Mapping[str, Preference]
    ) -> None:
        self._document = document
        self._zone = zone
        self._directory = directory
        self._preferences = preferences

    def messages_for(self, entry: HistoryEntry, case: Case, now_ms: int) -> list[Notification]:
        """What to send about a step of a case, which stands as `case` by now; mostly nothing."""
        occurrence = self.occurrence_for(entry, case, now_ms)
        return [] if occurrence is None else self.messages_about(occurrence, now_ms)

    def occurrence_for(self, entry: HistoryEntry, case: Case, now_ms: int) -> Occurrence | None:
        """What a step gives to notify of; nothing where it is older than the time after which messages are given up."""
        return None if entry.at_ms < self.forget_before_ms(now_ms) else occurrence_of(entry, case)

    def forget_before_ms(self, now_ms: int) -> int:
        """Nothing is sent any more about what happened before that."""
        return now_ms - self._document.give_up.after

    def messages_about(self, occurrence: Occurrence, now_ms: int) -> list[Notification]:
        """One message for each recipient and channel that a rule names, in the order of the rules.

        Whoever did it is not notified of it. Shape: empty where nobody is to be notified, or nobody can be.
        """
        found: dict[tuple[str, str], Notification] = {}
        case = occurrence.case
        for rule in self._document.rules_in_force():
            if not rule.holds(occurrence.occasion, case):
                continue
            people = self._people(rule, occurrence)
            for channel in self._channels_of(rule, occurrence):
                for message in self._by(channel, people, occurrence, now_ms):
                    found.setdefault((message.channel, message.address), message)
        return list(found.values())

    def wants_anybody(self, occurrence: Occurrence) -> bool:
        """Whether a rule holds for it, so that somebody should have been notified."""
        return any(rule.holds(occurrence.occasion, occurrence.case) for rule in self._document.rules_in_force())

    def _people(self, rule: RulePart, occurrence: Occurrence) -> list[Person]:
        found: dict[str, Person] = {}
        for word in self._audience(rule, occurrence):
            for person in self._named(word, occurrence.case):
                if person.name != occurrence.actor:
                    found.setdefault(person.name, person)
        return list(found.values())

    def _audience(self, rule: RulePart, occurrence: Occurrence) -> tuple[str, ...]:
        """Whom the policy's chain names, and whom the rule adds."""
        return (*(occurrence.audience or ()), *rule.to)

    def _named(self, word: str, case: Case) -> Iterator[Person]:
        kind, _, name = word.partition(":")
        if kind == "role":
            yield from self._directory.with_role(Role(name), case.area)
        elif kind == "user":
            person = self._directory.find(name)
            yield from () if person is None else (person,)
        elif name or case.department:
            yield from self._directory.members_of(name or str(case.department))

    def _channels_of(self, rule: RulePart, occurrence: Occurrence) -> tuple[str, ...]:
        if rule.by:
            return rule.by
        named: dict[str, None] = {}
        for word in self._audience(rule, occurrence):
            kind, _, name = word.partition(":")
            part = self._document.departments.get(name or str(occurrence.case.department))
            if kind == "department" and part is not None:
                named.update(dict.fromkeys(part.channels))
        return tuple(named | dict.fromkeys(self._document.by))

    def _by(self, name: str, people: list[Person], occurrence: Occurrence, now_ms: int) -> Iterator[Notification]:
        channel = self._document.channels[name]
        if not channel.addresses_people:
            mobiles: tuple[str, ...] = ()
            if channel.mentions_people:
                mobiles = tuple(_mobile(person.phone) for person in people if person.phone)
            yield self._message(
                name, "", None, self._language(channel, occurrence.case, None), occurrence, mobiles, now_ms
            )
            return
        for person in people:
            preference = self._preferences.get(person.name, _NOBODY_PARTICULAR)
            if person.email and preference.takes(name):
                language = preference.language or self._language(channel, occurrence.case, person)
                yield self._message(name, person.email, person.name, language, occurrence, (), now_ms)

    def _language(self, channel: ChannelPart, case: Case, person: Person | None) -> Language:
        departments = sorted(person.departments) if person is not None else [case.department or ""]
        parts = (self._document.departments.get(name) for name in departments)
        own = next((part.language for part in parts if part is not None and part.language), None)
        return channel.language or own or self._document.language

    def _message(
        self, channel: str, address: str, person: str | None, language: Language, occurrence: Occurrence,
        mobiles: tuple[str, ...], now_ms: int,
    ) -> Notification:  # fmt: skip
        case = occurrence.case
        department = None if case.department is None else self._directory.title_of(case.department)
        content = Content(
            occasion=occurrence.occasion,
            at_ms=occurrence.at_ms,
            case_id=case.case_id,
            number=case.number,
            revision=case.revision,
            state=case.state,
            severity=case.severity,
            problem=case.problem,
            department=case.department,
            area=case.area,
            due_at_ms=None if case.deadline is None else case.deadline.due_at_ms,
            actor=occurrence.actor,
            note=occurrence.note,
            title=title_of(occurrence, department, self._document.templates, self._zone),
            lines=lines_of(occurrence, self._zone),
            url=f"{self._document.console.rstrip('/')}/cases/{case.number}" if self._document.console else "",
            language=language,
            mobiles=mobiles,
        )
        identity = message_id(occurrence.key, channel, address)
        return Notification(identity, channel, address, person, content, max(now_ms, case.hold_until_ms or 0))


def _mobile(phone: str) -> str:
    """The bare number, without the country's code: how both robots know their members."""
    digits = "".join(sign for sign in phone if sign.isdigit())
    return digits.removeprefix("86") if phone.startswith("+86") else digits
