"""Who reads which partition: Kafka's range assignment, as a pure function."""

from collections.abc import Collection, Mapping

from streams.ports import TopicPartition


def assign_range(
    members: Mapping[str, Collection[str]], partitions: Mapping[str, int]
) -> dict[str, frozenset[TopicPartition]]:
    """The partitions of each member, given the topics each reads and how many partitions a topic has.

    Shape: every partition of a topic goes to exactly one of its readers, in runs of neighbouring numbers by member
    name. Topics with equal partition counts and the same readers are split alike, so that equal partition numbers meet
    at one member. A member may get none.
    Source: org.apache.kafka.clients.consumer.RangeAssignor.
    """
    assigned: dict[str, set[TopicPartition]] = {member: set() for member in members}
    for topic in sorted({topic for topics in members.values() for topic in topics}):
        readers = sorted(member for member, topics in members.items() if topic in topics)
        share, extra = divmod(partitions[topic], len(readers))
        first = 0
        for place, member in enumerate(readers):
            after = first + share + (place < extra)
            assigned[member].update(TopicPartition(topic, number) for number in range(first, after))
            first = after
    return {member: frozenset(owned) for member, owned in assigned.items()}
