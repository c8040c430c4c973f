"""A city put before a set of rules: what to score, from the rules and the city alone.

Life.departures ──▶ messages ──▶ Intake: the gateway's pipeline ──▶ practise: engine and correlation ──▶ events
      └──▶ labels
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

from domain.errors import ConfigurationError
from rules.language.document.reading import load_documents
from rules.language.rule import Rule
from rules.schedule.calendars import Calendar, Calendars
from simulators.publish.dialect_sessions import DialectSessions
from simulators.publish.report_stream import ReportStream
from simulators.truth.labels import Label
from urbansense.evaluation.scoring.practice.departures import received
from urbansense.evaluation.scoring.practice.intake import Intake
from urbansense.evaluation.scoring.practice.judging import Practice, live_rules, practise
from urbansense.evaluation.scoring.practice.registry import PractiseRegistry


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules to try, and the calendars that they name."""

    rules: tuple[Rule, ...]
    calendars: tuple[Calendar, ...]

    @property
    def groups(self) -> frozenset[str]:
        """The names of the rules that make one event of many."""
        return frozenset(rule.name for rule in self.rules if rule.group is not None)


def load_rule_book(files: Sequence[Path]) -> RuleBook:
    """The rules and calendars of the files and folders, or of the library where none is given.

    Raises: BadRules; ConfigurationError where a name stands in two files, or a file cannot be read.
    """
    if not files:
        with resources.as_file(resources.files("rules.library")) as folder:
            return load_rule_book([folder])
    rules: dict[str, Rule] = {}
    calendars: dict[str, Calendar] = {}
    problems: list[str] = []
    for path in (found for given in files for found in (sorted(given.glob("*.yaml")) if given.is_dir() else (given,))):
        try:
            documents = load_documents(path)
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read: {error}") from error
        problems += [
            f"{path}: rule {rule.name} stands in another file too" for rule in documents.rules if rule.name in rules
        ]
        rules |= {rule.name: rule for rule in documents.rules}
        calendars |= {calendar.name: calendar for calendar in documents.calendars}
    if problems:
        raise ConfigurationError(problems)
    return RuleBook(tuple(rules.values()), tuple(calendars.values()))


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of it. `rejected` counts reports that a gateway would have refused, by reason."""

    labels: tuple[Label, ...]
    registry: PractiseRegistry
    practice: Practice
    messages: int
    rejected: dict[str, int]


def rehearse(
    life: ReportStream,
    until_ms: int,
    book: RuleBook,
    *,
    with_shadow: bool = False,
    tell: Callable[[int, int], None] = lambda at_ms, reports: None,
) -> Rehearsal:
    """Let the city live to `until_ms` and judge what it says by `book`. The same life and book give the same events.

    Time: a device counts as active from the life's start.
    """
    zone = ZoneInfo(life.city.place.timezone)
    registry = PractiseRegistry(life.city.devices)
    voices = DialectSessions(life.city.devices, life.city.seed, zone)
    intake = Intake(registry, registry.kinds, zone, voices.answer)
    practice = practise(
        intake.telemetry(received(life.departures(until_ms), voices.speak)),
        registry.by_id,
        live_rules(book.rules, with_shadow),
        Calendars(life.city.place.timezone, book.calendars),
        until_ms,
        tell,
    )
    rejected = {reason.value: count for reason, count in intake.rejected.items()}
    return Rehearsal(life.labels(until_ms), registry, practice, intake.messages, rejected)
