"""What became of the reports, as the rules workers committed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.topics import Topics
from rules.worker.partition_states import read_partition_states
from streams.ports import Log, TopicPartition


def rules_group(topics: Topics) -> str:
    """The consumer group of the rules workers."""
    return f"{topics.prefix}rules"


@dataclass(frozen=True, slots=True)
class RuleSums:
    """The sums of all partitions, and up to where in the telemetry topics they hold: the next offset to be judged."""

    judged: int = 0
    duplicate: int = 0
    too_late: int = 0
    no_rule: int = 0
    offsets: Mapping[TopicPartition, int] = field(default_factory=dict)


async def read_rule_sums(log: Log, topics: Topics) -> RuleSums:
    """The sums as they were committed last; sums and offsets of a partition were written together.

    Pending is what stands in the log from `offsets` on (from its beginning where a partition is missing).
    """
    judged = duplicate = too_late = no_rule = 0
    offsets: dict[TopicPartition, int] = {}
    for partition, state in (await read_partition_states(log, topics)).items():
        for topic, topic_state in state["lanes"].items():
            counts: list[int] = topic_state["sums"]
            judged, duplicate = judged + counts[0], duplicate + counts[1]
            too_late, no_rule = too_late + counts[2], no_rule + counts[3]
            offsets[TopicPartition(topic, partition)] = topic_state["offset"]
    return RuleSums(judged, duplicate, too_late, no_rule, offsets)
