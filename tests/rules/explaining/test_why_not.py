"""Why there is no event: every answer there is, with the numbers that prove it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.devices import Device, DeviceState
from domain.events import Event, Severity, Status, Text, event_id
from domain.telemetry import Telemetry
from rules.definitions.silences import Matches, Silence
from rules.explaining import WhyNot, why_not
from rules.explaining.absence.answers import Code, Situation
from rules.explaining.phrases import WallClock
from rules.language.document.reading import parse_rules
from rules.schedule.calendars import Calendars
from tests.rules.engines import LAMP_OUT, at, lamp, report

CLOCK = WallClock(ZoneInfo("Asia/Shanghai"))
LIT = lamp(attributes={"nominal_power": 100.0}, lon=120.55, lat=31.87)


def ask(
    reports: Sequence[Telemetry] = (),
    minutes: float = 10,
    document: str = LAMP_OUT,
    device: Device | None = LIT,
    **more: Any,
) -> WhyNot:
    (rule,) = parse_rules(document)
    return why_not(Situation(rule, "L1", device, at(minutes), reports, at(-60), Calendars(), **more), CLOCK)


def first(answer: WhyNot) -> tuple[Code, str]:
    return answer.reasons[0].code, answer.reasons[0].text.en


def event(rule: str = "lamp-out", subject: str = "L1", opened: float = 5, **more: Any) -> Event:
    made: dict[str, Any] = {
        "event_id": event_id(rule, subject, at(opened)), "revision": 1, "rule": rule, "rule_version": 1, "subject": subject,
        "kind": "streetlight", "problem": rule, "severity": Severity.MAJOR, "status": Status.OPEN, "since_ms": at(opened),
        "opened_at_ms": at(opened), "summary": Text(en="", zh=""),
    }  # fmt: skip
    return Event(**{**made, **more})


@pytest.mark.parametrize(
    ("asked", "code", "words"),
    [
        ({"device": None}, Code.UNKNOWN_DEVICE, "No device L1 is registered"),
        ({"device": replace(LIT, kind="cabinet")}, Code.OTHER_KIND, "L1 is a cabinet, and the rule is about streetlight"),
        ({"device": replace(LIT, state=DeviceState.SUSPENDED)}, Code.NOT_ACTIVE_DEVICE, "L1 is suspended"),
        ({"document": LAMP_OUT + "mode: off"}, Code.RULE_OFF, "The rule is off"),
        ({"document": LAMP_OUT + "where: device.nominal_power > 150"}, Code.WHERE, "here: 100 > 150"),
        ({"document": LAMP_OUT + "where: device.poles > 1"}, Code.WHERE, "here: device.poles? > 1"),
        ({"document": "{rule: g, group: {of: a, by: parent, at_least: 3, within: 1m}}"}, Code.GROUP, "groups of a"),
        ({}, Code.NO_READINGS, "Nothing was ever heard"),
        ({"last_report_ms": at(0)}, Code.NO_READINGS, "10m before: silence is not evidence"),
        ({"reports": [report(9, 96.0)]}, Code.FALSE, "reading.active_power < 5 is 96 < 5"),
        ({"reports": [report(9, None)]}, Code.NO_EVIDENCE, "active_power is not in the report"),
        ({"reports": [report(9, 2.0, quality={"active_power": "bad"})]}, Code.NO_EVIDENCE, "power is marked bad (2)"),
        ({"reports": [report(9, 2.0, quality={"active_power": "suspect"})]}, Code.NO_EVIDENCE, "power is suspect"),
        ({"reports": [report(8, 2.0), report(9, 2.0)]}, Code.PENDING, "only for 1m of 2m"),
        (
            {"minutes": 7, "reports": [report(1, 2.0), report(5, 2.0)]},
            Code.PENDING,
            "only for 0s of 2m",
        ),
        (
            {"reports": [report(1, 2.0, received_at_ms=at(9.5)), report(2, 2.0, received_at_ms=at(9.6))]},
            Code.TOO_LATE,
            "2 reports came, all later than the 5m the rule waits (up to 8m 30s late)",
        ),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_named_first(asked: dict[str, Any], code: Code, words: str) -> None:
    answer = ask(**asked)
    assert first(answer)[0] is code
    assert words in first(answer)[1]
    assert answer.reasons[0].text.zh


def test_what_holds_but_was_not_reported_for_longer_than_the_gap_is_no_evidence_any_more() -> None:
    answer = ask([report(4, 2.0), report(5, 2.0)], 10)
    assert [reason.code for reason in answer.reasons] == [Code.NO_READINGS, Code.PENDING]


def test_a_run_that_a_gap_broke_is_explained_with_the_gap() -> None:
    answer = ask([report(1, 2.0), report(2, 2.0), report(7, 2.0)], 7.5)
    assert [change.what.en for change in answer.changes] == [
        "the condition holds: a run begins, to open after 2m",
        "the run is broken: 5m of silence, more than the gap of 3m",
        "the condition holds: a run begins, to open after 2m",
    ]


def test_an_attribute_or_a_place_that_is_missing_is_named() -> None:
    document = LAMP_OUT.replace("reading.active_power < 5", "reading.active_power < device.limit && sun.elevation < 0")
    answer = ask([report(9, 2.0)], document=document, device=lamp())
    assert "the device has no attribute limit; the place of the device is not known" in first(answer)[1]


def test_a_window_with_too_little_in_it_is_named() -> None:
    document = "{rule: r, kind: streetlight, signals: {rise: {of: voltage, over: 5m, take: rate}}, when: rise > 1}"
    answer = ask([report(9, voltage=1)], document=document)
    assert "rate(voltage, 5m) has too few readings of voltage in its window of 5m" in first(answer)[1]


def test_outside_its_active_time_the_stretch_is_named() -> None:
    answer = ask([report(9, 2.0)], document=LAMP_OUT + "active: {hours: 'daily 00:00-01:00'}")
    assert first(answer)[0] is Code.NOT_ACTIVE
    assert "not from 2026-05-29 01:00:00 to 2026-05-30 00:00:00" in first(answer)[1]


def test_true_readings_that_are_not_enough_are_counted() -> None:
    document = "{rule: r, kind: streetlight, when: reading.active_power < 5, repeat: {times: 3, within: 10m}}"
    answer = ask([report(2, 2.0), report(5, 96.0), report(9, 2.0)], document=document)
    assert first(answer) == (Code.COUNTING, "The condition held at 2 readings within 10m; 3 are needed.")


def test_silence_that_is_not_long_enough_is_measured() -> None:
    document = "{rule: r, kind: streetlight, no_data: 30m}"
    assert first(ask([report(4, 96.0)], document=document)) == (
        Code.NOT_SILENT,
        "It was last heard at 2026-05-29 04:30:40, 6m before; the rule waits for 30m of silence.",
    )


DEAD = [report(minute, 2.0) for minute in range(1, 10)]


def test_an_event_under_a_suppressor_names_it() -> None:
    over = event("cabinet-dead", "C1", 0)
    code, words = first(ask(DEAD, suppressors=[over]))
    assert code is Code.SUPPRESSED
    assert f"cabinet-dead on C1, open since 2026-05-29 04:26:40, suppresses it (event {over.event_id})" in words


@pytest.mark.parametrize(
    ("published", "code", "words"),
    [
        (event(opened=3), Code.OPEN, "There is one: open since"),
        (event(opened=3, absorbed_by="feeder-fault"), Code.ABSORBED, "told as part of feeder-fault"),
        (event(opened=3, silenced_by="works"), Code.SILENCED, "silence works (ops: cable works) keeps it quiet"),
        (event(opened=1, unstable=True, status=Status.CLEARED, cleared_at_ms=at(2)), Code.UNSTABLE, "unstable"),
        (
            event(opened=3, status=Status.WITHDRAWN, absorbed_by="feeder-fault"), Code.ABSORBED,
            "withdrawn as part of feeder-fault",
        ),
    ],
)  # fmt: skip
def test_an_event_that_is_there_or_part_of_another_is_named(published: Event, code: Code, words: str) -> None:
    silence = Silence(
        id="works",
        author="ops",
        reason="cable works",
        starts_at_ms=at(0),
        ends_at_ms=at(60),
        matches=Matches(rule="lamp-out"),
    )
    answer = ask(DEAD, published=[published], silences=[silence])
    assert first(answer)[0] is code
    assert words in first(answer)[1]


def test_what_is_found_but_not_on_record_is_named() -> None:
    assert first(ask(DEAD))[0] is Code.NOT_YET


def test_shadow_and_a_later_version_are_remarked_and_the_search_goes_on() -> None:
    answer = ask([report(9, 96.0)], document=LAMP_OUT + "mode: shadow", in_force_since_ms=at(60))
    assert [reason.code for reason in answer.reasons] == [Code.NOT_IN_FORCE_YET, Code.SHADOW, Code.FALSE]


def test_a_condition_that_fails_is_reported_with_its_error() -> None:
    document = LAMP_OUT.replace("reading.active_power < 5", "reading.active_power < device.limit")
    answer = ask([report(9, 2.0)], document=document, device=lamp(attributes={"limit": "much"}))
    assert first(answer)[0] is Code.ERROR
    assert "The rule failed" in first(answer)[1]
