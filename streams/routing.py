"""Which partition a record goes to: the one it names, or its key's by murmur2, or any."""

import itertools
from collections.abc import Awaitable, Callable, Collection, Mapping

from domain.partitioning import Partitioner
from streams.ports import Outgoing


class Routing:
    """Partition numbers for records, once the topics are known.

    Records without key or partition go round the partitions.
    """

    def __init__(self, ask_counts: Callable[[Collection[str]], Awaitable[Mapping[str, int]]]) -> None:
        self._ask_counts = ask_counts
        self._partitioners: dict[str, Partitioner] = {}
        self._unkeyed: dict[str, itertools.cycle[int]] = {}

    async def know(self, topics: Collection[str]) -> None:
        """Ask for what is not known yet. Raises: ConfigurationError naming topics that do not exist."""
        new = [topic for topic in topics if topic not in self._partitioners]
        if new:
            for topic, count in (await self._ask_counts(new)).items():
                self._partitioners[topic] = Partitioner(count)
                self._unkeyed[topic] = itertools.cycle(range(count))

    def number_of(self, record: Outgoing) -> int:
        if record.partition is not None:
            return record.partition
        if record.key is None:
            return next(self._unkeyed[record.topic])
        return self._partitioners[record.topic](record.key)
