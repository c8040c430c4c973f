"""The rules of the library as operators get them: named, sourced, translated, and quiet where nothing is wrong."""

import re
from pathlib import Path

import pytest

from domain.events import Event
from domain.telemetry import Telemetry
from domain.time.durations import parse_instant_ms
from domain.time.units import DAY_MS
from rules.engine.engine import Engine
from rules.engine.plans import RuleSet
from rules.language.document.reading import load_documents, load_rules
from rules.language.document.references import Target
from rules.language.rule import Mode, Rule
from simulators.city import City, build_city
from simulators.dialects.reports import Report
from simulators.faults import FaultPlan
from simulators.publish.report_stream import ReportStream

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "rules/library").glob("*.yaml"))
RULES = [rule for path in FILES for rule in load_rules(path)]
MIDSUMMER, MIDWINTER = "2026-06-21T12:00:00+08:00", "2026-12-21T12:00:00+08:00"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_is_titled_in_both_languages(rule: Rule) -> None:
    assert rule.title.en != rule.name
    assert re.search(r"[一-鿿]", rule.title.zh)


@pytest.mark.parametrize("path", [path for path in FILES if load_rules(path)], ids=lambda path: path.stem)
def test_a_file_names_where_its_numbers_come_from(path: Path) -> None:
    assert "Source: " in path.read_text(encoding="utf-8")


def test_the_page_lists_every_rule_and_no_other() -> None:
    page = (ROOT / "docs/rules/library.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert {name for row in rows for name in re.findall(r"`([a-z0-9-]+)`", row)} == {rule.name for rule in RULES}


def test_applied_in_the_order_of_their_names_no_file_names_a_rule_that_is_still_to_come() -> None:
    known: set[str] = set()
    for path in FILES:
        documents = load_documents(path)
        known |= {rule.name for rule in documents.rules}
        assert {one.name for one in documents.references if one.target is Target.RULE} <= known, path.name


@pytest.mark.parametrize("start", [MIDSUMMER, MIDWINTER])
def test_a_city_without_faults_raises_nothing_for_a_day(start: str) -> None:
    start_ms = parse_instant_ms(start)
    assert _raised(ReportStream(build_city(7, 40), start_ms, FaultPlan(share=0.0)), start_ms + DAY_MS) == []


def test_in_a_city_with_faults_only_the_afflicted_raise_events() -> None:
    start_ms = parse_instant_ms(MIDSUMMER)
    life = ReportStream(build_city(7, 40), start_ms, FaultPlan(share=0.05))
    labels = life.labels(start_ms + DAY_MS)
    events = _raised(life, start_ms + DAY_MS)
    for event in events:
        assert any(
            event.subject in (*label.subjects, *label.affected) and event.opened_at_ms >= label.start_ms
            for label in labels
        ), event


def _raised(life: ReportStream, until_ms: int) -> list[Event]:
    """Every event of the city's day as the device rules raise it, before any is suppressed."""
    engines = _engines(life.city)
    ticked_ms = life.start_ms
    for report in life.reports(until_ms):
        if report.observed_at_ms >= ticked_ms + 60_000:
            ticked_ms = report.observed_at_ms - 1
            for engine in engines.values():
                engine.tick({"gateway": 1, "tick_at_ms": ticked_ms})
        engines[report.kind].report(_telemetry(report))
    assert not any(engine.vitals.errors for engine in engines.values())
    return [raised.event for engine in engines.values() for raised in engine.raised if raised.mode is Mode.LIVE]


def _engines(city: City) -> dict[str, Engine]:
    devices = {device.device_id: device for device in city.devices}
    rules = RuleSet(RULES)
    engines = {kind: Engine(kind, rules, devices.get) for kind in dict.fromkeys(device.kind for device in city.devices)}
    for engine in engines.values():
        engine.refresh(devices.values())
    return engines


def _telemetry(report: Report) -> Telemetry:
    return {
        "device_id": report.device_id,
        "kind": report.kind,
        "observed_at_ms": report.observed_at_ms,
        "received_at_ms": report.observed_at_ms,
        "codec": "test",
        "readings": dict(report.readings),
    }
