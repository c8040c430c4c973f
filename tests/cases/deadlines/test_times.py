"""Terms on calendars: exact to the millisecond in any zone, and untouched by pauses."""

import timeit
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.deadlines import CityTimes, WorkingCalendar, parse_week
from cases.workflow.case import Term, TermUnit
from domain.time.units import DAY_MS, HOUR_MS
from tests.cases.deadlines.calendars import OFFICE, SHANGHAI, at, calendars, instants, is_open, slow_between, told

WORKING = (TermUnit.WORKING_HOUR, TermUnit.WORKING_DAY)
units = st.sampled_from(TermUnit)
terms = st.builds(Term, unit=units, amount=st.floats(0.001, 40))
stretches = st.integers(0, 40 * HOUR_MS)


def term(text: str) -> Term:
    amount, unit = text.split()
    return Term(unit=TermUnit(unit), amount=float(amount))


@pytest.mark.parametrize(
    ("started", "length", "due"),
    [
        ("2026-11-20T10:00", "4 hour", "2026-11-20 14:00"),
        ("2026-11-20T10:00", "4 working_hour", "2026-11-20 16:00"),  # over noon
        ("2026-11-20T16:30", "1 working_hour", "2026-11-20 17:30"),  # the end of the afternoon, not Monday
        ("2026-11-20T16:30", "2 working_hour", "2026-11-23 09:30"),  # over the weekend
        ("2026-11-20T22:00", "1 working_hour", "2026-11-23 09:30"),  # dispatched at night
        ("2026-11-21T12:00", "1 working_day", "2026-11-23 17:30"),  # dispatched on a Saturday: all of Monday
        ("2026-11-20T17:29", "1 working_day", "2026-11-23 17:29"),  # a minute before the end of Friday
        ("2026-11-20T08:30", "5 working_day", "2026-11-26 17:30"),
        ("2026-11-20T10:00", "0.5 working_day", "2026-11-20 15:30"),
    ],
)
def test_a_term_is_over_when_the_city_would_say_so(started: str, length: str, due: str) -> None:
    assert told(CityTimes(OFFICE).after(at(started), term(length))) == due


@settings(deadline=None)
@given(calendars, instants, terms)
def test_what_is_left_of_a_term_at_its_start_is_the_term(calendar: WorkingCalendar, start_ms: int, given: Term) -> None:
    times = CityTimes(calendar)
    assert times.left(start_ms, times.after(start_ms, given), given.unit) == times.length_ms(given)


@settings(deadline=None)
@given(calendars, instants, st.integers(0, 20 * DAY_MS), units)
def test_a_pause_neither_takes_nor_gives(calendar: WorkingCalendar, at_ms: int, span_ms: int, unit: TermUnit) -> None:
    """Resumed at the instant of the suspension a case is due when it was, or at the end of the shift before that."""
    times = CityTimes(calendar)
    due_ms = at_ms + span_ms
    left_ms = times.left(at_ms, due_ms, unit)
    resumed_ms = times.resume(at_ms, left_ms, unit)
    assert times.left(at_ms, resumed_ms, unit) == left_ms
    assert resumed_ms <= due_ms
    if unit is TermUnit.HOUR or (left_ms and is_open(calendar, due_ms - 1)):
        assert resumed_ms == due_ms


@settings(deadline=None)
@given(calendars, instants, terms, st.integers(0, 100), st.integers(0, 20 * DAY_MS))
def test_after_a_pause_as_much_is_left_as_before(
    calendar: WorkingCalendar, start_ms: int, given: Term, percent: int, pause_ms: int
) -> None:
    times = CityTimes(calendar)
    due_ms = times.after(start_ms, given)
    suspended_ms = start_ms + (due_ms - start_ms) * percent // 100
    left_ms = times.left(suspended_ms, due_ms, given.unit)
    resumed_ms = suspended_ms + pause_ms
    due_again_ms = times.resume(resumed_ms, left_ms, given.unit)
    assert times.left(resumed_ms, due_again_ms, given.unit) == left_ms
    assert due_again_ms >= times.resume(suspended_ms, left_ms, given.unit)


