"""What a reader was asked for; both adapters take `Log.reader`'s arguments in this form."""

from typing import NamedTuple

from streams.ports import AssignmentListener, Start, TopicPartition


class Subscription(NamedTuple):
    """Which records, for which group, from where. `partitions` is None where the group shares them out."""

    topics: tuple[str, ...]
    group: str | None = None
    start: str = Start.EARLIEST
    partitions: tuple[TopicPartition, ...] | None = None
    on_assigned: AssignmentListener | None = None
    on_revoked: AssignmentListener | None = None

    @property
    def shared(self) -> bool:
        """Whether the reader is a member of a group that shares the partitions."""
        return self.group is not None and self.partitions is None
