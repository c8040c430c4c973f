"""A calendar as an operator writes it, read with every problem named by line and column."""

import re
from collections.abc import Callable
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from documents.located_yaml.problems import LocatedProblem
from documents.located_yaml.reading import LocatedValue
from domain.time.weekly_hours import EMPTY_WEEK, MinuteSpan, Week, join_spans, parse_day_hours, parse_weekly_hours
from rules.language.clauses.mapping import Clauses
from rules.schedule.calendars import Calendar, day_number

CALENDAR_NAME: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,63}$")
_ENTRIES: Final = ("calendar", "title", "hours", "closed", "open", "timezone")
_MOST_DAYS_IN_A_RANGE: Final = 366
_MOST_DAYS: Final = 4_000
_FIRST_DAY: Final = day_number("1970-01-01")
_LAST_DAY: Final = day_number("2200-01-01")
_Read = TypeVar("_Read")
_Written = TypeVar("_Written")


def is_calendar(document: LocatedValue) -> bool:
    """Whether a document has `calendar` where a rule has `rule`."""
    return isinstance(document.value, dict) and "calendar" in document.value and "rule" not in document.value


def read_calendar(document: LocatedValue, file: str, problems: list[LocatedProblem], text: str) -> Calendar:
    """The calendar of a document already read from YAML. What is wrong is added to `problems`."""
    return _Document(document, file, problems).calendar(text)


class _Document(Clauses):
    """One calendar being read."""

    def calendar(self, text: str) -> Calendar:
        for name, entry in self.entries.items():
            if name not in _ENTRIES:
                self.refuse(
                    entry.key or entry, f"unknown clause `{name}` of a calendar; known are {', '.join(_ENTRIES)}"
                )
        name = self.word("calendar", CALENDAR_NAME, "lower-case letters, digits and hyphens", required=True) or "?"
        closed = self._closed()
        opened = self._opened(closed)
        if len(closed) + len(opened) > _MOST_DAYS:
            self.refuse(self.mapping, f"a calendar names at most {_MOST_DAYS} days")
        return Calendar(
            name,
            self.title(name),
            self._week(),
            frozenset(closed),
            opened,
            self._timezone(),
            text,
        )

    def _week(self) -> Week:
        days: list[list[MinuteSpan]] = [[] for _ in EMPTY_WEEK]
        for item in self.list_of("hours"):
            week = self._read(item, "hours", lambda text: parse_weekly_hours([text]), str(item.value)) or EMPTY_WEEK
            for day, spans in zip(days, week, strict=True):
                day += spans
        return tuple(map(join_spans, days))

    def _closed(self) -> set[int]:
        days: set[int] = set()
        for item in self.list_of("closed"):
            days.update(self._read(item, "closed", _days, str(item.value)) or ())
        return days

    def _opened(self, closed: set[int]) -> dict[int, tuple[MinuteSpan, ...]]:
        opened: dict[int, tuple[MinuteSpan, ...]] = {}
        for item in self.list_of("open"):
            days_text, *hours = str(item.value).split() or [""]
            days = self._read(item, "open", _days, days_text) or range(0)
            spans = self._read(item, "open", parse_day_hours, hours) or ()
            if any(day in closed or day in opened for day in days):
                self.refuse(item, "`open`: a day of it is named already, as closed or as open")
            opened.update(dict.fromkeys(days, spans))
        return opened

    def _read(
        self, item: LocatedValue, name: str, read: Callable[[_Written], _Read], written: _Written
    ) -> _Read | None:
        try:
            return read(written)
        except ValueError as error:
            self.refuse(item, f"`{name}`: {error}")
            return None

    def _timezone(self) -> str | None:
        found = self.text("timezone")
        if found is None:
            return None
        try:
            ZoneInfo(found[1])
        except (KeyError, ValueError, OSError):
            self.refuse(found[0], f"`timezone`: {found[1]!r} is no time zone name such as Asia/Shanghai")
            return None
        return found[1]


def _days(text: str) -> range:
    """The days of `2026-10-01` or `2026-10-01..2026-10-07`, both ends included. Raises: ValueError."""
    first, dots, last = text.partition("..")
    try:
        begin = day_number(first)
        end = day_number(last) if dots else begin
    except ValueError as error:
        raise ValueError(f"{text!r} is no date; write 2026-10-01 or 2026-10-01..2026-10-07") from error
    if not _FIRST_DAY <= begin <= end <= _LAST_DAY or end - begin >= _MOST_DAYS_IN_A_RANGE:
        raise ValueError(f"{text!r} must run forward, from 1970 to 2199, for at most {_MOST_DAYS_IN_A_RANGE} days")
    return range(begin, end + 1)
