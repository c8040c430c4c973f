"""What both adapters promise about transactions."""

import asyncio

import pytest

from domain.errors import Fenced
from domain.topics import Cleanup
from streams import MAX_RECORD_BYTES, Committed, Log, Outgoing, RecordTooLarge, TopicPartition
from streams.reading.tables import latest_by_key, read_to_end
from tests.streams.rigs import Rig, by_partition, collected, eventually, numbered, read_some


async def test_a_commit_appends_records_and_moves_offsets_together(rig: Rig, log: Log) -> None:
    events = await rig.topic(log, "events")
    state = await rig.topic(log, "state", cleanup=Cleanup.COMPACT)
    inputs = TopicPartition(await rig.topic(log, "inputs"), 1)
    writer = await log.writer(rig.group("worker"))
    await writer.commit(
        [*numbered(events, 20), Outgoing(state, b"L1", b"s1"), Outgoing(state, b"L2", b"s2")],
        rig.group(),
        {inputs: Committed(17, "note")},
    )
    await writer.commit([Outgoing(state, b"L2", None)], rig.group(), {inputs: Committed(18)})
    reader = rig.closing(await log.reader([events]))
    for mine in by_partition(await read_some(reader, 20)).values():
        assert [int(r.value or b"") for r in mine] == sorted(int(r.value or b"") for r in mine)
    places = await eventually(lambda: log.committed(rig.group(), [inputs]), lambda p: p[inputs].offset == 18)
    assert places == {inputs: Committed(18)}
    table = await eventually(lambda: latest_by_key(log, state), lambda t: set(t) == {b"L1"})
    assert table[b"L1"].value == b"s1"
    await writer.close()


async def test_a_zombie_is_fenced_and_writes_nothing(rig: Rig, log: Log) -> None:
    events = await rig.topic(log, "events", partitions=1)
    inputs = TopicPartition(await rig.topic(log, "inputs"), 0)
    old = await log.writer(rig.group("worker"))
    await old.commit([Outgoing(events, b"k", b"old")], rig.group(), {inputs: Committed(1)})
    new = await log.writer(rig.group("worker"))
    assert (await log.committed(rig.group(), [inputs]))[inputs].offset == 1
    for _ in range(2):
        with pytest.raises(Fenced):
            await old.commit([Outgoing(events, b"k", b"zombie")], rig.group(), {inputs: Committed(99)})
    await new.commit([Outgoing(events, b"k", b"new")], rig.group(), {inputs: Committed(2)})
    reader = rig.closing(await log.reader([events]))
    assert [r.value for r in await read_some(reader, 2)] == [b"old", b"new"]
    await eventually(lambda: log.committed(rig.group(), [inputs]), lambda p: p == {inputs: Committed(2)})
    await asyncio.gather(old.close(), new.close())


async def test_ids_do_not_fence_one_another(rig: Rig, log: Log) -> None:
    events = await rig.topic(log, "events", partitions=4)
    writers = [await log.writer(rig.group(f"worker-{i}")) for i in range(4)]
    inputs = [TopicPartition(events, i) for i in range(4)]

    async def work(i: int) -> None:
        for turn in range(5):
            await writers[i].commit(
                numbered(events, 10, partition=i, first=10 * turn), rig.group(), {inputs[i]: Committed(turn)}
            )

    await asyncio.gather(*map(work, range(4)))
    for i, mine in by_partition(await read_some(rig.closing(await log.reader([events])), 200)).items():
        assert [r.value for r in mine] == [b"%d" % n for n in range(50)], i
    await eventually(lambda: log.committed(rig.group(), inputs), lambda p: p == {tp: Committed(4) for tp in inputs})
    await asyncio.gather(*(writer.close() for writer in writers))


async def test_a_commit_that_cannot_be_stored_changes_nothing(rig: Rig, log: Log) -> None:
    events = await rig.topic(log, "events", partitions=1)
    writer = await log.writer(rig.group("worker"))
    huge = Outgoing(events, b"k", b"x" * (MAX_RECORD_BYTES + 1))
    with pytest.raises(RecordTooLarge):
        await writer.commit(
            [Outgoing(events, b"k", b"1"), huge], rig.group(), {TopicPartition(events, 0): Committed(1)}
        )
    assert await log.committed(rig.group(), [TopicPartition(events, 0)]) == {}
    await writer.commit([Outgoing(events, b"k", b"2")], rig.group(), {})
    assert [r.value for r in await read_some(rig.closing(await log.reader([events])), 1)] == [b"2"]
    await writer.close()


async def test_more_than_a_batch_fits_one_transaction(rig: Rig, log: Log) -> None:
    events = await rig.topic(log, "events", partitions=2)
    writer = await log.writer(rig.group("worker"))
    big = [Outgoing(events, None, b"%04d" % i + b"x" * 100_000, partition=i % 2) for i in range(50)]
    await writer.commit(big, rig.group(), {TopicPartition(events, 0): Committed(1)})
    records = by_partition(await read_some(rig.closing(await log.reader([events])), 50))
    for partition, mine in records.items():
        assert [int((r.value or b"")[:4]) for r in mine] == list(range(partition.partition, 50, 2))
    await writer.close()


async def test_offsets_alone_and_nothing_at_all_can_be_committed(rig: Rig, log: Log) -> None:
    inputs = TopicPartition(await rig.topic(log, "inputs"), 0)
    writer = await log.writer(rig.group("worker"))
    await writer.commit([], rig.group(), {})
    await writer.commit([], rig.group(), {inputs: Committed(5, "only")})
    await eventually(lambda: log.committed(rig.group(), [inputs]), lambda p: p == {inputs: Committed(5, "only")})
    await writer.close()


async def test_reading_to_the_end_ends_on_a_topic_written_by_transactions(rig: Rig, log: Log) -> None:
    events = await rig.topic(log, "events", partitions=1)
    writer = await log.writer(rig.group("worker"))
    for i in range(3):
        await writer.commit(numbered(events, 2, partition=0, first=2 * i), rig.group(), {})
    read = lambda: collected(read_to_end(log, [events]))  # noqa: E731
    records = await eventually(read, lambda found: len(found) == 6)
    assert [r.value for r in records] == [b"%d" % i for i in range(6)]
    await writer.close()
