"""Open events told by the log and by a store that may lag behind it."""

from domain.events import Event, Severity
from domain.time.units import MINUTE_MS
from tests.web.city import NOON_MS, cleared, lamp, lamp_out
from web.live.open_events import OpenEvents, worst_first


def closing_pair() -> tuple[Event, Event]:
    event = lamp_out(lamp(1), NOON_MS)
    return event, cleared(event, NOON_MS + 1)


def test_a_store_that_lags_does_not_open_a_cleared_event_again() -> None:
    event, ended = closing_pair()
    events = OpenEvents()
    events.take(event)
    events.take(ended)
    events.resync([event])
    assert events.all() == ()


def test_a_store_that_lags_does_not_take_away_an_event_just_opened() -> None:
    event, _ = closing_pair()
    events = OpenEvents()
    events.take(event)
    events.resync([])
    assert events.all() == (event,)
    events.resync([])
    assert events.all() == ()
    events.resync([event])
    assert events.all() == (event,)


def test_a_change_that_comes_late_changes_nothing() -> None:
    event, ended = closing_pair()
    events = OpenEvents()
    events.take(ended)
    events.take(event)
    assert events.all() == ()


def test_the_worst_come_first_and_of_these_the_newest() -> None:
    old_minor, minor, critical = (
        lamp_out(lamp(i), NOON_MS + at * MINUTE_MS, severity)
        for i, (at, severity) in enumerate([(0, Severity.MINOR), (1, Severity.MINOR), (-5, Severity.CRITICAL)])
    )
    assert worst_first([old_minor, minor, critical]) == (critical, minor, old_minor)
