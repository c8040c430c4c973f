"""Rules on the log: versions, what is in force, and what a table of them says."""

import pytest

from rules.definitions import RuleTable, apply_rules, read_definitions, read_table, remove_rule
from rules.problems import BadRules
from tests.rules.lanes import LAMP_OUT
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


def test_an_empty_table_says_nothing() -> None:
    table = RuleTable()
    assert (table.in_force(), table.versions("x"), table.version("x", 1), table.revision) == ([], [], None, 0)
