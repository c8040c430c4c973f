"""murmur2, against the vectors of Kafka's own tests and aiokafka's implementation."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.routing.partitioning import Partitioner, murmur2, partition_of


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        # org.apache.kafka.common.utils.UtilsTest.testMurmur2
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
        ("", 275646681),
    ],
)
def test_murmur2_gives_kafka_s_own_values(text: str, signed: int) -> None:
    assert murmur2(text.encode()) == signed % 2**32


@given(st.binary(max_size=80))
def test_murmur2_agrees_with_aiokafka(data: bytes) -> None:
    assert murmur2(data) == aiokafka_murmur2(data) % 2**32


@given(key=st.binary(max_size=40), partitions=st.integers(1, 50))
def test_a_partition_is_the_one_kafka_would_choose(key: bytes, partitions: int) -> None:
    numbers = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, numbers, numbers)


@given(st.lists(st.binary(max_size=3), max_size=60))
def test_a_small_memory_changes_no_answer(keys: list[bytes]) -> None:
    forgetful = Partitioner(7, remembered=2)
    assert [forgetful(key) for key in keys] == [partition_of(key, 7) for key in keys]
