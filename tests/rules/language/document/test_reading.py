"""Rule documents: what is taken, and how everything wrong is named with its place."""

from pathlib import Path

import pytest

from documents.located_yaml.reading import MAX_BYTES
from domain.events import Severity
from rules.language.document.problems import BadRules
from rules.language.document.reading import load_rules, parse_rules
from rules.language.rule import Mode

MINIMAL = "rule: a\nkind: streetlight\nwhen: reading.voltage > 250\n"
GROUP = "rule: a\ngroup:\n  by: parent\n  of: b\n  at_least: 3\n  within: 10m\n"


def problems_of(text: str) -> list[str]:
    with pytest.raises(BadRules) as refused:
        parse_rules(text, "r.yaml")
    return [str(problem) for problem in refused.value.found]


def test_every_clause_is_read() -> None:
    (rule,) = parse_rules("""
rule: lamp-out
title: {en: Lamp out, zh: 路灯不亮}
kind: streetlight
where: 'device.department == "lighting"'
when: 'reading.dimming_level > 0 && reading.active_power < 0.2 * device.nominal_power'
for: 10m
clear_when: 'reading.active_power > 0.5 * device.nominal_power'
clear_for: 5m
gap: 30m
lateness: 90s
severity: major
event: {problem: no-light, department: lighting}
mode: shadow
""")
    assert (rule.name, rule.kind, rule.problem, rule.department) == ("lamp-out", "streetlight", "no-light", "lighting")
    assert (rule.title.en, rule.title.zh) == ("Lamp out", "路灯不亮")
    assert (rule.for_ms, rule.clear_for_ms, rule.gap_ms, rule.lateness_ms) == (600_000, 300_000, 1_800_000, 90_000)
    assert (rule.severity, rule.mode) == (Severity.MAJOR, Mode.SHADOW)
    assert rule.when is not None
    assert rule.when.quantities == ("dimming_level", "active_power")
    assert rule.clear_when is not None
    assert rule.clear_when.attributes == ("nominal_power",)
    assert rule.where is not None


def test_what_is_left_out_has_a_default() -> None:
    (rule,) = parse_rules(MINIMAL)
    assert (rule.for_ms, rule.clear_for_ms, rule.gap_ms, rule.lateness_ms) == (0, 0, None, 300_000)
    assert (rule.problem, rule.title.zh, rule.severity, rule.mode) == ("a", "a", Severity.MINOR, Mode.LIVE)
    assert rule.text == MINIMAL


def test_several_documents_and_lists_give_their_rules_in_order() -> None:
    text = "- {rule: a, kind: cabinet, no_data: 1h}\n- {rule: b, kind: cabinet, no_data: 2h}\n---\n" + MINIMAL.replace(
        ": a", ": c"
    )
    rules = parse_rules(text)
    assert [rule.name for rule in rules] == ["a", "b", "c"]
    assert parse_rules(rules[1].text)[0].no_data_ms == 7_200_000, "each keeps a text that stands alone"


def test_all_problems_are_reported_at_once_with_line_and_column() -> None:
    assert problems_of("""rule: Lamp out
kind: streetlight
when: 'reading.dimmin_level > 0'
whn: 3
for: 10
clear_when: reading.voltage > 0 &&
mode: of
severity: bad
event: [x]
""") == [
        "r.yaml:1:7: `rule` may hold lower-case letters, digits and hyphens, at most 64: 'Lamp out'",
        "r.yaml:3:8: `when`: unknown quantity 'dimmin_level'; did you mean 'dimming_level'?",
        "r.yaml:4:1: unknown clause `whn`; did you mean `when`?",
        "r.yaml:5:6: `for`: '10' is not a duration; write a number and a unit: 250ms, 90s, 10m, 2h or 7d",
        "r.yaml:6:35: `clear_when`: 'the end of the condition' was not expected here",
        "r.yaml:7:7: `mode` must be one of live, shadow, off, not 'of'",
        "r.yaml:8:11: `severity` must be one of critical, major, minor, warning, info, not 'bad'",
        "r.yaml:9:8: `event` must be a mapping of entries",
    ]


