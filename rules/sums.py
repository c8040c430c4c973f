"""What became of the reports, as the rules workers committed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from domain.topics import Topics
from streams.ports import Log, TopicPartition
from streams.tables import latest_by_key


def rules_group(topics: Topics) -> str:
    """The consumer group of the rules workers."""
    return f"{topics.prefix}rules"


def partition_key(partition: int) -> bytes:
    """The key of a partition's own record on `rules.state`, beside those of its devices."""
    return f"partition/{partition}".encode()


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
    table = await latest_by_key(log, topics.rule_state)
    judged = duplicate = too_late = no_rule = 0
    offsets: dict[TopicPartition, int] = {}
    for partition in range(topics.partitions):
        record = table.get(partition_key(partition))
        if record is None or record.value is None:
            continue
        for topic, lane in orjson.loads(record.value)["lanes"].items():
            counts: list[int] = lane["sums"]
            judged, duplicate = judged + counts[0], duplicate + counts[1]
            too_late, no_rule = too_late + counts[2], no_rule + counts[3]
            offsets[TopicPartition(topic, partition)] = lane["offset"]
    return RuleSums(judged, duplicate, too_late, no_rule, offsets)
