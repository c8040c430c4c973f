"""Rule tests as operators write them: the notation, what is wrong with a file, what is wrong with a rule."""

from pathlib import Path

import pytest

from rules.language.document.problems import BadRules
from rules.testing.running import RuleTestResult, run_rule_test
from rules.testing.series import parse_series

TEST = """
rules: [{rule: low, kind: water_monitor, when: reading.water_level < 1, for: 2m, severity: major}]
start: 2026-06-01T08:00:00+08:00
every: 1m
devices: {W1: {kind: water_monitor}}
series: {W1: {water_level: 2 0x4 2}}
until: 10m
expect:
"""
HELD = "  - {rule: low, subject: W1, since: 1m, opened: 3m, cleared: 5m, severity: major, withdrawn: false, stale: false}\n"


def run(tmp_path: Path, text: str) -> RuleTestResult:
    path = tmp_path / "t.yaml"
    path.write_text(text, encoding="utf-8")
    return run_rule_test(path)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("80x3", [80.0, 80.0, 80.0]),
        ("80", [80.0]),
        ("_x2 5 _", [None, None, 5.0, None]),
        ("1.0..1.5x6", [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]),
        ("5..-5x3 -1.5x1 +2e1", [5.0, 0.0, -5.0, -1.5, 20.0]),
        ("truex2 false", [True, True, False]),
        ("", []),
    ],
)
def test_the_series_notation(text: str, values: list[object]) -> None:
    assert [readings.value for readings in parse_series(text)] == values


@pytest.mark.parametrize(
    "text", ["80x", "x3", "80x0", "1..2", "1..2x1", "_..2x3", "abc", "1x99999999", "1x60000 1x60000", "nan"]
)
def test_what_is_no_series_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"reading|count|line|longer"):
        parse_series(text)


def test_a_test_that_holds_has_no_mismatch(tmp_path: Path) -> None:
    result = run(tmp_path, TEST + HELD)
    assert result.held
    assert [event.rule for event in result.events] == ["low"]


@pytest.mark.parametrize(
    ("expect", "mismatch"),
    [
        ("  []", "low on W1: not expected, but found since 1m, opened 3m, cleared 5m, severity major"),
        (HELD.replace("cleared: 5m", "cleared: 6m"), "low on W1: cleared 6m expected, 5m found"),
        (HELD.replace("cleared: 5m", "cleared: null"), "low on W1: cleared never expected, 5m found"),
        (HELD.replace("stale: false", "stale: true"), "low on W1: stale true expected, false found"),
        (HELD.replace("severity: major", "severity: minor"), "low on W1: severity minor expected, major found"),
        (
            HELD + "  - {rule: low, subject: W1, opened: 8m}\n",
            "low on W1: expected opened 8m, but no such event",
        ),
        (
            HELD.replace("W1", "W2"),
            "low on W2: expected since 1m, opened 3m, cleared 5m, severity major, withdrawn false",
        ),
    ],
)
def test_a_mismatch_names_what_was_expected_and_what_was_found(tmp_path: Path, expect: str, mismatch: str) -> None:
    result = run(tmp_path, TEST + expect)
    assert any(found.startswith(mismatch) for found in result.mismatches), result.mismatches


def test_fields_that_are_not_named_are_not_compared_but_every_event_is(tmp_path: Path) -> None:
    assert run(tmp_path, TEST + "  - {rule: low}\n").held
    assert not run(tmp_path, TEST + "  - {rule: low}\n  - {rule: low}\n").held


def test_a_rule_that_fails_on_real_values_fails_the_test(tmp_path: Path) -> None:
    text = TEST.replace("reading.water_level < 1", "reading.water_level < device.limit")
    result = run(
        tmp_path, text.replace("{kind: water_monitor}}\n", "{kind: water_monitor, attributes: {limit: a}}}\n") + "  []"
    )
    assert any(found.startswith("rule low failed: device W1") for found in result.mismatches), result.mismatches


def test_all_problems_of_a_file_are_reported_at_once_with_their_places(tmp_path: Path) -> None:
    with pytest.raises(BadRules) as refused:
        run(
            tmp_path,
            """rules: [missing.yaml, {rule: low, kind: water_monitor, when: reading.x < 1}]
start: 2026-06-01T08:00:00
every: 5
devices: {W1: {kind: water_monitor, colour: red}, W2: {kind: water_monitor}}
series:
  W2: {water_level: 1x, depth: 1}
  W3: {water_level: 1}
arrivals: [{device: W2, reading: 9}]
expect: [{rule: low, since: soon, mood: bad}]
when: now
""",
        )
    places = [(problem.line, problem.message.split(" ")[0]) for problem in refused.value.found]
    assert places == [
        (1, "cannot"), (1, "`when`:"), (2, "`start`:"), (3, "`every`:"), (4, "device"), (6, "'1x'"), (6, "unknown"),
        (7, "'W3'"), (8, "an"), (9, "`since`:"), (9, "unknown"), (10, "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arrival",
    [
        "device: W1, reading: 4, times: null", "device: W1, reading: 4, times: 0", "device: W1, reading: 4, times: 2.5",
        "device: W1, reading: [4]", "device: [W1], reading: 4", "device: W1, reading: true",
    ],
)  # fmt: skip
def test_an_arrival_that_is_none_is_refused_at_its_line(tmp_path: Path, arrival: str) -> None:
    with pytest.raises(BadRules) as refused:
        run(tmp_path, TEST.replace("until:", f"arrivals: [{{{arrival}}}]\nuntil:") + HELD)
    assert [problem.line for problem in refused.value.found] == [7]


@pytest.mark.parametrize("text", ["", "- a\n", "a: 1\n---\nb: 2\n", "a: [", "\x00"])
def test_what_is_no_rule_test_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadRules):
        run(tmp_path, text)


def test_the_same_file_gives_the_same_result_twice(tmp_path: Path) -> None:
    assert run(tmp_path, TEST + HELD) == run(tmp_path, TEST + HELD)


def test_a_series_may_mark_readings_as_suspect_or_bad() -> None:
    readings = parse_series("1 2?x2 3! 1..2!x2 true?")
    assert [one.quality for one in readings] == [None, "suspect", "suspect", "bad", "bad", "bad", "suspect"]
    assert [one.value for one in readings] == [1.0, 2.0, 2.0, 3.0, 1.0, 2.0, True]
