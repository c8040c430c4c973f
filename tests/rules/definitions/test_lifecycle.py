"""Rules on the log: versions, what is in force, and what a table of them holds."""

import pytest

from rules.definitions.lifecycle import (
    RuleInUse,
    Signature,
    UnknownRule,
    apply_documents,
    apply_rules,
    remove_calendar,
    remove_rule,
    roll_back,
    set_mode,
)
from rules.definitions.table import RuleTable, VersionInForce, read_definitions, read_table
from rules.language.document.mode_change import with_mode
from rules.language.document.problems import BadRules
from rules.language.document.reading import parse_rules
from rules.language.rule import Mode
from tests.rules.engines import LAMP_OUT
from tests.rules.stages import Stages

SILENT = "{rule: silent, kind: streetlight, no_data: 3m}"


async def test_applying_gives_a_version_and_applying_the_same_text_changes_nothing(stages: Stages) -> None:
    log, topics = stages.log, stages.topics
    (first,) = await apply_rules(log, topics, LAMP_OUT, now_ms=7, author="zhang", note="first night")
    assert (first.definition.version, first.changed) == (1, True)
    (again,) = await apply_rules(log, topics, LAMP_OUT, now_ms=8, author="li")
    assert (again.definition.version, again.changed, again.definition.author) == (1, False, "zhang")
    (second,) = await apply_rules(log, topics, LAMP_OUT.replace("2m", "3m"), now_ms=9)
    assert (second.definition.version, second.changed) == (2, True)
    (in_force,) = await read_definitions(log, topics)
    assert (in_force.name, in_force.version, in_force.rule.for_ms, in_force.applied_at_ms) == (
        "lamp-out",
        2,
        180_000,
        9,
    )
    kept = (await read_table(log, topics)).versions("lamp-out")
    assert [(one.version, one.author, one.note) for one in kept] == [(1, "zhang", "first night"), (2, "", "")]


async def test_one_bad_rule_keeps_the_whole_document_out(stages: Stages) -> None:
    with pytest.raises(BadRules):
        await apply_rules(stages.log, stages.topics, f"{LAMP_OUT}---\n{{rule: bad}}", now_ms=1)
    assert await read_definitions(stages.log, stages.topics) == []


async def test_a_removed_rule_keeps_its_versions_and_goes_on_counting_them(stages: Stages) -> None:
    log, topics = stages.log, stages.topics
    await apply_rules(log, topics, f"{LAMP_OUT}---\n{SILENT}", now_ms=1)
    assert await remove_rule(log, topics, "lamp-out")
    assert not await remove_rule(log, topics, "lamp-out")
    assert [one.name for one in await read_definitions(log, topics)] == ["silent"]
    (back,) = await apply_rules(log, topics, LAMP_OUT, now_ms=2)
    assert (back.definition.version, back.changed) == (2, True)


async def test_how_far_back_a_rule_must_see_is_its_longest_time_and_its_lateness(stages: Stages) -> None:
    await apply_rules(stages.log, stages.topics, SILENT.replace("3m", "2d"), now_ms=1)
    (definition,) = await read_definitions(stages.log, stages.topics)
    assert definition.needed_history_ms == 2 * 86_400_000 + 300_000


async def test_a_definition_that_cannot_be_read_is_left_out_and_the_others_stay(stages: Stages) -> None:
    from streams.ports import Outgoing

    await apply_rules(stages.log, stages.topics, SILENT, now_ms=1)
    topic = stages.topics.rule_definitions
    await stages.log.append(
        [
            Outgoing(topic, b"rule/odd/1", b'{"text": "rule: odd"}'),
            Outgoing(topic, b"rule/odd", b'{"version": 1}'),
            Outgoing(topic, b"silence/7", b"{}"),
        ]
    )
    assert [one.name for one in await read_definitions(stages.log, stages.topics)] == ["silent"]


def test_an_empty_table_holds_nothing() -> None:
    table = RuleTable()
    assert (table.in_force(), table.versions("x"), table.version("x", 1), table.revision) == ([], [], None, 0)


# The life of a rule

