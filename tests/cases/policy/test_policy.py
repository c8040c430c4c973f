"""What the city wants: terms, departments, trust, recovery, escalation; the shipped document knows every shipped rule."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from cases.deadlines import CityTimes
from cases.intake import IntakePolicy, OnCleared
from cases.policy import CasePolicy, Grade, load_policy
from cases.policy.terms import format_term
from cases.workflow.case import Case, Source
from cases.workflow.states import State
from domain.actors import Role
from domain.events import Event, Severity, Status, Text
from tests.cases.deadlines.calendars import at, told
from tests.cases.workflow.acting import reported

RULES = Path(__file__).parents[3] / "rules/library"
POLICY = load_policy()


def written(tmp_path: Path, text: str) -> CasePolicy:
    path = tmp_path / "city.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)


def sensed(**fields: Any) -> Case:
    known: dict[str, Any] = {"source": Source.SENSOR, "kind": "manhole_cover", "proposed_department": None}
    return reported(**{**known, **fields})


def event(problem: str, severity: Severity) -> Event:
    return Event(
        event_id=UUID(int=1),
        revision=1,
        rule=problem,
        rule_version=1,
        subject="X-1",
        kind="manhole_cover",
        problem=problem,
        severity=severity,
        status=Status.OPEN,
        since_ms=0,
        opened_at_ms=0,
        summary=Text(en="", zh=""),
    )


def library() -> list[dict[str, Any]]:
    """Every rule that is shipped, as it is written."""
    documents = [one for path in sorted(RULES.glob("*.yaml")) for one in yaml.safe_load_all(path.read_text("utf-8"))]
    return [one for one in documents if one and "rule" in one]


def library_kind(rule: dict[str, Any]) -> str | None:
    """A group's event stands where its members do: `of` names rules."""
    if "kind" in rule:
        return str(rule["kind"])
    members = rule["group"]["of"]
    first = members if isinstance(members, str) else members[0]
    return next(library_kind(one) for one in library() if one["rule"] == first)


def test_it_is_what_the_intake_asks_for() -> None:
    policy: IntakePolicy = POLICY
    assert policy.opens_case(event("cover-open", Severity.CRITICAL))


@pytest.mark.parametrize("rule", library(), ids=lambda rule: rule["rule"])
def test_every_shipped_rule_has_a_term_of_its_own_and_a_department(rule: dict[str, Any]) -> None:
    told_of = rule.get("event", {})
    problem = told_of.get("problem", rule["rule"])
    for severity in (Severity(rule.get("severity", "minor")), Severity.CRITICAL):
        case = sensed(
            problem=problem,
            kind=library_kind(rule),
            severity=severity,
            proposed_department=told_of.get("department"),
        )
        assert any(one.holds(case, Grade.B) for one in POLICY.terms if not one.is_for_all), problem
        assignment = POLICY.assign(case)
        assert assignment is not None
        assert assignment.term == POLICY.term_for(case)
        assert POLICY.escalations(case.model_copy(update={"state": State.DISPATCHED}))


def test_the_shipped_rules_are_read() -> None:
    assert {"cover-open", "feeder-fault", "water-worse-than-v"} <= {rule["rule"] for rule in library()}


@pytest.mark.parametrize("problem", ["cover-open", "exposed-rubbish", "something-new"])
def test_a_problem_that_people_report_has_a_department_or_a_dispatcher_finds_one(problem: str) -> None:
    assignment = POLICY.assign(reported(problem=problem))
    found = {"cover-open": "drainage", "exposed-rubbish": "sanitation"}.get(problem)
    assert (assignment.department if assignment else None) == found
    assert assignment is None or not assignment.automatic


@pytest.mark.parametrize(
    ("fields", "term"),
    [
        ({"problem": "cover-missing"}, "6 hours"),
        ({"problem": "lamp-out"}, "24 working hours"),
        ({"problem": "ponding", "severity": Severity.MAJOR}, "4 working hours"),
        ({"problem": "ponding", "severity": Severity.CRITICAL}, "2 hours"),
        ({"problem": "illegal-building"}, "15 working days"),
        ({"problem": "something-new"}, "5 working days"),
    ],
)
def test_a_term_is_that_of_the_problem(fields: dict[str, Any], term: str) -> None:
    assert format_term(POLICY.term_for(sensed(**fields))) == term


def test_the_grade_of_the_area_decides_the_term_and_the_nearest_area_the_grade(tmp_path: Path) -> None:
    policy = written(tmp_path, "grades: {A: ['320582/110'], C: ['320582/110/152', '320582/9']}")
    terms = {
        area: format_term(policy.term_for(sensed(problem="lamp-out", area=area)))
        for area in ("320582/110", "320582/110/7", "320582/110/152/1", "320582/1101", "320582/9", None)
    }
    assert terms == {
        "320582/110": "16 working hours",
        "320582/110/7": "16 working hours",
        "320582/110/152/1": "48 working hours",
        "320582/1101": "24 working hours",
        "320582/9": "48 working hours",
        None: "24 working hours",
    }


