"""The rules that are scored, read from files or from the library."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.errors import ConfigurationError
from rules.language.document.reading import load_documents
from rules.language.rule import Rule
from rules.library.documents import library_files
from rules.schedule.calendars import Calendar


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
    rules: dict[str, Rule] = {}
    calendars: dict[str, Calendar] = {}
    problems: list[str] = []
    for path in (
        found
        for given in files or library_files()
        for found in (sorted(given.glob("*.yaml")) if given.is_dir() else (given,))
    ):
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