@settings(deadline=None)
@given(calendars, instants, stretches, stretches, units)
def test_time_adds_up_over_splits(
    calendar: WorkingCalendar, at_ms: int, one_ms: int, other_ms: int, unit: TermUnit
) -> None:
    times = CityTimes(calendar)
    middle_ms, end_ms = at_ms + one_ms, at_ms + one_ms + other_ms
    assert times.left(at_ms, middle_ms, unit) + times.left(middle_ms, end_ms, unit) == times.left(at_ms, end_ms, unit)
    once = times.resume(at_ms, one_ms + other_ms, unit)
    assert times.resume(times.resume(at_ms, one_ms, unit), other_ms, unit) == once


@settings(deadline=None)
@given(calendars, instants, st.integers(0, 10 * DAY_MS), terms, st.integers(0, HOUR_MS))
def test_later_starts_and_longer_terms_end_no_sooner(
    calendar: WorkingCalendar, at_ms: int, later_ms: int, given: Term, more_ms: int
) -> None:
    times = CityTimes(calendar)
    length_ms = times.length_ms(given)
    due_ms = times.resume(at_ms, length_ms, given.unit)
    assert due_ms - at_ms >= length_ms
    assert times.resume(at_ms + later_ms, length_ms, given.unit) >= due_ms
    assert times.resume(at_ms, length_ms + more_ms, given.unit) >= due_ms + more_ms
    assert times.left(at_ms, at_ms + later_ms, given.unit) <= later_ms


@settings(max_examples=30, deadline=None)
@given(calendars, instants, st.integers(0, 3 * DAY_MS))
def test_time_is_what_counting_minute_by_minute_gives(calendar: WorkingCalendar, at_ms: int, span_ms: int) -> None:
    times = CityTimes(calendar)
    counted_ms = slow_between(calendar, at_ms, at_ms + span_ms)
    assert times.left(at_ms, at_ms + span_ms, TermUnit.WORKING_HOUR) == counted_ms
    assert times.left(at_ms + span_ms, at_ms, TermUnit.WORKING_HOUR) == 0


@settings(deadline=None)
@given(instants, st.integers(1, 30), st.integers(0, 20), st.sampled_from(WORKING))
def test_a_holiday_shifts_a_due_instant_by_exactly_its_working_hours(
    at_ms: int, amount: int, days_ahead: int, unit: TermUnit
) -> None:
    given = Term(unit=unit, amount=amount)
    plain = CityTimes(OFFICE)
    due_ms = plain.after(at_ms, given)
    holiday = date.fromisoformat(told(at_ms)[:10]) + timedelta(days=days_ahead)
    midnight_ms = at(f"{holiday}T00:00")
    lost_ms = plain.left(max(at_ms, midnight_ms), min(due_ms, midnight_ms + DAY_MS), unit)
    shifted = CityTimes(replace(OFFICE, holidays=frozenset({holiday})))
    assert shifted.left(at_ms, due_ms, unit) == plain.left(at_ms, due_ms, unit) - lost_ms
    assert plain.left(due_ms, shifted.after(at_ms, given), unit) >= lost_ms
    if not lost_ms:
        assert shifted.after(at_ms, given) == due_ms


def test_over_the_spring_festival_of_2026_a_day_becomes_eleven_and_the_make_up_saturday_counts() -> None:
    festival = frozenset(date(2026, 2, 15) + timedelta(days=n) for n in range(9))
    saturday = {date(2026, 2, 14): ((510, 720), (840, 1050))}
    times = CityTimes(replace(OFFICE, holidays=festival, opened=saturday))
    assert told(times.after(at("2026-02-13T16:00"), term("1 working_day"))) == "2026-02-14 16:00"
    assert told(times.after(at("2026-02-14T16:00"), term("1 working_day"))) == "2026-02-24 16:00"