def test_problems_of_all_documents_of_a_file_are_reported() -> None:
    found = problems_of(MINIMAL + "x: 1\n---\n" + MINIMAL + "y: 1\n---\nrule: b\n")
    places = [line.split(" ", 1)[0] for line in found]
    assert places == ["r.yaml:4:1:", "r.yaml:6:1:", "r.yaml:9:1:", "r.yaml:11:1:", "r.yaml:11:1:"]
    assert any("defined twice" in line for line in found)
    assert any("`kind` is missing" in line for line in found)


@pytest.mark.parametrize(
    ("text", "line_and_column", "words"),
    [
        ("rule: a\nkind: streetlight\n", "1:1", "needs `when`"),
        ("rule: a\nkind: cabinet\nno_data: 1h\nfor: 1m\n", "4:1", "no meaning beside `no_data`"),
        ("rule: a\nkind: cabinet\nno_data: 0s\n", "3:10", "more than nothing"),
        ("rule: a\nkind: cabinet\nno_data: 9000d\n", "3:10", "at most 366d"),
        (MINIMAL + "where: reading.voltage > 1\n", "4:8", "cannot be used here"),
        (MINIMAL + "title: {en: A}\n", "4:8", "lacks `zh`"),
        (MINIMAL + "event: {problme: a}\n", "4:9", "unknown entry `problme`"),
        (MINIMAL + "when: true\n", "4:1", "given twice"),
        (MINIMAL + "for: &x 1m\n", "4:6", "anchors"),
        (MINIMAL + "for: *x\n", "4:6", "anchors"),
        (MINIMAL + "for: [\n", "5:1", "not YAML"),
        (MINIMAL + "\tfor: 1m\n", "4:1", "not YAML"),
        (MINIMAL + "title: " + "[" * 30 + "]" * 30, "4:19", "nested deeper"),
        (GROUP.replace("parent", "area.steet"), "3:7", "no level 'steet'; they are division, street"),
        (GROUP.replace("parent", "device.feeder"), "3:7", "name of a device attribute: 'device.feeder'"),
        ("", "1:1", "no rule"),
        ("just words", "1:1", "mapping"),
        ("{[1]: 2}", "1:2", "key must be a word"),
        ("# " + "x" * MAX_BYTES, "1:1", "larger than 256 KiB"),
        ("rule: \x00", "1:1", "not YAML"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_at_its_place(text: str, line_and_column: str, words: str) -> None:
    found = problems_of(text)
    assert any(p.startswith(f"r.yaml:{line_and_column}: ") and words in p for p in found), found


def test_a_problem_inside_a_folded_condition_points_at_the_clause() -> None:
    assert problems_of("rule: a\nkind: cabinet\nwhen: >-\n  reading.voltage > 1 &&\n  reading.volts > 2\n") == [
        "r.yaml:3:7: `when`: unknown quantity 'volts'; did you mean 'voltage'?"
    ]


def test_a_condition_may_be_a_plain_truth() -> None:
    (rule,) = parse_rules("rule: a\nkind: cabinet\nwhen: true\n")
    assert rule.when is not None
    assert rule.when.evaluate({}, {}) is True


def test_a_file_that_is_not_utf_8_is_refused_with_the_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"rule: a\ntitle: \xff\n")
    with pytest.raises(BadRules, match=r"bad.yaml:2:1: the file is not UTF-8"):
        load_rules(path)


def test_a_hostile_document_is_refused_in_good_time() -> None:
    bomb = "a: &a [x,x,x,x]\n" + "".join(
        f"{c}: &{c} [*{p},*{p},*{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert problems_of(bomb) == ["r.yaml:1:4: anchors and aliases are not taken here; write the value out"]
    assert "nested deeper" in problems_of("[" * 100_000)[0]


def test_each_document_of_a_stream_keeps_its_own_text_with_its_comments() -> None:
    third = MINIMAL.replace(": a", ": c")
    stream = f"# why\n{MINIMAL}--- # next\n# 因为\n{{rule: b, kind: cabinet, no_data: 1h}}\n---\n{third}"
    texts = [rule.text for rule in parse_rules(stream)]
    assert texts == [
        f"# why\n{MINIMAL}",
        "# 因为\n{rule: b, kind: cabinet, no_data: 1h}",
        MINIMAL.replace(": a", ": c"),
    ]
    assert [parse_rules(text)[0].text for text in texts] == texts