NIGHTLY = "{rule: nightly, kind: streetlight, when: reading.voltage > 250, active: {outside: holidays}}"
HOLIDAYS = "{calendar: holidays, open: [2026-10-01]}"
CHILD = "{rule: child, kind: streetlight, when: reading.voltage > 250, suppressed_by: [parent]}"
PARENT = "{rule: parent, kind: cabinet, no_data: 1h}"


def signed(author: str = "", note: str = "", at_ms: int = 0) -> Signature:
    return Signature(author, note, at_ms)


async def refusal(stages: Stages, text: str) -> list[str]:
    with pytest.raises(BadRules) as refused:
        await apply_documents(stages.log, stages.topics, text, signed(), "r.yaml")
    return [str(problem) for problem in refused.value.found]


async def test_a_rollback_puts_a_version_in_force_again_under_its_own_number_and_names_who_did(stages: Stages) -> None:
    log, topics = stages.log, stages.topics
    await apply_rules(log, topics, LAMP_OUT, now_ms=1, author="zhang")
    await apply_rules(log, topics, LAMP_OUT.replace("2m", "3m"), now_ms=2, author="li")
    back = await roll_back(log, topics, "lamp-out", 1, signed("wang", "too slow", 3))
    assert (back.version, back.rule.text, back.author) == (1, LAMP_OUT.lstrip(), "zhang")
    table = await read_table(log, topics)
    assert table.version_in_force("lamp-out") == VersionInForce(1, "wang", "too slow", 3)
    assert [(one.version, one.rule.for_ms) for one in table.versions("lamp-out")] == [(1, 120_000), (2, 180_000)]
    await roll_back(log, topics, "lamp-out", 1, signed("nobody", "again", 4))
    assert (await read_table(log, topics)).version_in_force("lamp-out") == VersionInForce(1, "wang", "too slow", 3)
    (forward,) = await apply_rules(log, topics, LAMP_OUT.replace("2m", "5m"), now_ms=5)
    assert forward.definition.version == 3, "numbers are never used twice"


async def test_a_removed_rule_comes_back_by_a_rollback(stages: Stages) -> None:
    await apply_rules(stages.log, stages.topics, SILENT, now_ms=1)
    await remove_rule(stages.log, stages.topics, "silent")
    await roll_back(stages.log, stages.topics, "silent", 1, signed())
    assert [one.version for one in await read_definitions(stages.log, stages.topics)] == [1]
    with pytest.raises(UnknownRule, match="silent version 9"):
        await roll_back(stages.log, stages.topics, "silent", 9, signed())


async def test_another_mode_is_a_new_version_with_only_the_mode_changed(stages: Stages) -> None:
    log, topics = stages.log, stages.topics
    await apply_rules(log, topics, LAMP_OUT, now_ms=1)
    shadow = await set_mode(log, topics, "lamp-out", Mode.SHADOW, signed("li", "let us see", 2))
    assert (shadow.definition.version, shadow.definition.author, shadow.definition.note) == (2, "li", "let us see")
    assert not (await set_mode(log, topics, "lamp-out", Mode.SHADOW, signed())).changed
    assert [line for line in shadow.definition.rule.text.splitlines() if line not in LAMP_OUT] == ["mode: shadow"]
    live = await set_mode(log, topics, "lamp-out", Mode.LIVE, signed())
    assert live.definition.version == 3
    with pytest.raises(UnknownRule):
        await set_mode(log, topics, "nothing", Mode.OFF, signed())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# 灯\nrule: a #x\nkind: cabinet\nno_data: 1h\n", "# 灯\nrule: a #x\nmode: off\nkind: cabinet\nno_data: 1h\n"),
        ("rule: a\nmode: 'live' # now\nkind: cabinet\nno_data: 1h", "rule: a\nmode: off # now\nkind: cabinet\nno_data: 1h"),
        ("{rule: a, kind: cabinet, no_data: 1h}", "{rule: a, mode: off, kind: cabinet, no_data: 1h}"),
        ("- rule: a\n  kind: cabinet\n  no_data: 1h\n", "rule: a\nmode: off\nkind: cabinet\nno_data: 1h\n"),
        ("no_data: 1h\nkind: cabinet\nrule: a", "no_data: 1h\nkind: cabinet\nrule: a\nmode: off"),
        ("title: {en: '一', zh: 二}\nno_data: 1h\nkind: cabinet\nmode: live\nrule: a", None),
    ],
)  # fmt: skip
def test_a_document_keeps_everything_but_its_mode(before: str, after: str | None) -> None:
    (rule,) = parse_rules(before)
    changed = with_mode(rule, Mode.OFF)
    assert changed.mode is Mode.OFF
    assert changed.text == (before.replace("live", "off") if after is None else after)


