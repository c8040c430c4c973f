"""What both adapters promise about appending and reading."""

import asyncio
import time

import pytest

from domain.errors import ConfigurationError
from domain.topics import Cleanup, TopicSpec
from streams import MAX_RECORD_BYTES, Committed, Log, Outgoing, RecordTooLarge, Start, TopicPartition
from streams.reading.tables import latest_by_key, read_to_end
from streams.routing.partitioning import partition_of
from tests.streams.rigs import Rig, by_partition, collected, nothing_comes, numbered, read_some


async def test_a_record_comes_back_as_it_went_in(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    sent = [
        Outgoing(topic, b"SL-1", b'{"v":1}', (("schema", b"telemetry/1"), ("type", b"\x00\xff"))),
        Outgoing(topic, b"SL-1", None),
        Outgoing(topic, None, b"", (("empty", b""),)),
        Outgoing(topic, b"", "灯".encode(), (("名", b"x"),)),
    ]
    before_ms = time.time_ns() // 1_000_000
    await log.append(sent)
    after_ms = time.time_ns() // 1_000_000
    records = await read_some(rig.closing(await log.reader([topic])), len(sent))
    assert [(r.topic, r.key, r.value, tuple(r.headers)) for r in records] == [record[:4] for record in sent]
    assert [(r.partition, r.offset) for r in records] == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert all(before_ms <= r.timestamp <= after_ms for r in records)


async def test_a_key_decides_the_partition_by_murmur2(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=12)
    await log.append(numbered(topic, 500))
    records = await read_some(rig.closing(await log.reader([topic])), 500)
    assert len(by_partition(records)) == 12
    assert all(r.partition == partition_of(r.key or b"", 12) for r in records)


async def test_a_named_partition_is_taken_and_records_without_key_are_spread(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append([Outgoing(topic, b"any", b"named", partition=2)])
    for _ in range(9):
        await log.append([Outgoing(topic, None, b"spread")])
    records = await read_some(rig.closing(await log.reader([topic])), 10)
    assert [r.partition for r in records if r.value == b"named"] == [2]
    assert {r.partition for r in records if r.value == b"spread"} == {0, 1, 2}


async def test_a_named_partition_binds_only_its_own_record(rig: Rig, log: Log) -> None:
    topic, key = await rig.topic(log), b"one device"
    own = partition_of(key, 3)
    other = (own + 1) % 3
    await log.append([Outgoing(topic, key, b"named", partition=other), *[Outgoing(topic, key, b"keyed")] * 3])
    records = await read_some(rig.closing(await log.reader([topic])), 4)
    assert sorted((r.partition, r.value) for r in records) == sorted([(other, b"named"), *[(own, b"keyed")] * 3])


async def test_many_appends_in_flight_keep_the_order_of_each_partition(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    pending, sent = [], 0
    for turn in range(300):
        size = (1, 3, 50)[turn % 3]
        pending.append(log.append([Outgoing(topic, None, b"%d" % (sent + i), partition=i % 3) for i in range(size)]))
        sent += size
    await asyncio.gather(*pending)
    records = await read_some(rig.closing(await log.reader([topic])), sent)
    assert len(records) == sent
    for mine in by_partition(records).values():
        assert [r.offset for r in mine] == list(range(len(mine)))
        assert [int(r.value or b"") for r in mine] == sorted(int(r.value or b"") for r in mine)


async def test_an_append_ends_only_when_its_records_are_in_the_log(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append(numbered(topic, 100))
    bounds = await log.bounds([topic])
    assert sum(end - first for first, end in bounds.values()) == 100
    await log.append([])


async def test_a_record_too_large_is_refused_and_the_next_ones_pass(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    largest = b"x" * (MAX_RECORD_BYTES - 1)
    with pytest.raises(RecordTooLarge, match="1000001 bytes"):
        await log.append([Outgoing(topic, b"ok", b"ok"), Outgoing(topic, b"kk", largest)])
    await asyncio.gather(
        log.append([Outgoing(topic, b"k", largest)] * 3), log.append([Outgoing(topic, b"k", b"after")])
    )
    records = await read_some(rig.closing(await log.reader([topic])), 4)
    assert [r.value for r in records] == [largest, largest, largest, b"after"]


async def test_a_value_that_is_no_bytes_fails_alone(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    results = await asyncio.gather(
        log.append([Outgoing(topic, b"a", b"1")]),
        log.append([Outgoing(topic, b"b", b"2"), Outgoing(topic, b"c", [1])]),  # type: ignore[arg-type]
        log.append([Outgoing(topic, b"d", b"3")]),
        return_exceptions=True,
    )
    assert [type(result) for result in (results[0], results[2])] == [type(None)] * 2
    assert isinstance(results[1], Exception)
    records = await read_some(rig.closing(await log.reader([topic])), 2)
    assert [r.key for r in records if r.key != b"b"] == [b"a", b"d"]


async def test_reading_stops_at_max_records_and_goes_on_from_there(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append(numbered(topic, 100))
    reader = rig.closing(await log.reader([topic]))
    values: list[bytes | None] = []
    while len(values) < 100:
        batch = await reader.read(timeout_s=5, max_records=7)
        assert 0 < sum(map(len, batch.values())) <= 7
        values += [r.value for records in batch.values() for r in records]
    assert sorted(map(int, filter(None, values))) == list(range(100))


async def test_a_waiting_reader_is_woken_by_an_append_and_otherwise_returns_empty(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    reader = rig.closing(await log.reader([topic]))
    began_s = time.monotonic()
    assert await reader.read(timeout_s=0.3) == {}
    assert 0.25 < time.monotonic() - began_s < 5
    waiting = asyncio.ensure_future(reader.read(timeout_s=15))
    await asyncio.sleep(0)
    await log.append([Outgoing(topic, b"k", b"news")])
    assert [r.value for records in (await waiting).values() for r in records] == [b"news"]


async def test_a_reader_can_begin_at_the_end(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append(numbered(topic, 10))
    reader = rig.closing(await log.reader([topic], start=Start.LATEST))
    await log.append([Outgoing(topic, b"k", b"after")])
    assert [r.value for r in await read_some(reader, 1)] == [b"after"]


async def test_seek_and_position_name_the_next_record(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    tp = TopicPartition(topic, 0)
    await log.append(numbered(topic, 10, partition=0))
    reader = rig.closing(await log.reader([topic]))
    assert reader.position(tp) == 0
    await read_some(reader, 10)
    assert reader.position(tp) == 10
    reader.seek({tp: 7})
    assert reader.position(tp) == 7
    assert [r.offset for r in await read_some(reader, 3)] == [7, 8, 9]
    with pytest.raises(ValueError, match="not assigned"):
        reader.seek({TopicPartition(topic, 99): 0})


async def test_a_reader_of_named_partitions_sees_only_those(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append([record for p in range(3) for record in numbered(topic, 5, partition=p)])
    reader = rig.closing(await log.reader([topic], partitions=[TopicPartition(topic, 1)]))
    assert {r.partition for r in await read_some(reader, 5)} == {1}
    assert await nothing_comes(reader)


async def test_a_group_goes_on_where_it_committed_and_keeps_its_note(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=2)
    tp, other = TopicPartition(topic, 0), TopicPartition(topic, 1)
    await log.append(numbered(topic, 10, partition=0))
    first = await log.reader([topic], group=rig.group(), partitions=[tp, other])
    await read_some(first, 10)
    note = '{"seen":4,"名":"灯"}'
    await first.commit({tp: Committed(4, note)})
    await first.close()
    assert await log.committed(rig.group(), [tp, other]) == {tp: Committed(4, note)}
    assert await log.committed(rig.group("other"), [tp]) == {}
    second = rig.closing(await log.reader([topic], group=rig.group(), partitions=[tp]))
    assert second.position(tp) == 4
    assert [r.offset for r in await read_some(second, 6)] == [4, 5, 6, 7, 8, 9]


async def test_a_note_that_is_too_long_is_refused(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    reader = rig.closing(await log.reader([topic], group=rig.group(), partitions=[TopicPartition(topic, 0)]))
    await reader.commit({TopicPartition(topic, 0): Committed(0, "x" * 3072)})
    with pytest.raises(ValueError, match="metadata"):
        await reader.commit({TopicPartition(topic, 0): Committed(0, "灯" * 1025)})


async def test_bounds_are_the_first_kept_and_the_next_offset(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=2)
    await log.append(numbered(topic, 7, partition=1))
    assert await log.bounds([topic]) == {TopicPartition(topic, 0): (0, 0), TopicPartition(topic, 1): (0, 7)}


async def test_the_latest_by_key_leaves_out_what_was_deleted(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, cleanup=Cleanup.COMPACT)
    assert await latest_by_key(log, topic) == {}
    await log.append([Outgoing(topic, key, b"old") for key in (b"a", b"b", b"c")])
    await log.append([Outgoing(topic, b"a", b"new"), Outgoing(topic, b"b", None), Outgoing(topic, b"d", b"new")])
    table = await latest_by_key(log, topic)
    assert {key: record.value for key, record in table.items()} == {b"a": b"new", b"c": b"old", b"d": b"new"}


async def test_reading_to_the_end_ends_there(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append(numbered(topic, 50))
    assert len(await collected(read_to_end(log, [topic]))) == 50
    only = [TopicPartition(topic, 0)]
    assert {r.partition for r in await collected(read_to_end(log, [topic], only))} == {0}


async def test_ensuring_topics_twice_is_as_good_as_once(rig: Rig, log: Log) -> None:
    specs = [
        TopicSpec(f"{rig.prefix}kept", 2, retention_ms=60_000),
        TopicSpec(f"{rig.prefix}table", 2, Cleanup.COMPACT),
    ]
    await asyncio.gather(log.ensure_topics(specs), log.ensure_topics(specs))
    await log.ensure_topics(specs)
    assert len(await log.bounds([spec.name for spec in specs])) == 4


async def test_topics_with_other_partition_numbers_are_all_named(rig: Rig, log: Log) -> None:
    a, b = await rig.topic(log, "a", 2), await rig.topic(log, "b", 2)
    with pytest.raises(ConfigurationError) as refused:
        await log.ensure_topics([TopicSpec(a, 3), TopicSpec(b, 1), TopicSpec(f"{rig.prefix}c", 1)])
    assert len(refused.value.problems) == 2
    assert all(f"{topic} has 2 partitions" in str(refused.value) for topic in (a, b))


async def test_a_topic_that_does_not_exist_is_named(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    with pytest.raises(ConfigurationError, match="nowhere"):
        await log.reader([topic, f"{rig.prefix}nowhere"])
    with pytest.raises(ConfigurationError, match="nowhere"):
        await log.append([Outgoing(f"{rig.prefix}nowhere", b"k", b"v")])
    await log.append([Outgoing(topic, b"k", b"v")])


async def test_a_new_process_finds_everything(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    tp = TopicPartition(topic, 0)
    reader = await log.reader([topic], group=rig.group(), partitions=[tp])
    appends = [log.append(numbered(topic, 10, partition=0, first=10 * i)) for i in range(20)]
    await read_some(reader, 5)
    await reader.commit({tp: Committed(5, "note")})
    await reader.close()
    await log.close()  # waits for what is in flight
    assert all(append.done() for append in appends if isinstance(append, asyncio.Future))
    with pytest.raises(RuntimeError, match="closed"):
        log.append([Outgoing(topic, b"k", b"v")])
    again = await rig.open()
    assert await again.committed(rig.group(), [tp]) == {tp: Committed(5, "note")}
    await again.append([Outgoing(topic, None, b"200", partition=0)])
    records = await read_some(rig.closing(await again.reader([topic])), 201)
    assert [(r.offset, r.value) for r in records] == [(i, b"%d" % i) for i in range(201)]
