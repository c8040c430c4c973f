"""What `rules check` finds in documents that can be read."""

from rules.language.document.checking import CheckContext, Findings, check_text
from rules.language.document.reading import parse_rules

KINDS = ("streetlight", "cabinet", "water_monitor")
OFFLINE = CheckContext(KINDS)
RUNNING = CheckContext(
    KINDS,
    rules={"parent": parse_rules("{rule: parent, kind: cabinet, no_data: 1h}")[0]},
    calendars={"holidays"},
    attributes={"streetlight": {"nominal_power"}},
    shortest_interval_s={"streetlight": 600},
    complete=True,
)
LAMP = "rule: a\nkind: streetlight\n"


def errors(text: str, around: CheckContext = OFFLINE) -> list[str]:
    return [str(problem) for problem in check_text(text, "r.yaml", around).errors]


def warnings(text: str, around: CheckContext = OFFLINE) -> list[str]:
    found = check_text(text, "r.yaml", around)
    assert found.errors == ()
    return [str(problem) for problem in found.warnings]


def test_a_threshold_in_another_unit_can_never_be_met() -> None:
    assert errors(f"{LAMP}when: 'reading.active_power > 1 && reading.voltage > 230000'\n") == [
        "r.yaml:3:52: `when`: this can never be true: reading.voltage is 0 to 500 V, never near 230000; "
        "is 230000 in another unit, and 230 meant?"
    ]


def test_what_contradicts_itself_can_never_be_true() -> None:
    assert errors(f"{LAMP}when: reading.voltage > 250 && reading.voltage < 200\n") == [
        "r.yaml:3:7: `when`: this can never be true: no plausible values make it true"
    ]
    assert errors(f"{LAMP}when: reading.voltage > 250\nclear_when: reading.voltage < -1\n")[0].startswith(
        "r.yaml:4:29: `clear_when`: this can never be true"
    )


def test_what_is_always_true_or_has_a_dead_branch_is_warned_of() -> None:
    assert warnings(f"{LAMP}when: reading.voltage >= 0\n") == [
        "r.yaml:3:7: `when`: this is always true, for all plausible values"
    ]
    assert warnings(f"{LAMP}when: reading.voltage > 250 || reading.current > 5000\n") == [
        "r.yaml:3:48: `when`: reading.current is 0 to 1000 A, never near 5000; is 5000 in another unit, and 5 meant?"
    ]


def test_signals_have_the_range_of_what_they_take() -> None:
    signal = "signals: {{x: {{of: voltage, over: 1h, take: {}}}}}\nwhen: x {}\n"
    assert errors(LAMP + signal.format("mean", "> 600"))
    assert errors(LAMP + signal.format("stddev", "< 0"))
    assert errors(LAMP + signal.format("delta", "> 501"))
    assert not errors(LAMP + signal.format("sum", "> 600"))
    assert not errors(LAMP + signal.format("rate", "> 600"))


def test_names_are_looked_for_where_something_runs_and_warned_of_where_nothing_does() -> None:
    text = f"{LAMP}no_data: 1h\nsuppressed_by: [parent, ghost]\nactive: {{outside: holidays}}\n"
    assert warnings(text) == [
        "r.yaml:4:17: `suppressed_by`: there is no rule 'parent' here",
        "r.yaml:4:25: `suppressed_by`: there is no rule 'ghost' here",
        "r.yaml:5:19: `active.outside`: there is no calendar 'holidays' here",
    ]
    assert errors(text, RUNNING) == ["r.yaml:4:25: `suppressed_by`: there is no rule 'ghost'"]


def test_an_attribute_that_no_device_has_is_warned_of() -> None:
    text = f"{LAMP}when: reading.active_power > device.nominal_power * device.factor && device.department == 'x'\n"
    assert warnings(text) == []
    assert warnings(text, RUNNING) == ["r.yaml:3:53: `when`: no streetlight has the attribute 'factor'"]


def test_times_shorter_than_from_report_to_report_are_warned_of() -> None:
    text = (
        f"{LAMP}signals: {{x: {{of: voltage, over: 5m, take: mean}}}}\nwhen: x > 250\nfor: 1m\ngap: 9m\nclear_for: 10m\n"
        "---\n{rule: b, kind: streetlight, no_data: 1m}\n"
        "---\n{rule: c, kind: streetlight, when: reading.voltage > 1, repeat: {times: 3, within: 19m}}\n"
    )
    places = [line.split(": shorter")[0] for line in warnings(text, RUNNING)]
    assert places == [
        "r.yaml:3:34: `signals.x.over`", "r.yaml:5:6: `for`", "r.yaml:6:6: `gap`", "r.yaml:9:39: `no_data`",
        "r.yaml:11:84: `repeat.within`",
    ]  # fmt: skip


def test_a_kind_that_no_device_is_of_is_an_error_and_a_group_needs_none() -> None:
    assert errors("rule: a\nkind: submarine\nno_data: 1h\n") == [
        "r.yaml:2:7: kind 'submarine' is not one of streetlight, cabinet, water_monitor"
    ]
    assert not errors("{rule: g, group: {of: parent, by: parent, at_least: 2, within: 1m}}", RUNNING)


def test_circles_are_errors_and_unreadable_texts_have_no_documents() -> None:
    assert "circle: a → a" in errors("{rule: a, kind: cabinet, no_data: 1h, suppressed_by: a}")[0]
    found: Findings = check_text("rule: a\nkind: cabinet\nwhn: 1\n", "r.yaml", OFFLINE)
    assert (found.documents, len(found.errors)) == (None, 2)