def test_the_events_own_department_comes_first_and_where_there_is_none_the_kinds() -> None:
    own = POLICY.assign(sensed(problem="cover-open", proposed_department="telecom"))
    other = POLICY.assign(sensed(problem="cover-open"))
    assert own is not None
    assert other is not None
    assert (own.department, own.automatic) == ("telecom", True)
    assert (other.department, other.automatic) == ("drainage", True)


def test_a_suspicion_is_proposed_and_never_dispatched_by_itself() -> None:
    assignment = POLICY.assign(sensed(problem="discharge-suspected", kind="water_monitor"))
    assert assignment is not None
    assert (assignment.department, assignment.automatic) == ("environment", False)
    assert not POLICY.is_trusted(Source.SENSOR, "discharge-suspected")


def test_candidates_name_each_department_once_the_assigned_one_first() -> None:
    case = sensed(problem="methane", proposed_department="telecom", class_code="0111")
    assert [one.department for one in POLICY.candidates(case)] == ["telecom", "drainage", "gas"]
    assert POLICY.candidates(reported(problem="something-new")) == ()


@pytest.mark.parametrize(
    ("source", "trusted"), [(Source.SENSOR, True), (Source.INSPECTOR, True), (Source.HOTLINE, False)]
)
def test_sensors_and_inspectors_are_trusted_and_callers_are_not(source: Source, trusted: bool) -> None:
    assert POLICY.is_trusted(source, "cover-open") is trusted


@pytest.mark.parametrize(
    ("problem", "severity", "opens"),
    [
        ("cover-open", Severity.CRITICAL, True),
        ("ponding", Severity.WARNING, False),
        ("ponding", Severity.MINOR, True),
        ("battery-low", Severity.WARNING, True),
        ("rainstorm", Severity.MINOR, False),
        ("rainstorm", Severity.MAJOR, True),
        ("cover-moved", Severity.CRITICAL, False),
        ("anything", Severity.INFO, False),
    ],
)
def test_events_open_cases_from_a_severity_on(problem: str, severity: Severity, opens: bool) -> None:
    assert POLICY.opens_case(event(problem, severity)) is opens


@pytest.mark.parametrize(
    ("problem", "severity", "then"),
    [
        ("cover-open", Severity.CRITICAL, OnCleared.CHECK),
        ("offline", Severity.MINOR, OnCleared.CLOSE),
        ("ponding", Severity.MINOR, OnCleared.CLOSE),
        ("ponding", Severity.CRITICAL, OnCleared.CHECK),
        ("discharge-suspected", Severity.MAJOR, OnCleared.LEAVE),
    ],
)
def test_what_recovery_means_is_the_problems(problem: str, severity: Severity, then: OnCleared) -> None:
    assert POLICY.on_cleared(sensed(problem=problem, severity=severity)) is then


def test_a_class_is_the_events_or_the_components() -> None:
    assert POLICY.class_of("ponding", "3205820602000001") == "E0406"
    assert POLICY.class_of("lamp-out", "3205820118000001") == "0118"
    assert POLICY.class_of("lamp-out", "L-1") is None
    assert POLICY.class_of("lamp-out", None) is None


def test_an_event_is_not_taken_for_the_component_of_the_same_digits() -> None:
    """0104 is a drainage grate; E0104 is a dirty road."""
    road = reported(problem="dirty-road", class_code=POLICY.class_of("dirty-road", None))
    grate = reported(problem="broken", class_code=POLICY.class_of("broken", "3205820104000001"))
    assert [one.department for one in POLICY.candidates(road)] == ["sanitation"]
    assert [one.department for one in POLICY.candidates(grate)] == ["drainage"]


def test_while_a_case_waits_the_department_is_told_then_dispatchers() -> None:
    case = sensed(severity=Severity.CRITICAL, state=State.DISPATCHED, department="drainage")
    steps = POLICY.escalations(case)
    assert [(format_term(step.after), step.departments, step.roles) for step in steps] == [
        ("15 minutes", ("drainage",), ()),
        ("30 minutes", (), (Role.DISPATCHER,)),
        ("2 hours", (), (Role.ADMINISTRATOR,)),
    ]
    assert POLICY.escalations(case.model_copy(update={"state": State.IN_PROGRESS})) == ()
    filed = case.model_copy(update={"state": State.FILED, "department": None})
    assert [step.roles for step in POLICY.escalations(filed)] == [(Role.DISPATCHER,), (Role.ADMINISTRATOR,)]


