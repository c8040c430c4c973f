"""A consumer group inside one process: who holds which partitions, and when they change hands.

Every change (a member joins or leaves) takes all partitions back first and then deals them anew, as Kafka's eager
rebalance does:

    steady ──join, leave──▶ releasing: each holder lets go at its next read ──all let go──▶ steady, dealt anew
"""

from collections.abc import Callable, Collection, Mapping

from streams.ports import TopicPartition
from streams.routing.assignment import assign_range

_NOTHING: frozenset[TopicPartition] = frozenset()


class Member:
    """One reader's standing in its group."""

    def __init__(self, name: str, topics: Collection[str], wake: Callable[[], None]) -> None:
        self.name = name
        self.topics = frozenset(topics)
        self.wake = wake
        self.holds = _NOTHING
        """The partitions it may read and commit now."""
        self.dealt: frozenset[TopicPartition] | None = None
        """New partitions it has not taken up yet."""
        self.lost = False
        """It did not let go in time, and its partitions were given away."""


class ConsumerGroup:
    """The members of one group. Call from one event loop; nothing here waits.

    Time: a holder that does not read for `patience_s` during a rebalance loses its partitions to the others.
    """

    def __init__(self, partitions: Mapping[str, int], clock: Callable[[], float], patience_s: float) -> None:
        self._partitions = partitions
        self._clock = clock
        self._patience_s = patience_s
        self._members: dict[str, Member] = {}
        self._deadline: float | None = None

    @property
    def releasing(self) -> bool:
        return self._deadline is not None

    def join(self, member: Member) -> None:
        self._members[member.name] = member
        member.lost = False
        self._begin()

    def leave(self, member: Member) -> None:
        member.holds, member.dealt = _NOTHING, None
        if self._members.pop(member.name, None) is not None and self._members:
            self._begin()
            self.advance()

    def release(self, member: Member) -> None:
        """The member has let go of what it held."""
        member.holds = _NOTHING
        self.advance()

    def advance(self) -> None:
        """Deal anew if everybody has let go, or if those who have not are out of time."""
        if self._deadline is None:
            return
        holders = [member for member in self._members.values() if member.holds]
        if holders and self._clock() < self._deadline:
            return
        for member in holders:
            member.holds, member.dealt, member.lost = _NOTHING, None, True
            del self._members[member.name]
        self._deadline = None
        dealt = assign_range({name: member.topics for name, member in self._members.items()}, self._partitions)
        for name, member in self._members.items():
            member.dealt = dealt[name]
            member.wake()

    def _begin(self) -> None:
        self._deadline = self._clock() + self._patience_s
        for member in self._members.values():
            member.dealt = None
            member.wake()
