"""Why there is an event: run, numbers, readings and changes, from the engine itself."""

from zoneinfo import ZoneInfo

from domain.events import Event, Status
from domain.telemetry import Telemetry
from rules.definitions.silences import Matches, Silence
from rules.explaining import Explanation, explain
from rules.explaining.explanation import Background
from rules.explaining.phrases import WallClock
from rules.explaining.trace import trace_rule
from rules.language.document.reading import parse_rules
from rules.schedule.calendars import Calendars
from tests.rules.engines import LAMP_OUT, at, lamp, report

CLOCK = WallClock(ZoneInfo("Asia/Shanghai"))
SILENCE = Silence(
    id="works",
    author="ops",
    reason="cable works",
    starts_at_ms=at(0),
    ends_at_ms=at(60),
    matches=Matches(rule="lamp-out"),
)


def explained(
    reports: list[Telemetry],
    document: str = LAMP_OUT,
    until: float = 30,
    background: Background | None = None,
    **marks: object,
) -> Explanation:
    """The explanation of the last event that the rule raises from these reports."""
    (rule,) = parse_rules(document)
    trace = trace_rule(rule, lamp(), Calendars(), reports, at(-10), at(until))
    published: Event = trace.raised[-1].event.model_copy(update=marks)
    return explain(published, rule, trace, background or Background(), CLOCK)


def whats(explanation: Explanation) -> list[str]:
    return [change.what.en for change in explanation.changes]


def power(*values: float, start: float = 1) -> list[Telemetry]:
    return [report(start + i, value, message_id=str(i)) for i, value in enumerate(values)]


def test_an_event_is_explained_by_its_run_and_the_reading_that_proved_it() -> None:
    found = explained(power(96.0, 2.0, 2.0, 2.0, 2.0, 96.0, 96.0))
    (because,) = found.because
    assert because.en == (
        "The condition held without a break from the reading at 2026-05-29 04:28:40 on, and the rule asks for 2m: the "
        "event opened exactly then, at 2026-05-29 04:30:40. Reading 3 of the run, 2026-05-29 04:30:40, message 3, "
        "proved it."
    )
    assert [(part.filled, part.holds) for part in found.parts] == [("80 > 0", True), ("2 < 5", True)]
    assert [(one.name, one.worded) for one in found.inputs] == [
        ("reading.dimming_level", "80 %"),
        ("reading.active_power", "2 W"),
    ]
    assert [(line.message_id, line.holds) for line in found.readings] == [
        ("1", True), ("2", True), ("3", True), ("4", True), ("5", False), ("6", False),
    ]  # fmt: skip
    assert whats(found) == [
        "the condition holds: a run begins, to open after 2m",
        "the event opens",
        "the clear condition holds; the event clears after 1m",
        "the event clears",
    ]


def test_late_data_that_move_an_event_are_explained() -> None:
    late = report(2, 2.0, received_at_ms=at(5.5), message_id="late")
    found = explained([report(1, 96.0), report(3, 2.0), report(4, 2.0), report(5, 2.0), late, report(6, 2.0)])
    assert found.event.opened_at_ms == at(4)
    assert "what followed was judged again" in " ".join(whats(found))
    assert any("it replaces event" in note.en for note in found.notes)


def test_an_event_that_late_data_took_back_is_explained_as_such() -> None:
    late = report(4, 96.0, received_at_ms=at(6.5))
    found = explained([report(1, 96.0), report(3, 2.0), report(5, 2.0), late])
    assert found.event.status is Status.WITHDRAWN
    assert [note.en for note in found.notes] == ["It was withdrawn: late data showed that it should never have opened."]


def test_what_came_too_late_or_twice_is_among_the_changes() -> None:
    reports = [
        *power(2.0, 2.0, 2.0, 2.0),
        report(2, 2.0, received_at_ms=at(4.5)),
        report(2.5, 96.0, received_at_ms=at(20)),
    ]
    published = " ".join(whats(explained(reports)))
    assert "the same report again; it changed nothing" in published
    assert "a report came 17m 30s late and was not judged: the rule waits 5m" in published


def test_stale_and_escalated_are_found_by_the_clock() -> None:
    found = explained(power(2.0, 2.0, 2.0), LAMP_OUT + "escalate: [{after: 10m, severity: critical}]")
    assert "the event goes stale: nothing heard for more than 3m" in whats(found)
    assert "severity rises to critical" in whats(found)
    assert any(note.en.startswith("It is stale") for note in found.notes)


def test_signals_are_explained_by_what_they_take() -> None:
    document = (
        "{rule: r, kind: streetlight, signals: {power: {of: active_power, over: 2m, take: mean}}, when: power < 50}"
    )
    found = explained(power(96.0, 2.0, 3.0), document)
    assert [(one.name, one.worded, one.origin.en) for one in found.inputs] == [
        ("power", "49 W", "signal mean(active_power, 2m)")
    ]
    assert "the rule asks for no time to pass" in found.because[0].en


def test_repeat_and_silence_have_words_of_their_own() -> None:
    repeat = "{rule: r, kind: streetlight, when: reading.active_power < 5, repeat: {times: 2, within: 10m}}"
    assert "The condition held at 2 readings within 10m" in explained(power(2.0, 96.0, 2.0), repeat).because[0].en
    silent = "{rule: r, kind: streetlight, no_data: 5m}"
    assert "The rule allows 5m of silence" in explained(power(96.0), silent).because[0].en


def test_what_others_made_of_it_is_noted() -> None:
    found = explained(
        power(2.0, 2.0, 2.0), background=Background(SILENCE), silenced_by="works", absorbed_by="feeder-fault",
        unstable=True, historical=True, opened_at_ms=at(9),
    )  # fmt: skip
    notes = " ".join(note.en for note in found.notes)
    for words in (
        "part of a larger event: feeder-fault",
        "unstable",
        "silence works (by ops: cable works)",
        "historical",
    ):
        assert words in notes
    assert all(note.zh for note in found.notes)


def test_an_event_that_the_stored_readings_no_longer_give_is_marked() -> None:
    (rule,) = parse_rules(LAMP_OUT)
    published = trace_rule(rule, lamp(), Calendars(), power(2.0, 2.0, 2.0), at(0), at(5)).raised[-1].event
    trace = trace_rule(rule, lamp(), Calendars(), power(96.0), at(0), at(5))
    notes = explain(published, rule, trace, Background(), CLOCK).notes
    assert "the stored readings do not give this event" in notes[-1].en
    assert "no longer known" in explain(published, rule, None, Background(), CLOCK).notes[-1].en
