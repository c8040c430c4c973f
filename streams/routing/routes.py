"""Which partition a record goes to: the one it names, or its key's by murmur2, or any."""

import itertools
from collections.abc import Awaitable, Callable, Collection, Mapping

from streams.ports import Outgoing
from streams.routing.partitioning import Partitioner


class Route:
    """The partitions of one topic: `number_of` a key, and `unkeyed`, which goes round for records without one."""

    __slots__ = ("number_of", "unkeyed")

    def __init__(self, partitions: int) -> None:
        self.number_of = Partitioner(partitions)
        self.unkeyed = itertools.cycle(range(partitions))


class Routing:
    """Partition numbers for records, once the topics are known."""

    def __init__(self, ask_counts: Callable[[Collection[str]], Awaitable[Mapping[str, int]]]) -> None:
        self._ask_counts = ask_counts
        self._routes: dict[str, Route] = {}

    async def know(self, topics: Collection[str]) -> None:
        """Ask for what is not known yet. Raises: ConfigurationError naming topics that do not exist."""
        new = [topic for topic in topics if topic not in self._routes]
        if new:
            self._routes |= {topic: Route(count) for topic, count in (await self._ask_counts(new)).items()}

    def number_of(self, record: Outgoing) -> int:
        if record.partition is not None:
            return record.partition
        route = self._routes[record.topic]
        return next(route.unkeyed) if record.key is None else route.number_of(record.key)
