"""A small city of every dialect rehearsed in this process: all of it is understood, and its faults are found."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.errors import ConfigurationError
from domain.time.durations import parse_instant_ms
from domain.time.units import HOUR_MS
from simulators.cities import CityFile
from simulators.city import City
from simulators.faults.fault import Fault
from simulators.faults.plan import FaultPlan
from simulators.publish.departures import Departure, on_time
from simulators.publish.dialect_sessions import DialectSessions
from simulators.publish.report_stream import ReportStream
from tests.urbansense.evaluation.scoring.practice.streets import DARK, SHADOW, SILENT
from urbansense.evaluation.scoring.grading import Window, match, score_of
from urbansense.evaluation.scoring.inputs.rule_book import RuleBook, load_rule_book
from urbansense.evaluation.scoring.practice.departures import received
from urbansense.evaluation.scoring.practice.intake import Intake
from urbansense.evaluation.scoring.practice.registry import PractiseRegistry
from urbansense.evaluation.scoring.practice.rehearsal import rehearse

MIDNIGHT_MS = parse_instant_ms("2026-06-02T00:00:00+08:00")
ZONE = ZoneInfo("Asia/Shanghai")
QUIET = FaultPlan(share=0.0)
LANGUAGES = CityFile.model_validate(
    {
        "seed": 5,
        "devices": 120,
        "lamps": {"per_cabinet": 5, "dialects": {"native": 0.4, "sparkplug": 0.3, "native-batch": 0.3}},
        "covers": {
            "share": 0.4,
            "dialects": {"native": 0.2, "chirpstack": 0.2, "things-stack": 0.2, "senml-json": 0.2, "senml-cbor": 0.2},
        },
        "gateways": {"cabinets_each": 1, "covers_each": 12},
    }
)


@pytest.fixture(scope="module")
def city() -> City:
    return LANGUAGES.city()


def test_a_city_of_every_dialect_is_understood_to_the_last_report(city: City) -> None:
    registry = PractiseRegistry(city.devices)
    sessions = DialectSessions(city.devices, city.seed, ZONE)
    intake = Intake(registry, registry.kinds, ZONE, sessions.answer)
    reports = list(ReportStream(city, MIDNIGHT_MS, QUIET).reports(MIDNIGHT_MS + HOUR_MS // 2))
    told = list(intake.telemetry(received(on_time(reports), sessions.encode)))
    assert intake.rejected == {}
    # an edge node that speaks of itself for the first time is born again, with the last values of its devices
    assert {(one["device_id"], one["observed_at_ms"] // 1000) for one in told} == {
        (one.device_id, one.observed_at_ms // 1000) for one in reports
    }
    assert {one["codec"] for one in told} == {
        "json", "sparkplug", "chirpstack", "things-stack", "senml+json", "senml+cbor"
    }  # fmt: skip
    assert [one for one in told if "quality" in one] == []
    by_instant = {(one["device_id"], one["observed_at_ms"]): one["readings"] for one in told}
    for one in reports:
        if one.kind == "streetlight":
            assert by_instant[one.device_id, one.observed_at_ms]["active_power"] == one.readings["active_power"]


def test_an_edge_node_is_asked_for_its_births_after_a_message_was_lost_and_trusted_again(city: City) -> None:
    registry = PractiseRegistry(city.devices)
    lamps = {device.device_id for device in city.devices if device.attributes.get("dialect") == "sparkplug"}
    reports = [
        one for one in ReportStream(city, MIDNIGHT_MS, QUIET).reports(MIDNIGHT_MS + 600_000) if one.device_id in lamps
    ]
    leaving = [Departure(one.observed_at_ms, one, garbled=7 if n == 40 else None) for n, one in enumerate(reports)]

    def suspect(sessions: DialectSessions, *, answers: bool) -> int:
        intake = Intake(
            registry, registry.kinds, ZONE, sessions.answer if answers else lambda topic, payload, at_ms: ()
        )
        return sum("quality" in one for one in intake.telemetry(received(leaving, sessions.encode)))

    assert suspect(DialectSessions(city.devices, city.seed, ZONE), answers=False) > len(reports) // 4
    assert suspect(DialectSessions(city.devices, city.seed, ZONE), answers=True) <= 1


def test_a_fault_given_to_each_dialect_is_found_by_the_library(city: City) -> None:
    night_ms = MIDNIGHT_MS + HOUR_MS // 4
    speakers = {
        str(device.attributes.get("dialect", "native")): device
        for device in city.devices
        if device.kind == "streetlight"
    }
    assert set(speakers) == {"native", "sparkplug", "native-batch"}
    given = tuple(Fault(lamp.device_id, "lamp-dead", night_ms, night_ms + HOUR_MS, 0.5) for lamp in speakers.values())
    life = ReportStream(city, MIDNIGHT_MS, QUIET, given)
    until_ms = MIDNIGHT_MS + 2 * HOUR_MS
    book = load_rule_book([])
    heard: list[int] = []
    rehearsal = rehearse(life, until_ms, book, on_progress=lambda at_ms, reports: heard.append(at_ms))
    window = Window(MIDNIGHT_MS, until_ms)
    score = score_of(
        match(
            rehearsal.labels, rehearsal.practice.scored, window,
            groups=book.groups, counts_for=rehearsal.registry.counts_for,
        ),
        len(city.devices),
    )  # fmt: skip
    assert (score.overall.labels.asked, score.overall.labels.in_time) == (3, 3)
    assert score.strays == []
    assert score.rules["lamp-out"].events.right == 3
    assert rehearsal.rejected == {}
    assert heard == sorted(heard)
    assert rehearsal.practice.errors == {}
    assert rehearse(life, until_ms, book).practice.scored == rehearsal.practice.scored


def test_without_files_the_rules_are_the_library_and_a_folder_is_all_its_files(tmp_path: Path) -> None:
    library = load_rule_book([])
    assert {"lamp-out", "cover-open", "ponding-red"} <= {rule.name for rule in library.rules}
    assert library.groups == {"feeder-fault", "link-lost", "ponding-area"}
    assert [calendar.name for calendar in library.calendars] == ["china-workdays", "china-holidays"]
    (tmp_path / "b.yaml").write_text(SILENT, encoding="utf-8")
    (tmp_path / "a.yaml").write_text(DARK, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no rule", encoding="utf-8")
    assert _names(load_rule_book([tmp_path])) == ["lamp-dark", "lamp-silent"]
    assert _names(load_rule_book([tmp_path / "b.yaml"])) == ["lamp-silent"]


def test_a_rule_in_two_files_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"{DARK}---{SHADOW}", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rule_book([tmp_path])
    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "rule lamp-dark stands in another file too",
        "rule lamp-shadow stands in another file too",
    ]


def _names(book: RuleBook) -> list[str]:
    return [rule.name for rule in book.rules]
