"""When a rule is active: what the clause `active` means, and what the engine asks of it."""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from domain.devices import Device
from domain.time.units import MINUTE_MS
from domain.time.weekly_hours import parse_weekly_hours
from rules.schedule.calendars import Calendar, Calendars, OpenHours
from rules.schedule.sun import daylight_span


@dataclass(frozen=True, slots=True)
class Active:
    """The clause `active`. Exactly one of the three is set.

    `sun` is `day` or `night`, by the sun at the device; `hours` are weekly hours as written, such as
    `Mon-Fri 08:00-18:00`; `calendar` names a calendar, and `inside` is whether its open hours or the others count.
    """

    sun: str | None = None
    hours: tuple[str, ...] = ()
    calendar: str | None = None
    inside: bool = True


class Span(NamedTuple):
    """A stretch of time in which a rule is active throughout, or not at all.

    Time: [begin_ms, end_ms), whole minutes, as long as can be: activity is different just before and at the end. A
    stretch without a beginning or end in sight (polar night, a calendar without holidays) reaches far beyond any reading.
    """

    active: bool
    begin_ms: int
    end_ms: int


class Activity(Protocol):
    """When one rule is active at one device. Pure: the same arguments always give the same answer."""

    def __call__(self, at_ms: int, device: Device) -> Span | None:
        """The span around that instant; None where it cannot be known (no place known, no such calendar)."""


_MOST_PLACES: Final = 65_536
_NO_SPAN: Final = Span(False, 1, 0)


def activity_of(active: Active, calendars: Calendars) -> Activity:
    """When a rule with that clause is active, by these calendars.

    The sun is asked at the device's place rounded to 0.01 degree, so that neighbours share the answer. Every answer is
    kept: asking again in the same stretch costs half a microsecond.
    """
    if active.sun is not None:
        return _SUN[active.sun]
    if active.calendar is not None:
        calendar = calendars.by_name.get(active.calendar)
        if calendar is None:
            return _unknown
        return _ByCalendar(OpenHours(calendar, calendars.zone_of(calendar)), inside=active.inside)
    hours = Calendar("hours", week=parse_weekly_hours(active.hours))
    return _ByCalendar(OpenHours(hours, calendars.zone), inside=True)


def _unknown(at_ms: int, device: Device) -> Span | None:
    return None


class _BySun:
    """Keeps the last two stretches of each place: the one that goes on, and the one that late reports fall into."""

    def __init__(self, *, day: bool) -> None:
        self._day = day
        self._spans: dict[int, tuple[Span, Span]] = {}

    def __call__(self, at_ms: int, device: Device) -> Span | None:
        lon, lat = device.lon, device.lat
        if lon is None or lat is None:
            return None
        place = int(lon * 100 + 18_000.5) * 20_000 + int(lat * 100 + 9_000.5)
        span, other = kept = self._spans.get(place, _NONE_KEPT)
        if span.begin_ms <= at_ms < span.end_ms:
            return span
        if other.begin_ms <= at_ms < other.end_ms:
            return other
        span = self._span(at_ms, place)
        if len(self._spans) >= _MOST_PLACES:
            self._spans.clear()
        self._spans[place] = (span, kept[0])
        return span

    def _span(self, at_ms: int, place: int) -> Span:
        lon, lat = (place // 20_000 - 18_000) / 100, (place % 20_000 - 9_000) / 100
        up, begin, end = daylight_span(at_ms // MINUTE_MS, lon, lat)
        return Span(up == self._day, begin * MINUTE_MS, end * MINUTE_MS)


_NONE_KEPT: Final = (_NO_SPAN, _NO_SPAN)


_SUN: Final = {"day": _BySun(day=True), "night": _BySun(day=False)}
"""One of each, so that all rules share what is kept: it depends on nothing but place and time."""


class _ByCalendar:
    """The same for all devices."""

    def __init__(self, hours: OpenHours, *, inside: bool) -> None:
        self._hours = hours
        self._inside = inside
        self._kept = _NONE_KEPT

    def __call__(self, at_ms: int, device: Device) -> Span | None:
        span, other = self._kept
        if span.begin_ms <= at_ms < span.end_ms:
            return span
        if other.begin_ms <= at_ms < other.end_ms:
            return other
        is_open, begin, end = self._hours.span(at_ms // MINUTE_MS)
        found = Span(is_open == self._inside, begin * MINUTE_MS, end * MINUTE_MS)
        self._kept = (found, span)
        return found
