"""Rules practised on messages in this process: the events, when they were told, and what a gateway refuses."""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from domain.events import Status
from domain.identities import DEV_EUI, MN, SPARKPLUG_PATH
from domain.rejections import Reason
from domain.telemetry import Telemetry
from ingest.dialects.messages import MqttMessage
from rules.backtest.replay import Replay
from rules.language.rule import Mode
from rules.schedule.calendars import Calendars
from tests.urbansense.evaluation.scoring.practice.streets import (
    DARK,
    SHADOW,
    SILENT,
    at,
    lamp_message,
    night,
    rules,
    street,
)
from urbansense.evaluation.scoring.practice import Practice, live_rules, practise
from urbansense.evaluation.scoring.practice.intake import Intake
from urbansense.evaluation.scoring.practice.registry import PractiseRegistry

ZONE = ZoneInfo("Asia/Shanghai")


def intake() -> Intake:
    registry = PractiseRegistry(street())
    return Intake(registry, registry.kinds, ZONE)


def practised(messages: Iterable[MqttMessage], *texts: str, until: float = 60) -> Practice:
    registry = PractiseRegistry(street())
    telemetry = Intake(registry, registry.kinds, ZONE).telemetry(messages)
    return practise(telemetry, registry.by_id, rules(*texts), Calendars(), at(until))


def test_a_dark_lamp_is_told_by_the_reading_that_completes_it() -> None:
    practice = practised(night(), DARK)
    (told,) = practice.scored
    assert (told.event.rule, told.event.subject, told.event.status) == ("lamp-dark", "SL-1", Status.CLEARED)
    assert (told.event.since_ms, told.event.opened_at_ms, told.event.cleared_at_ms) == (at(10), at(13), at(31))
    assert told.published_ms == at(13)
    assert (practice.reports, practice.judged, practice.too_late) == (120, 120, 0)
    assert practice.errors == {}


def test_what_arrives_late_is_told_late() -> None:
    """The gateway held the lamp's messages of minutes 10 to 20 back until the twenty-second."""
    messages = sorted(
        (
            message._replace(received_at_ms=at(22))
            if "SL-1" in message.topic and at(10) <= message.received_at_ms <= at(20)
            else message
            for message in night()
        ),
        key=lambda message: message.received_at_ms,
    )
    (told,) = practised(messages, DARK.replace("severity", "lateness: 30m\nseverity")).scored
    assert told.event.opened_at_ms == at(13)
    assert told.published_ms == at(22)


def test_what_is_later_than_the_lateness_is_counted_and_not_judged() -> None:
    messages = [*night(), lamp_message("SL-1", 40, 78.0, arrives=60), lamp_message("SL-1", 40.5, 78.0, arrives=60)]
    practice = practised(messages, DARK, until=61)
    assert practice.too_late == 2
    assert practice.reports == practice.judged + practice.too_late


def test_the_clock_runs_on_to_the_end_so_that_silence_speaks() -> None:
    messages = [message for message in night() if "SL-2" not in message.topic or message.received_at_ms < at(20)]
    silent = [told for told in practised(messages, DARK, SILENT).scored if told.event.rule == "lamp-silent"]
    assert [(told.event.subject, told.event.opened_at_ms) for told in silent] == [("SL-2", at(49.5))]
    assert silent[0].published_ms == at(50), "the first tick of a report after it"


def test_the_end_comes_before_silence_that_lasts_too_short() -> None:
    heard = list(night(20))
    assert practised(heard, SILENT, until=48.9).scored == ()
    assert len(practised(heard, SILENT, until=60).scored) == 2


def test_the_same_messages_give_the_same_events_and_a_copy_changes_nothing() -> None:
    once = practised(night(), DARK, SILENT).scored
    twice = practised([copy for message in night() for copy in (message, message)], DARK, SILENT).scored
    assert once == practised(night(), DARK, SILENT).scored == twice


