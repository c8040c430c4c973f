"""Each partition's own record on `rules.state`: sums, the places they hold up to, the rules' versions and health."""

from typing import Any, Final

import orjson

from domain.topics import Topics
from streams.ports import Log, TopicPartition
from streams.reading.tables import read_between

_FIRST_LOOK: Final = 64


def partition_key(partition: int) -> bytes:
    """The key of a partition's own record, beside those of its devices."""
    return f"partition/{partition}".encode()


async def read_partition_states(log: Log, topics: Topics) -> dict[int, dict[str, Any]]:
    """The newest of each partition that has one, by its number.

    It is the last record of every transaction, so it is looked for from the end, further back only where it is not there.
    """
    bounds = await log.bounds([topics.rule_state])
    found: dict[int, dict[str, Any]] = {}
    look = _FIRST_LOOK
    while missing := {tp: span for tp, span in bounds.items() if tp.partition not in found}:
        spans: dict[TopicPartition, tuple[int, int]] = {
            tp: (max(first, end - look), end) for tp, (first, end) in missing.items()
        }
        async for record in read_between(log, spans):
            if record.value is not None and record.key == partition_key(record.partition):
                found[record.partition] = orjson.loads(record.value)
        if all(start == bounds[tp][0] for tp, (start, _) in spans.items()):
            break
        look *= 16
    return found