def test_the_calendar_is_that_of_the_state_councils_notices() -> None:
    times = CityTimes(POLICY.calendar)
    calendar = POLICY.calendar
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(730)]
    off = {day for day in days if not calendar.hours_of(day)}
    assert len([day for day in days if day.year == 2025 and day not in off]) == 248
    assert len([day for day in days if day.year == 2026 and day not in off]) == 248
    assert {date(2026, 2, 14), date(2025, 9, 28)}.isdisjoint(off)
    assert {date(2025, 10, 8), date(2026, 10, 7)} <= off
    assert calendar.known_through == date(2026, 12, 31)
    lamp = POLICY.term_for(sensed(problem="lamp-out"))
    assert told(times.after(at("2026-09-30T16:30"), lamp)) == "2026-10-12 10:30"


class TestACitysOwnDocument:
    def test_its_rules_come_before_the_shipped_ones_which_hold_for_the_rest(self, tmp_path: Path) -> None:
        policy = written(
            tmp_path,
            "terms: [{problem: cover-open, class: 0111, term: 1 hour}]\n"
            "dispatch: [{problem: cover-open, area: '320582/7', department: harbour}]\n"
            "cleared: [{problem: cover-*, then: leave}]\n"
            "trusted: [{source: video, trusted: true}]\n",
        )
        assert format_term(policy.term_for(sensed(class_code="0111"))) == "1 hour"
        assert format_term(policy.term_for(sensed(class_code="0102"))) == "6 hours"
        assert [one.department for one in policy.candidates(sensed(area="320582/7/1"))] == ["harbour", "drainage"]
        assert policy.on_cleared(sensed()) is OnCleared.LEAVE
        assert policy.is_trusted(Source.VIDEO, "cover-open")
        assert policy.is_trusted(Source.SENSOR, "cover-open")
        assert "harbour" in policy.departments

    def test_what_it_says_of_events_and_classes_is_joined_with_the_shipped(self, tmp_path: Path) -> None:
        policy = written(
            tmp_path, "opens: {at_least: major, except: {rainstorm: never}}\nevent_classes: {ponding: E0111}\n"
        )
        assert not policy.opens_case(event("lamp-unlit", Severity.MINOR))
        assert not policy.opens_case(event("rainstorm", Severity.CRITICAL))
        assert policy.opens_case(event("battery-low", Severity.WARNING))
        assert policy.class_of("ponding", None) == "E0111"
        assert policy.class_of("road-damage", None) == "E0110"

    def test_its_days_are_added_and_win_over_the_shipped(self, tmp_path: Path) -> None:
        policy = written(
            tmp_path,
            "calendar:\n"
            "  holidays: [2027-01-01..2027-01-03, 2026-10-10]\n"
            "  workdays: [2026-10-07, 2027-01-09 09:00-12:00]\n",
        )
        calendar = policy.calendar
        assert calendar.hours_of(date(2027, 1, 1)) == ()
        assert calendar.hours_of(date(2026, 10, 10)) == ()
        assert calendar.hours_of(date(2026, 10, 7)) == ((510, 720), (840, 1050))
        assert calendar.hours_of(date(2027, 1, 9)) == ((540, 720),)
        assert calendar.hours_of(date(2026, 10, 6)) == ()
        assert calendar.known_through == date(2027, 12, 31)

    def test_its_hours_zone_and_working_day_replace_the_shipped(self, tmp_path: Path) -> None:
        policy = written(
            tmp_path,
            "calendar: {timezone: Asia/Urumqi, hours: ['Mon-Thu 09:30-19:30', 'Fri 10:00-14:00'], working_day: 8h}",
        )
        assert str(policy.calendar.zone) == "Asia/Urumqi"
        assert policy.calendar.hours_of(date(2026, 11, 27)) == ((600, 840),)
        assert policy.calendar.hours_of(date(2026, 2, 14)) == ((570, 1170),)
        assert policy.calendar.working_day_ms == 8 * 3_600_000

    def test_one_that_stands_alone_has_nothing_of_the_shipped(self, tmp_path: Path) -> None:
        policy = written(tmp_path, "standalone: true\nterms: [{term: 2 hours}]\n")
        assert policy.calendar.holidays == frozenset()
        assert policy.assign(sensed(proposed_department="lighting")) is None
        assert policy.on_cleared(sensed()) is OnCleared.LEAVE
        assert not policy.is_trusted(Source.SENSOR, "cover-open")
        assert policy.opens_case(event("cover-open", Severity.MINOR))
        assert policy.escalations(sensed(state=State.DISPATCHED)) == ()

    def test_an_empty_one_changes_nothing(self, tmp_path: Path) -> None:
        assert written(tmp_path, "# nothing yet\n") == POLICY

    def test_the_platforms_zone_holds_where_it_names_none(self) -> None:
        assert str(load_policy(None, "Europe/Berlin").calendar.zone) == "Europe/Berlin"
