"""The appraisal of a period: the whole, its parts, and how it went day by day or week by week. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from cases.appraisal.counts import RATES, Count
from cases.appraisal.facts import Fact, Handling, Period, facts_of
from cases.appraisal.indicators import Indicators, IndicatorTally, Rate, rate_of
from cases.appraisal.steps import CaseSteps
from cases.deadlines import CityTimes
from domain.time.units import DAY_MS

NOWHERE: Final = None
"""The part of what has no department, or no area."""
_DAILY_UP_TO_DAYS: Final = 35
_WEEKLY_UP_TO_DAYS: Final = 400


class Dimension(StrEnum):
    """By what an appraisal is parted: 责任部门、区域、问题类别、信息来源."""

    DEPARTMENT = "department"
    AREA = "area"
    PROBLEM = "problem"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class AppraisalScope:
    """Which cases count, and how areas are parted.

    `area` and `areas` match themselves and everything below; a case without an area is in `areas`, which bound what the
    asker may see, but not in `area`. Of `departments`, where given, only what is theirs counts. `area_level` is how many
    steps of an area's name count as different: 1 parts `320582/110/152` under `320582`.
    """

    area: str | None = None
    areas: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    area_level: int = 1

    def covers(self, area: str | None) -> bool:
        if self.area is not None and (area is None or not _lies_in(area, self.area)):
            return False
        return not self.areas or area is None or any(_lies_in(area, own) for own in self.areas)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One day, week or month of the period, of the wall clock, cut at its ends. Time: epoch ms, [from_ms, to_ms)."""

    from_ms: int
    to_ms: int
    counts: Mapping[Count, int]

    def rate(self, name: str) -> Rate:
        return rate_of(RATES[name], self.counts)


@dataclass(frozen=True, slots=True)
class Trend:
    """How it went. `every` is day, week (from Monday on) or month, whichever makes a readable number of buckets.

    `overdue`, which is of one instant, is in the last bucket only.
    """

    every: str
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What was asked for and found. `parts` has an entry for every name that anything was counted for, by name."""

    period: Period
    scope: AppraisalScope
    whole: Indicators
    parts: Mapping[Dimension, Mapping[str | None, Indicators]]
    trend: Trend


class Appraiser:
    """Takes cases one by one, in any order, and returns what they come to."""

    def __init__(
        self,
        period: Period,
        scope: AppraisalScope,
        by: Sequence[Dimension],
        times: CityTimes,
        zone: ZoneInfo | None = None,
    ) -> None:
        self._period, self._scope, self._times = period, scope, times
        self._every, self._starts_ms = _bucket_starts(period, zone or times.calendar.zone)
        self._trend: list[Counter[Count]] = [Counter() for _ in self._starts_ms]
        self._whole = IndicatorTally()
        self._parts: dict[Dimension, dict[str | None, IndicatorTally]] = {dimension: {} for dimension in by}
        self._departments = frozenset(scope.departments)

    def take(self, case: CaseSteps) -> None:
        """Count a case in."""
        if not self._scope.covers(case.area):
            return
        facts, handlings = facts_of(case, self._period, self._times)
        if self._departments:
            facts = [fact for fact in facts if fact.department in self._departments]
            handlings = [handling for handling in handlings if handling.department in self._departments]
        self._whole.add(facts, handlings)
        for fact in facts:
            self._trend[bisect_right(self._starts_ms, fact.at_ms) - 1][fact.what] += 1
        for dimension, tallies in self._parts.items():
            if dimension is Dimension.DEPARTMENT:
                _add_by_department(tallies, facts, handlings)
            elif facts:
                _tally_of(tallies, self._name(dimension, case)).add(facts, handlings)

    def take_all(self, cases: Iterable[CaseSteps]) -> None:
        for case in cases:
            self.take(case)

    def appraisal(self) -> Appraisal:
        ends_ms = [*self._starts_ms[1:], self._period.to_ms]
        buckets = [
            Bucket(from_ms, to_ms, {count: counted[count] for count in Count})
            for from_ms, to_ms, counted in zip(self._starts_ms, ends_ms, self._trend, strict=True)
        ]
        parts = {
            dimension: {name: tallies[name].indicators() for name in sorted(tallies, key=_nameless_last)}
            for dimension, tallies in self._parts.items()
        }
        return Appraisal(self._period, self._scope, self._whole.indicators(), parts, Trend(self._every, tuple(buckets)))

    def _name(self, dimension: Dimension, case: CaseSteps) -> str | None:
        if dimension is Dimension.AREA:
            return None if case.area is None else "/".join(case.area.split("/")[: self._scope.area_level])
        return case.problem if dimension is Dimension.PROBLEM else case.source


def _add_by_department(
    tallies: dict[str | None, IndicatorTally], facts: Sequence[Fact], handlings: Sequence[Handling]
) -> None:
    for department in {fact.department for fact in facts}:
        own = [fact for fact in facts if fact.department == department]
        _tally_of(tallies, department).add(own, [one for one in handlings if one.department == department])


def _tally_of(tallies: dict[str | None, IndicatorTally], name: str | None) -> IndicatorTally:
    """The tally of that name, a new one where there is none."""
    tally = tallies.get(name)
    if tally is None:
        tally = tallies[name] = IndicatorTally()
    return tally


def _nameless_last(name: str | None) -> tuple[bool, str]:
    return name is None, name or ""


def _lies_in(area: str, outer: str) -> bool:
    return area == outer or area.startswith(f"{outer}/")


def _bucket_starts(period: Period, zone: ZoneInfo) -> tuple[str, list[int]]:
    """The beginnings of the buckets, the first one the period's own."""
    first = datetime.fromtimestamp(period.from_ms / 1000, zone).date()
    days = (period.to_ms - period.from_ms) / DAY_MS
    every = "day" if days <= _DAILY_UP_TO_DAYS else "week" if days <= _WEEKLY_UP_TO_DAYS else "month"
    starts_ms = [period.from_ms]
    day = _next(first, every)
    while (start_ms := _midnight_ms(day, zone)) < period.to_ms:
        starts_ms.append(start_ms)
        day = _next(day, every)
    return every, starts_ms


def _next(day: date, every: str) -> date:
    if every == "day":
        return day + timedelta(days=1)
    if every == "week":
        return day + timedelta(days=7 - day.weekday())
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