# What rules name of others


async def test_calendars_are_applied_beside_rules_and_kept_by_name(stages: Stages) -> None:
    log, topics = stages.log, stages.topics
    first = await apply_documents(log, topics, f"{NIGHTLY}\n---\n{HOLIDAYS}", signed("li", "2026", 5))
    assert [one.definition.name for one in first.rules] == ["nightly"]
    (holidays,) = (await read_table(log, topics)).calendar_definitions()
    assert (holidays.calendar.name, holidays.version, holidays.author, holidays.applied_at_ms) == (
        "holidays",
        1,
        "li",
        5,
    )
    assert (await apply_documents(log, topics, HOLIDAYS, signed())).calendars == [holidays]
    await apply_documents(log, topics, HOLIDAYS.replace("10-01", "10-02"), signed())
    (later,) = (await read_table(log, topics)).calendar_definitions()
    assert later.version == 2
    with pytest.raises(RuleInUse, match="calendar holidays is named by nightly"):
        await remove_calendar(log, topics, "holidays")
    await remove_rule(log, topics, "nightly")
    await remove_calendar(log, topics, "holidays")
    assert (await read_table(log, topics)).calendars() == []
    with pytest.raises(UnknownRule):
        await remove_calendar(log, topics, "holidays")


async def test_a_name_that_neither_the_log_nor_the_document_has_is_refused_at_its_place(stages: Stages) -> None:
    group = "{rule: many, group: {of: [child, ghost], by: parent, at_least: 3, within: 10m}}"
    assert await refusal(stages, f"{NIGHTLY}\n---\n{CHILD}\n---\n{group}") == [
        "r.yaml:1:83: `active.outside`: there is no calendar 'holidays'",
        "r.yaml:3:79: `suppressed_by`: there is no rule 'parent'",
        "r.yaml:5:34: `group.of`: there is no rule 'ghost'",
    ]
    await apply_documents(stages.log, stages.topics, f"{PARENT}\n---\n{HOLIDAYS}", signed())
    await apply_documents(stages.log, stages.topics, f"{NIGHTLY}\n---\n{CHILD}", signed())
    with pytest.raises(RuleInUse, match="rule parent is named by child"):
        await remove_rule(stages.log, stages.topics, "parent")


async def test_rules_that_wait_for_each_other_in_a_circle_are_refused(stages: Stages) -> None:
    await apply_documents(stages.log, stages.topics, f"{PARENT}\n---\n{CHILD}", signed())
    back = "{rule: parent, kind: cabinet, no_data: 1h, suppressed_by: child}"
    assert await refusal(stages, back) == [
        "r.yaml:1:59: `suppressed_by`: this goes round in a circle: parent → child → parent"
    ]
    group = "{rule: parent, group: {of: child, by: parent, at_least: 3, within: 10m}}"
    assert await refusal(stages, group) == [
        "r.yaml:1:28: `group.of`: this goes round in a circle: parent → child → parent"
    ]
    assert "self → self" in (await refusal(stages, "{rule: self, kind: cabinet, no_data: 1h, suppressed_by: self}"))[0]


async def test_a_version_that_names_what_is_no_more_cannot_be_rolled_back_to(stages: Stages) -> None:
    log, topics = stages.log, stages.topics
    await apply_documents(log, topics, f"{PARENT}\n---\n{CHILD}", signed())
    await apply_documents(log, topics, CHILD.replace(", suppressed_by: [parent]", ""), signed())
    await remove_rule(log, topics, "parent")
    with pytest.raises(BadRules, match="there is no rule 'parent'"):
        await roll_back(log, topics, "child", 1, signed())