def test_a_day_with_hours_of_its_own_wins_over_week_and_holiday() -> None:
    day = date(2026, 11, 23)
    times = CityTimes(replace(OFFICE, holidays=frozenset({day}), opened={day: ((600, 660),)}))
    assert told(times.after(at("2026-11-20T17:30"), term("1 working_hour"))) == "2026-11-23 11:00"
    assert told(times.after(at("2026-11-20T17:30"), term("2 working_hour"))) == "2026-11-24 09:30"


def test_a_night_shift_is_as_long_as_it_really_is_when_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = WorkingCalendar(berlin, parse_week(["daily 22:00-06:00"]))
    times = CityTimes(night)
    for evening, hours in (("2026-03-27", 8), ("2026-03-28", 7), ("2026-10-24", 9)):
        noon = at(f"{evening}T12:00", berlin)
        assert times.left(noon, noon + 23 * HOUR_MS, TermUnit.WORKING_HOUR) == hours * HOUR_MS
    assert night.working_day_ms == 8 * HOUR_MS


def test_a_day_that_a_country_skipped_has_no_working_hours() -> None:
    apia = ZoneInfo("Pacific/Apia")  # there was no 30 December 2011, a Friday
    times = CityTimes(WorkingCalendar(apia))
    assert told(times.after(at("2011-12-29T16:30", apia), term("2 working_hour")), apia) == "2012-01-02 09:30"


def test_clocks_put_back_at_midnight_count_the_hour_twice() -> None:
    havana = ZoneInfo("America/Havana")  # 2026-11-01 01:00 becomes 00:00
    times = CityTimes(WorkingCalendar(havana, parse_week(["Sun 00:00-02:00"])))
    saturday = at("2026-10-31T12:00", havana)
    assert times.left(saturday, saturday + DAY_MS, TermUnit.WORKING_HOUR) == 3 * HOUR_MS


def test_a_term_is_rounded_to_the_millisecond_and_never_nothing() -> None:
    times = CityTimes(OFFICE)
    assert times.length_ms(Term(unit=TermUnit.HOUR, amount=1 / 3)) == 1_200_000
    assert times.length_ms(Term(unit=TermUnit.HOUR, amount=1e-9)) == 1
    assert times.length_ms(term("2 working_day")) == 14 * HOUR_MS


def test_a_working_day_counts_as_most_days_of_the_week_do() -> None:
    short_friday = WorkingCalendar(SHANGHAI, parse_week(["Mon-Thu 08:00-16:00", "Fri 08:00-12:00"]))
    assert short_friday.working_day_ms == 8 * HOUR_MS
    even = WorkingCalendar(SHANGHAI, parse_week(["Mon 08:00-16:00", "Tue 08:00-12:00"]))
    assert even.working_day_ms == 8 * HOUR_MS
    assert replace(even, day_ms=5 * HOUR_MS).working_day_ms == 5 * HOUR_MS


def test_a_calendar_on_which_no_term_ends_is_refused() -> None:
    with pytest.raises(ValueError, match="working hours on one of them"):
        WorkingCalendar(SHANGHAI, ((),) * 7)
    with pytest.raises(ValueError, match="longer than nothing"):
        WorkingCalendar(SHANGHAI, day_ms=0)


def test_a_calendar_says_how_far_its_holidays_are_known() -> None:
    assert OFFICE.known_through is None
    assert replace(OFFICE, holidays=frozenset({date(2026, 5, 1)})).known_through == date(2026, 12, 31)


def test_a_term_of_fifteen_working_days_costs_less_than_50_microseconds() -> None:
    times, start_ms, fifteen = CityTimes(OFFICE), at("2026-11-20T10:00"), term("15 working_day")
    times.after(start_ms, fifteen)
    best_s = min(timeit.repeat(lambda: times.after(start_ms, fifteen), number=200, repeat=5)) / 200
    assert best_s < 50e-6
