"""A policy that cannot be followed is refused with every problem at its place."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.policy import BadPolicy, load_policy
from cases.policy.document import PolicyDocument
from cases.policy.loading import read_document
from cases.policy.terms import format_term, parse_term
from documents.located_yaml.document import load_document
from domain.errors import ConfigurationError

ENTRIES = ["problem", "class", "term", "department", "then", "steps", "while", "hours", "at_least", "except", "zork"]


def problems(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "city.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadPolicy) as refused:
        load_policy(path)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in refused.value.found]


def test_all_problems_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "calendar:\n"
        "  timezone: Mars/Olympus\n"
        "  holidays: [2026-02-30, 2026-05-01]\n"
        "dispatch:\n"
        "  - problem: cover-open\n"
        "    departement: drainage\n"
        "zork: 1\n",
    )
    assert found == [
        "city.yaml:2:3: 'Mars/Olympus' is no time zone name such as Asia/Shanghai",
        "city.yaml:3:14: '2026-02-30' is no day; write 2026-10-01",
        "city.yaml:5:5: `department` is missing",
        "city.yaml:6:5: unknown entry `departement`; did you mean `department`?",
        "city.yaml:7:1: unknown entry `zork`; known are standalone, calendar, grades, event_classes, opens, trusted,"
        " terms, dispatch, cleared, escalation",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("terms: [{term: 5 days}]", "1:10: '5 days' is no term; write 30 minutes"),
        ("terms: [{problem: x, term: {A: 1 hour, B: 2 hours}}]", "1:22: `C` is missing"),
        ("terms: [{term: {A: 1 hour, B: soon, C: 2 hours}}]", "1:28: 'soon' is no term"),
        ("terms: [{term: 0 hours}]", "greater than 0"),
        ("dispatch: [{department: '{event.departement}'}]", "is no department"),
        ("opens: {at_least: bad}", "1:9: 'bad': it should be 'critical'"),
        ("opens: {except: {ponding: worst}}", "1:18: 'worst' is no severity"),
        ("cleared: [{then: shut}]", "1:12: 'shut': it should be 'leave'"),
        ("cleared:\n- {then: check}\n- {problem: x, then: close}", "3:3: never reached: what line 2 says"),
        ("trusted: [{source: senor, trusted: true}]", "1:12: 'senor': it should be 'sensor'"),
        ("trusted: [{source: sensor, trusted: perhaps}]", "'perhaps'"),
        ("escalation: [{steps: [{after: 5 minutes, roles: [system]}]}]", "system is nobody"),
        ("escalation: [{while: waiting, steps: []}]", "'waiting': it should be 'reported'"),
        ("grades: {D: [x]}", "1:10: 'D': it should be 'A', 'B' or 'C'"),
        ("grades: {A: [x], B: [y, x]}", "1:25: x has several grades"),
        ("event_classes: {ponding: 0406}", "'0406' is no class of events; write E"),
        ("calendar: {hours: Mon-Fri}", "1:12: hours are missing"),
        ("calendar: {hours: []}", "no term would ever end"),
        ("calendar: {working_day: 0h}", "longer than nothing"),
        ("calendar: {working_day: seven}", "is not a duration"),
        ("calendar: {holidays: [2026-10-07..2026-10-01]}", "are no days of a year"),
        ("calendar: {workdays: [2026-10-10 8-12]}", "are no hours"),
        ("standalone: true", "the last of `terms` must have no condition"),
        ("standalone: true\nterms: [{problem: x, term: 1 hour}]", "the last of `terms` must have no condition"),
        ("terms: {}", "1:1: it should be a valid tuple"),
        ("- terms", "1:1:"),
        ("terms: [", "not YAML"),
        ("terms: &a []\ndispatch: *a", "anchors and aliases are not taken here"),
        ("opens: {}\nopens: {}", "2:1: 'opens' is given twice"),
        ("? [a]\n: b", "a key must be a word"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in problem for problem in problems(tmp_path, text)), problems(tmp_path, text)


def test_a_file_that_cannot_be_read_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"URBANSENSE_CASE_POLICY: .*nowhere\.yaml cannot be read"):
        load_policy(tmp_path / "nowhere.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"terms: \xff")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_policy(path)


def test_scalars_stay_as_they_are_written_but_true_false_and_null() -> None:
    located = load_document(
        "{class: 0102, day: 2026-10-01, at: 12:30, no: no, yes: true, quoted: 'true', nothing: null}", "x"
    )
    assert located.value == {
        "class": "0102",
        "day": "2026-10-01",
        "at": "12:30",
        "no": "no",
        "yes": True,
        "quoted": "true",
        "nothing": None,
    }
    assert located.place_of(("day", 3, "beyond")) == (1, 15)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("30 minutes", "30 minutes"),
        ("20 minutes", "20 minutes"),
        ("1 hour", "1 hour"),
        ("90 minutes", "1.5 hours"),
        ("45 working minutes", "45 working minutes"),
        ("4 working hours", "4 working hours"),
        ("1 working day", "1 working day"),
        ("0.5 working days", "0.5 working days"),
    ],
)
def test_a_term_is_read_and_written(text: str, again: str) -> None:
    term = parse_term(text)
    assert format_term(term) == again
    assert parse_term(again) == term


@pytest.mark.parametrize("text", ["", "4", "4 h", "-1 hours", "two hours", "2 days", "working hour"])
def test_what_is_no_term_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no term"):
        parse_term(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "1 hour", "critical", "{event.department}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["term", "A", "problem"]), inner),
    max_leaves=6,
)
parts = st.sampled_from(list(PolicyDocument.model_fields))


@settings(deadline=None)
@given(st.dictionaries(parts, values | st.lists(st.dictionaries(st.sampled_from(ENTRIES), values), max_size=2)))
def test_whatever_is_written_is_taken_or_refused_at_places_that_exist(document: dict[str, object]) -> None:
    text = yaml.safe_dump(document)
    lines = text.splitlines()
    try:
        read_document(text, "city.yaml")
    except BadPolicy as refused:
        for problem in refused.found:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
