"""What is written of a rule's health on the log, for processes without a worker of their own."""

from rules.worker.health import RuleTally, read_health
from tests.rules.engines import LAMP_OUT, lamp, report
from tests.rules.stages import Registry, Stages, eventually

BROKEN = "{rule: broken, kind: streetlight, when: reading.active_power < device.limit}"
ODD = Registry([lamp(attributes={"limit": "high"})])


async def health(stages: Stages, rule: str, expected: RuleTally) -> None:
    """Wait until the log holds that of a rule."""

    async def published() -> bool | None:
        return True if (await read_health(stages.log, stages.topics)).by_rule.get(rule) == expected else None

    await eventually(published, f"the log holds {expected} of {rule}")


async def tally(stages: Stages, rule: str) -> RuleTally:
    return (await read_health(stages.log, stages.topics)).by_rule[rule]


async def test_a_rule_that_fails_is_reported_on_the_log_and_the_others_go_on(stages: Stages) -> None:
    await stages.apply(f"{LAMP_OUT}---\n{BROKEN}")
    stages.worker(ODD)
    for minute in range(4):
        await stages.report(report(minute, 2.0))
    await stages.judged(4)
    await stages.published(1)
    broken, lamp_out = await tally(stages, "broken"), await tally(stages, "lamp-out")
    assert (broken.version, broken.errors, broken.opened) == (1, 4, 0)
    assert broken.error is not None
    assert "device.limit" in broken.error
    assert lamp_out == RuleTally(1, 0, None, 1)


async def test_health_outlives_the_worker_and_starts_afresh_with_a_new_version(stages: Stages) -> None:
    await stages.apply(BROKEN)
    stages.worker(ODD)
    await stages.report(report(0))
    await stages.judged(1)
    await stages.stop()
    stages.worker(ODD)
    await stages.report(report(1))
    await stages.judged(2)
    assert (await tally(stages, "broken")).errors == 2
    await stages.apply(BROKEN.replace("device.limit", "5"))
    await health(stages, "broken", RuleTally(2))


async def test_the_newest_state_of_a_partition_is_found_behind_many_others(stages: Stages) -> None:
    """More records than the first look from the end takes in."""
    from rules.worker.partition_states import read_partition_states
    from streams.ports import Outgoing

    await stages.apply(LAMP_OUT)
    stages.worker(Registry([lamp()]))
    await stages.report(report(0))
    await stages.judged(1)
    await stages.stop()
    before = await read_partition_states(stages.log, stages.topics)
    topic = stages.topics.rule_state
    await stages.log.append([Outgoing(topic, b"device/x", None, (), p) for p in (0, 1) for _ in range(100)])
    assert before
    assert await read_partition_states(stages.log, stages.topics) == before
