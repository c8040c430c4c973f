"""The range assignment, against aiokafka's own."""

from hypothesis import given
from hypothesis import strategies as st

from streams import TopicPartition
from streams.routing.assignment import assign_range

TOPICS = st.dictionaries(st.sampled_from("abcd"), st.integers(1, 13), min_size=1)


@given(topics=TOPICS, members=st.integers(1, 7), data=st.data())
def test_every_partition_has_exactly_one_reader(topics: dict[str, int], members: int, data: st.DataObject) -> None:
    readers = {
        f"m{i}": data.draw(st.sets(st.sampled_from(sorted(topics)), min_size=1), label=f"m{i}") for i in range(members)
    }
    assigned = assign_range(readers, topics)
    dealt = [tp for owned in assigned.values() for tp in owned]
    read = {topic for mine in readers.values() for topic in mine}
    assert sorted(dealt) == sorted(TopicPartition(topic, n) for topic in read for n in range(topics[topic]))
    assert all(tp.topic in readers[member] for member, owned in assigned.items() for tp in owned)


@given(count=st.integers(1, 24), members=st.integers(1, 7))
def test_equal_numbers_of_topics_of_one_size_meet(count: int, members: int) -> None:
    assigned = assign_range({f"m{i}": {"a", "b", "c"} for i in range(members)}, {"a": count, "b": count, "c": count})
    sizes = []
    for owned in assigned.values():
        numbers = {tp.partition for tp in owned}
        sizes.append(len(numbers))
        assert owned == {TopicPartition(topic, number) for topic in "abc" for number in numbers}
    assert max(sizes) - min(sizes) <= 1


@given(topics=TOPICS, members=st.integers(1, 7))
def test_it_is_kafka_s_range_assignment(topics: dict[str, int], members: int) -> None:
    from aiokafka.coordinator.assignors.range import RangePartitionAssignor

    class Cluster:
        def partitions_for_topic(self, topic: str) -> set[int]:
            return set(range(topics[topic]))

    names = [f"m{i}" for i in range(members)]
    theirs = RangePartitionAssignor.assign(Cluster(), {name: RangePartitionAssignor.metadata(topics) for name in names})
    ours = assign_range({name: set(topics) for name in names}, topics)
    for name in names:
        dealt = {TopicPartition(topic, n) for topic, numbers in theirs[name].assignment for n in numbers}
        assert ours[name] == dealt
