"""The recorder's place in the log and the sums up to it, as they travel with a commit."""

from collections.abc import Mapping

from domain.topics import Topics
from streams.ports import Committed
from timeseries.ports import PartitionProgress, Sums


def recorder_group(topics: Topics) -> str:
    return f"{topics.prefix}recorder"


def encode_sums(progress: PartitionProgress) -> Committed:
    """A place in the log with the sums up to it, as the recorder commits it."""
    sums = progress.sums
    return Committed(progress.next_offset, f"{sums.stored} {sums.duplicate} {sums.refused}")


def decode_sums(committed: Committed) -> PartitionProgress:
    """What `encode_sums` wrote; an empty note means no sums yet."""
    return PartitionProgress(committed.offset, Sums(*map(int, committed.metadata.split())))


def sum_up(progress: Mapping[tuple[str, int], PartitionProgress]) -> Sums:
    """The sums over all partitions."""
    total = Sums()
    for place in progress.values():
        total = total + place.sums
    return total