def test_ticks_of_a_second_judge_as_ticks_at_every_report_do() -> None:
    telemetry: list[Telemetry] = list(intake().telemetry(night()))
    devices = {device.device_id: device for device in street()}
    replay = Replay(rules(DARK, SILENT), devices, Calendars())
    replay.take_in(telemetry)
    replay.tick(at(60))
    practice = practise(telemetry, devices, rules(DARK, SILENT), Calendars(), at(60))
    assert set(practice.events) == set(replay.events.values())


def test_rules_in_shadow_or_off_say_nothing_unless_they_are_asked() -> None:
    live, shadow = rules(DARK, SHADOW)
    off = replace(live, name="lamp-off", mode=Mode.OFF)
    assert [rule.name for rule in live_rules([live, shadow, off], with_shadow=False)] == ["lamp-dark"]
    tried = live_rules([live, shadow, off], with_shadow=True)
    assert [(rule.name, rule.mode) for rule in tried] == [("lamp-dark", Mode.LIVE), ("lamp-shadow", Mode.LIVE)]


def test_a_rule_that_fails_is_named_with_its_error() -> None:
    broken = "{rule: lamp-broken, kind: streetlight, when: reading.active_power < device.feeder}"
    practice = practised(night(), broken, DARK)
    assert set(practice.errors) == {"lamp-broken"}
    assert [told.event.rule for told in practice.scored] == ["lamp-dark"]


def test_a_gateway_would_refuse_what_is_refused_here() -> None:
    good = next(night(1))
    taken = intake()
    telemetry = list(
        taken.telemetry(
            [
                good,
                good._replace(payload=good.payload[:20]),
                good._replace(topic=good.topic.replace("SL-1", "SL-9")),
                good._replace(topic=good.topic.replace("streetlight", "cabinet")),
                good._replace(received_at_ms=at(0) - 5 * 60_000 - 1),
                good._replace(payload=good.payload.replace(b"active_power", b"mood").replace(b"dimming_level", b"hue")),
            ]
        )
    )
    assert [report["device_id"] for report in telemetry] == ["SL-1"]
    assert telemetry[0]["received_at_ms"] == at(0)
    assert taken.rejected == {
        Reason.UNPARSEABLE: 1,
        Reason.UNKNOWN_DEVICE: 1,
        Reason.WRONG_KIND: 1,
        Reason.BAD_TIME: 1,
        Reason.UNKNOWN_QUANTITY: 1,
    }
    assert (taken.messages, taken.accepted) == (6, 1)


def test_what_a_gateway_takes_in_part_is_judged_in_part() -> None:
    good = next(night(1))
    taken = intake()
    (report,) = taken.telemetry([good._replace(payload=good.payload.replace(b"dimming_level", b"hue"))])
    assert set(report["readings"]) == {"active_power"}
    assert taken.rejected == {}


def test_it_tells_how_far_it_is() -> None:
    heard: list[tuple[int, int]] = []
    devices = {device.device_id: device for device in street()}
    practise(
        intake().telemetry(night(2_000)),
        devices,
        rules(DARK),
        Calendars(),
        at(2_000),
        lambda *so_far: heard.append(so_far),
    )
    assert [reports for _, reports in heard] == [2_000, 4_000]
    assert [at_ms for at_ms, _ in heard] == [at(999.5), at(1_999.5)]


def test_the_registry_knows_devices_by_every_name_and_what_they_count_for() -> None:
    lamp = replace(street()[0], mn="M1", sparkplug="g/e/d", grid="320582110152102")
    registry = PractiseRegistry([lamp, *street()[1:]])
    assert registry.device("SL-1") is registry.find(DEV_EUI.of("24e1240000000001")) is lamp
    assert registry.find(MN.of("M1")) is registry.find(SPARKPLUG_PATH.of("g/e/d")) is lamp
    assert registry.device("SL-7") is registry.find(DEV_EUI.of("00")) is None
    assert registry.profile("streetlight") is not None
    assert registry.counts_for("SL-1") == {"DB-1", "320582", "320582/110", "320582110152102", "100.0", "F1"}
    assert registry.counts_for("nobody") == frozenset()
