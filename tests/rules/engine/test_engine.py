"""What one engine does with reports and ticks: sums, identity, quality, silence, health."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

import rules.engine.device_state
import rules.engine.engine
from domain.devices import DeviceState
from domain.events import event_id
from rules.engine.plans import RuleSet
from tests.rules.engines import (
    LAMP_OUT,
    T0_MS,
    at,
    engine_of,
    history,
    lamp,
    minutes,
    published,
    report,
    rule_set,
    tick,
)

SILENT = "{rule: silent, kind: streetlight, no_data: 20m}"


def sums(engine: object) -> tuple[int, int, int, int]:
    return tuple(getattr(engine, name) for name in ("judged", "duplicate", "too_late", "no_rule"))


def test_an_event_carries_what_a_department_needs() -> None:
    device = lamp(component_code="3205820118000001", lon=120.55, lat=31.87)
    engine = engine_of(LAMP_OUT, devices=[device])
    for minute, power in enumerate([96.0, 2.0, 2.0, 2.0, 96.0, 96.0]):
        engine.report(report(minute, power))
    opened, cleared = (raised.event for raised in engine.raised)
    assert opened.event_id == event_id("lamp-out", "L1", at(3)) == cleared.event_id
    assert (opened.revision, cleared.revision) == (1, 2)
    assert (opened.component_code, opened.department, opened.area) == ("3205820118000001", "lighting", "320582/110")
    assert (opened.lon, opened.lat, opened.problem, opened.severity.value) == (120.55, 31.87, "lamp-out", "major")
    assert [(e.quantity, e.value, minutes(e.observed_at_ms)) for e in opened.evidence] == [
        ("dimming_level", 80.0, 1), ("active_power", 2.0, 1), ("dimming_level", 80.0, 3), ("active_power", 2.0, 3),
    ]  # fmt: skip
    assert opened.summary.en == "Lamp out: Dimming level 80 %, Active power 2 W"
    assert opened.summary.zh == "路灯不亮：调光值 80 %，有功功率 2 W"
    assert (minutes(cleared.since_ms), minutes(cleared.opened_at_ms), minutes(cleared.cleared_at_ms)) == (1, 3, 5)


def test_each_report_is_counted_once() -> None:
    engine = engine_of(LAMP_OUT)
    tick(engine, 0)
    engine.report(report(1))
    engine.report(report(1))
    engine.report(report(0.5))
    engine.report(report(1, device_id="stranger"))
    tick(engine, 10)
    engine.report(report(4.9))
    engine.report(report(5))
    assert sums(engine) == (3, 1, 1, 1)


def test_a_reading_exactly_at_the_edge_of_lateness_is_judged_and_an_older_one_is_not() -> None:
    engine = engine_of(LAMP_OUT)
    tick(engine, 10)
    engine.report(report(5))
    engine.report({**report(5), "observed_at_ms": at(5) - 1})
    assert sums(engine) == (1, 0, 1, 0)


def test_other_quantities_of_an_instant_are_merged_and_judged_together() -> None:
    engine = engine_of(LAMP_OUT)
    for minute in range(3):
        engine.report(report(minute, power=None))
        engine.report({**report(minute), "readings": {"active_power": 2.0}})
    assert published(engine) == [("opened", 2, None)]
    assert sums(engine) == (6, 0, 0, 0)


def test_the_first_value_reported_for_an_instant_wins() -> None:
    engine = engine_of(LAMP_OUT)
    for minute in range(3):
        engine.report(report(minute, power=2.0))
        engine.report(report(minute, power=96.0))
    assert published(engine) == [("opened", 2, None)]
    assert sums(engine) == (3, 3, 0, 0)


@pytest.mark.parametrize(("quality", "events"), [("good", []), ("suspect", [("opened", 2, None)])])
def test_a_bad_reading_is_no_evidence_and_a_suspect_one_only_if_the_rule_accepts_it(quality: str, events: Any) -> None:
    engine = engine_of(LAMP_OUT + f"quality: {quality}\n")
    engine.report(report(0, 2.0))
    engine.report(report(1, 96.0, quality={"active_power": "bad"}))
    engine.report(report(2, 2.0, quality={"active_power": "suspect"}))
    assert published(engine) == events
    engine.report(report(3, 96.0, quality={"active_power": "suspect"}))
    engine.report(report(4, 96.0, quality={"active_power": "suspect"}))
    assert len(published(engine)) == (2 if events else 0)


def test_a_bad_reading_clears_nothing() -> None:
    engine = engine_of(LAMP_OUT)
    engine.report(report(0, 2.0))
    engine.report(report(2, 2.0))
    assert published(engine) == [("opened", 2, None)]
    engine.report(report(3, 96.0, quality={"active_power": "bad"}))
    engine.report(report(4, 96.0, quality={"active_power": "bad"}))
    assert published(engine) == [("opened", 2, None)]


def test_a_value_first_reported_as_bad_cannot_be_reported_again() -> None:
    engine = engine_of(LAMP_OUT)
    engine.report(report(0, 2.0, quality={"active_power": "bad"}))
    engine.report(report(0, 2.0))
    assert sums(engine) == (1, 1, 0, 0)


def test_a_device_without_a_clock_is_known_by_message_and_readings_for_an_hour() -> None:
    engine = engine_of(LAMP_OUT)

    def from_gateway(minute: float, message: str | None, power: float = 96.0) -> None:
        more: dict[str, Any] = {} if message is None else {"message_id": message}
        engine.report(report(minute, power, time_source="gateway", received_at_ms=at(minute), **more))

    from_gateway(0, "7")
    from_gateway(1, "7")
    assert sums(engine) == (1, 1, 0, 0)
    from_gateway(2, "7", power=95.0)
    from_gateway(3, "8")
    assert sums(engine) == (3, 1, 0, 0)
    from_gateway(60, "7")
    from_gateway(61, "7")
    assert sums(engine) == (4, 2, 0, 0), "received at 0 is forgotten after 60 minutes, received at 61 is new"
    from_gateway(62, None)
    from_gateway(63, None)
    assert sums(engine) == (6, 2, 0, 0), "without a message id nothing is taken for another"


def test_silence_opens_by_the_clock_and_clears_at_the_next_report() -> None:
    engine = engine_of(SILENT)
    tick(engine, 0)
    engine.report(report(1))
    tick(engine, 20.9)
    assert published(engine) == []
    tick(engine, 21)
    assert published(engine) == [("opened", 21, None)]
    tick(engine, 40)
    engine.report(report(41))
    assert published(engine) == [("opened", 21, None), ("cleared", 21, 41)]
    assert engine.raised[0].event.summary.en.startswith("silent: nothing heard for 20m since 20")


def test_a_report_observed_exactly_when_silence_would_open_keeps_it_quiet() -> None:
    engine = engine_of(SILENT)
    tick(engine, 0)
    engine.report(report(0))
    engine.report(report(20))
    tick(engine, 39.9)
    engine.report(report(40, quality={"active_power": "bad"}))
    engine.report(report(60.1, quality={"active_power": "bad"}))
    assert published(engine) == [("opened", 60, None), ("cleared", 60, 60.1)]


def test_a_report_that_arrives_late_takes_the_silence_back() -> None:
    engine = engine_of(SILENT)
    tick(engine, 0)
    engine.report(report(0))
    tick(engine, 21)
    engine.report(report(18))
    assert published(engine) == [("opened", 20, None), ("withdrawn", 20, None)]
    tick(engine, 38)
    assert published(engine)[2:] == [("opened", 38, None)]


def test_a_device_that_never_reported_counts_from_its_activation_but_not_from_before_the_first_tick() -> None:
    engine = engine_of(SILENT, devices=[lamp("OLD"), lamp("NEW", activated_at_ms=at(5))])
    tick(engine, 2)
    tick(engine, 30)
    assert [(raised.event.subject, minutes(raised.event.opened_at_ms)) for raised in engine.raised] == [
        ("OLD", 22),
        ("NEW", 25),
    ]


def test_a_stale_mark_comes_with_the_clock_and_goes_with_the_next_reading() -> None:
    engine = engine_of(LAMP_OUT)
    for minute in range(3):
        engine.report(report(minute, 2.0))
    tick(engine, 5)
    assert [raised.event.stale for raised in engine.raised] == [False]
    tick(engine, 5.01)
    engine.report(report(6, 2.0))
    assert [(raised.transition.value, raised.event.stale) for raised in engine.raised] == [
        ("opened", False), ("amended", True), ("amended", False),
    ]  # fmt: skip


def test_silences_due_at_one_tick_are_raised_in_order_of_time_then_device() -> None:
    engine = engine_of(SILENT, devices=[lamp(name) for name in ("B", "A", "C")])
    tick(engine, 0)
    for name, minute in (("C", 1), ("B", 2), ("A", 2)):
        engine.report(report(minute, device_id=name))
    tick(engine, 60)
    assert [raised.event.subject for raised in engine.raised] == ["C", "A", "B"]


def test_a_failing_condition_makes_its_rule_unhealthy_and_stops_no_other() -> None:
    broken = "{rule: broken, kind: streetlight, when: reading.active_power < device.limit}"
    rules = rule_set(LAMP_OUT, broken)
    engine = engine_of(rules=rules, devices=[lamp(attributes={"limit": "high"})])
    for minute in range(3):
        engine.report(report(minute, 2.0))
    assert published(engine) == [("opened", 2, None)]
    health = {health.rule: health for health in engine.vitals.of(rules)}
    assert health["lamp-out"].healthy
    assert health["lamp-out"].judged == 3
    assert (health["broken"].healthy, health["broken"].errors) == (False, 3)
    assert "device L1" in (health["broken"].error or "")


def test_a_failing_where_makes_its_rule_unhealthy() -> None:
    rules = rule_set("{rule: broken, kind: streetlight, where: device.limit > 1, when: 'true'}")
    engine_of(rules=rules, devices=[lamp(attributes={"limit": "high"})]).report(report(0))
    (health,) = engine_of(rules=rules).vitals.of(rules)
    assert "where, device L1" in (health.error or "")


def test_devices_that_are_not_active_are_not_judged() -> None:
    engine = engine_of(LAMP_OUT, devices=[lamp(state=DeviceState.SUSPENDED)])
    engine.report(report(0, 2.0))
    assert sums(engine) == (0, 0, 0, 1)


def test_a_log_without_ticks_keeps_a_bounded_window(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (rules.engine.engine, rules.engine.device_state):
        monkeypatch.setattr(module, "MAX_ENTRIES", 5)
    engine = engine_of(LAMP_OUT)
    for minute in range(20):
        engine.report(report(minute, 2.0))
    assert len(engine.device_states["L1"].entries) == 5
    assert published(engine) == [("opened", 2, None)]


def test_empty_rules_judge_nothing() -> None:
    engine = engine_of(rules=RuleSet())
    engine.report(report(0))
    tick(engine, 1)
    assert sums(engine) == (0, 0, 0, 1)
    assert history([engine]) == []


def test_the_event_id_is_the_designs() -> None:
    engine = engine_of("{rule: low, kind: streetlight, when: reading.active_power < 5}")
    engine.report(report(0, 1.0))
    (raised,) = engine.raised
    assert raised.event.event_id == event_id("low", "L1", T0_MS)
    assert isinstance(raised.event.event_id, UUID)


def test_health_counts_how_many_devices_lack_an_attribute_that_a_rule_reads() -> None:
    document = "{rule: weak, kind: streetlight, when: reading.active_power < device.nominal_power}"
    lamps = [lamp("L1"), lamp("L2", attributes={"nominal_power": 90}), lamp("L3")]
    engine = engine_of(document, devices=lamps)
    for device in lamps:
        engine.report(report(0, 50.0, device_id=device.device_id))
    assert engine.vitals.of(engine.rules)[0].lacking == {"nominal_power": 2}
    assert [raised.event.subject for raised in engine.raised] == ["L2"]

    lamps[0] = replace(lamps[0], attributes={"nominal_power": 90})
    engine._find_device = {device.device_id: device for device in lamps}.get
    engine.refresh(lamps)
    assert engine.vitals.of(engine.rules)[0].lacking == {"nominal_power": 1}
    engine.set_rules(rule_set(LAMP_OUT))
    assert engine.vitals.of(engine.rules)[0].lacking == {}


def test_a_flood_of_a_device_with_an_open_event_compares_nothing_that_did_not_happen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each comparison looks at every report that is not settled: at a hundred a second that is the square of them."""
    engine = engine_of(LAMP_OUT, SILENT)
    for minute in range(4):
        engine.report(report(minute, 2.0))
    assert len(engine.raised) == 1
    compared: list[object] = []
    monkeypatch.setattr(engine._reconciler, "reconcile", lambda *state: compared.append(state))
    for n in range(500):
        engine.report(report(3 + (n + 1) / 6000, 2.0))
    assert compared == []
