"""What only Kafka can do to the log: be away, leave transactions open, refuse records."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from domain.errors import ConfigurationError, Fenced, TransientFault
from domain.topics import Cleanup, TopicSpec
from streams import Committed, Log, Outgoing, RecordTooLarge, TopicPartition, open_log
from streams.kafka.faults import OncePerOutage
from streams.kafka.log import KafkaLog
from streams.limits.records import RecordRefused
from streams.reading.tables import read_to_end
from tests.servers.kafka import KafkaServer
from tests.streams.rigs import Rig, collected, eventually, nothing_comes, numbered, read_some

pytestmark = pytest.mark.kafka


@pytest.fixture
async def rig(kafka_bootstrap: str, tmp_path: Path, topic_prefix: str) -> AsyncIterator[Rig]:
    rig = Rig(f"kafka://{kafka_bootstrap}", tmp_path, topic_prefix)
    yield rig
    await rig.close()


@pytest.fixture
async def open_transaction(rig: Rig, kafka_bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    """A producer of Kafka's own kind with a transaction open; aborted at the end."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, transactional_id=rig.group("raw"))
    await producer.start()
    await producer.begin_transaction()
    yield producer
    await producer.stop()


async def test_what_is_not_committed_is_not_seen(rig: Rig, log: Log, open_transaction: AIOKafkaProducer) -> None:
    topic = await rig.topic(log, partitions=1)
    tp = TopicPartition(topic, 0)
    await log.append([Outgoing(topic, b"k", b"before")])
    await open_transaction.send_and_wait(topic, b"pending", partition=0)
    await log.append([Outgoing(topic, b"k", b"behind it")])
    reader = rig.closing(await log.reader([topic]))
    assert [r.value for r in await read_some(reader, 1)] == [b"before"]
    assert await nothing_comes(reader)
    assert await log.bounds([topic]) == {tp: (0, 1)}
    assert [r.value for r in await collected(read_to_end(log, [topic]))] == [b"before"]
    await open_transaction.abort_transaction()
    assert [r.value for r in await read_some(reader, 1)] == [b"behind it"]


async def test_reading_to_the_end_ends_behind_an_aborted_transaction(
    rig: Rig, log: Log, open_transaction: AIOKafkaProducer
) -> None:
    topic = await rig.topic(log, partitions=1)
    tp = TopicPartition(topic, 0)
    await log.append([Outgoing(topic, b"k", b"kept")])
    for _ in range(3):
        await open_transaction.send_and_wait(topic, b"dropped", partition=0)
    await open_transaction.abort_transaction()
    await eventually(lambda: log.bounds([topic]), lambda bounds: bounds[tp] == (0, 5))  # the marker has an offset too
    assert [r.value for r in await collected(read_to_end(log, [topic]))] == [b"kept"]


async def test_opening_a_writer_undoes_what_its_forerunner_left_open(
    rig: Rig, log: Log, open_transaction: AIOKafkaProducer
) -> None:
    topic = await rig.topic(log, partitions=1)
    await open_transaction.send_and_wait(topic, b"left open", partition=0)
    writer = await log.writer(rig.group("raw"))
    await writer.commit([Outgoing(topic, b"k", b"after")], rig.group(), {})
    assert [r.value for r in await read_some(rig.closing(await log.reader([topic])), 1)] == [b"after"]
    await writer.close()


async def test_two_logs_see_one_another_s_records(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    other = await rig.open()
    await other.append(numbered(topic, 5))
    await eventually(lambda: log.bounds([topic]), lambda bounds: sum(end for _, end in bounds.values()) == 5)


async def test_a_record_the_broker_refuses_is_found_and_the_others_pass(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1, cleanup=Cleanup.COMPACT)  # a compacted topic takes no record without key
    calls = [[Outgoing(topic, b"%d" % (4 * i + j), b"v", partition=0) for j in range(4)] for i in range(25)]
    calls[7][2] = Outgoing(topic, None, b"no key", partition=0)
    calls[19][0] = Outgoing(topic, None, b"no key", partition=0)
    results = await asyncio.gather(*(log.append(call) for call in calls), return_exceptions=True)
    assert [i for i, result in enumerate(results) if result is not None] == [7, 19]
    assert all(isinstance(results[i], RecordRefused) for i in (7, 19))
    records = await read_some(rig.closing(await log.reader([topic])), 98)
    assert [r.key for r in records] == [b"%d" % i for i in range(100) if i not in (30, 76)]


@pytest.fixture
async def small_topic(rig: Rig, kafka_bootstrap: str) -> str:
    """A topic that takes no batch of more than 2,000 bytes."""
    topic = f"{rig.prefix}small"
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1, topic_configs={"max.message.bytes": "2000"})])
    await admin.close()
    return topic


async def test_a_broker_with_a_smaller_limit_refuses_only_what_exceeds_it(rig: Rig, log: Log, small_topic: str) -> None:
    sent = [log.append([Outgoing(small_topic, b"%d" % i, b"x" * (5000 if i == 5 else 300))]) for i in range(20)]
    results = await asyncio.gather(*sent, return_exceptions=True)
    assert [i for i, result in enumerate(results) if result is not None] == [5]
    assert isinstance(results[5], RecordTooLarge)
    records = await read_some(rig.closing(await log.reader([small_topic])), 19)
    assert [r.key for r in records] == [b"%d" % i for i in range(20) if i != 5]


async def test_a_transaction_the_broker_refuses_does_not_hold_up_readers(rig: Rig, log: Log, small_topic: str) -> None:
    other = await rig.topic(log, partitions=1)
    writer = await log.writer(rig.group("worker"))
    with pytest.raises(RecordTooLarge):
        await writer.commit(
            [Outgoing(other, b"k", b"undone"), Outgoing(small_topic, b"k", b"x" * 5000)], rig.group(), {}
        )
    await log.append([Outgoing(other, b"k", b"behind it")])
    assert [r.value for r in await read_some(rig.closing(await log.reader([other])), 1)] == [b"behind it"]
    with pytest.raises(RecordTooLarge):  # spent
        await writer.commit([Outgoing(other, b"k", b"v")], rig.group(), {})
    await writer.close()


async def test_a_lane_that_fails_ends_its_calls_and_works_again(rig: Rig, log: Log) -> None:
    assert isinstance(log, KafkaLog)
    topic = await rig.topic(log, partitions=1)
    supply = log._supply
    make = supply._make

    def refuse() -> object:
        raise ConfigurationError("no such user")

    supply._make = refuse
    calls = [asyncio.ensure_future(log.append([Outgoing(topic, b"k", b"%d" % i)])) for i in range(3)]
    async with asyncio.timeout(10):
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(result, ConfigurationError) for result in results)
    supply._make = make
    await log.append([Outgoing(topic, b"k", b"works")])
    assert [r.value for r in await read_some(rig.closing(await log.reader([topic])), 1)] == [b"works"]


async def test_a_topic_that_kafka_refuses_to_create_is_named(rig: Rig, log: Log) -> None:
    with pytest.raises(ConfigurationError, match="not a name"):
        await log.ensure_topics([TopicSpec("not a name", 1)])


async def test_a_broker_that_is_away_is_waited_for_but_not_by_close(
    kafka_server: KafkaServer, topic_prefix: str
) -> None:
    old = KafkaLog([kafka_server.bootstrap], closing_patience_s=0.5)
    known, topic = f"{topic_prefix}known", f"{topic_prefix}readings"
    await old.ensure_topics([TopicSpec(known, 1)])
    await old.append([Outgoing(known, b"k", b"v")])
    reader = await old.reader([known])
    kafka_server.stop()
    try:
        log = await open_log(kafka_server.url, Path())
        unknown = asyncio.ensure_future(log.append([Outgoing(topic, b"k", b"first")]))
        topics = asyncio.ensure_future(log.ensure_topics([TopicSpec(topic, 1)]))
        unanswered = asyncio.ensure_future(old.append([Outgoing(known, b"k", b"lost to us, and we say so")]))
        done, _ = await asyncio.wait({unknown, topics, unanswered}, timeout=0.5)
        assert not done
        began_s = time.monotonic()
        await reader.close()
        await old.close()
        assert time.monotonic() - began_s < 15
        with pytest.raises(TransientFault, match="closed before"):
            await unanswered
    finally:
        await asyncio.to_thread(kafka_server.start)
    async with asyncio.timeout(30):
        await topics
        # That append asked for its topic before it was there; either answer is honest, silence is not.
        [result] = await asyncio.gather(unknown, return_exceptions=True)
        await log.append([Outgoing(topic, b"k", b"second")])
        assert [r.value for r in await collected(read_to_end(log, [topic]))][-1:] == [b"second"]
        assert result is None or "readings" in str(result)
        await log.close()


async def test_a_broker_killed_under_load_loses_and_tears_nothing(
    rig: Rig, log: Log, kafka_server: KafkaServer
) -> None:
    readings, events = await rig.topic(log, "readings", partitions=3), await rig.topic(log, "events", partitions=1)
    back = asyncio.Event()
    appending = asyncio.create_task(append_and_read(rig, log, readings, back))
    committing = asyncio.create_task(commit_turns(rig, log, events, 60))
    await eventually(lambda: log.bounds([events]), lambda bounds: bounds[TopicPartition(events, 0)][1] > 20)
    kafka_server.kill()
    await asyncio.sleep(0.3)  # what is sent now is sent to nobody
    assert not appending.done()
    assert not committing.done()
    await asyncio.to_thread(kafka_server.start)
    back.set()
    async with asyncio.timeout(60):
        sent, _ = await asyncio.gather(appending, committing)
    records = await collected(read_to_end(log, [readings]))
    for number in range(3):
        mine = [int(r.value or b"") for r in records if r.partition == number]
        assert list(dict.fromkeys(mine)) == list(range(number, sent, 3))
    torn = await read_some(rig.closing(await log.reader([events])), 180)
    assert [int(r.value or b"") for r in torn] == list(range(180))


async def append_and_read(rig: Rig, log: Log, topic: str, enough: asyncio.Event) -> int:
    """How many records were appended; one member of a group has read them all."""
    reader = rig.closing(await log.reader([topic], group=rig.group("members")))
    pending: list[Awaitable[None]] = []
    seen: set[int] = set()
    while not enough.is_set() or len(seen) < len(pending):
        if not enough.is_set() and len(pending) < 20_000:
            first = len(pending)
            pending += [log.append(numbered(topic, 1, partition=i % 3, first=i)) for i in range(first, first + 30)]
        for records in (await reader.read(timeout_s=0.01)).values():
            seen.update(int(r.value or b"") for r in records)
    await asyncio.gather(*pending)
    return len(pending)


async def commit_turns(rig: Rig, log: Log, topic: str, turns: int) -> None:
    """A worker as a stage would run it: it resumes from the group's offsets after every uncertain commit."""
    place = TopicPartition(topic, 0)  # only a place to keep; nobody reads it
    writer, turn = await log.writer(rig.group("worker")), 0
    while turn < turns:
        try:
            await writer.commit(
                numbered(topic, 3, partition=0, first=3 * turn), rig.group(), {place: Committed(turn + 1)}
            )
            turn += 1
        except TransientFault:
            await writer.close()
            writer = await log.writer(rig.group("worker"))
            turn = (await log.committed(rig.group(), [place]))[place].offset
    await writer.close()


async def test_a_zombie_of_another_log_is_fenced_too(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    zombie = await (await rig.open()).writer(rig.group("worker"))
    holder = await log.writer(rig.group("worker"))
    with pytest.raises(Fenced):
        await zombie.commit([Outgoing(topic, b"k", b"zombie")], rig.group(), {})
    await holder.commit([Outgoing(topic, b"k", b"holder")], rig.group(), {})
    assert [r.value for r in await read_some(rig.closing(await log.reader([topic])), 1)] == [b"holder"]
    await asyncio.gather(zombie.close(), holder.close())


def test_aiokafka_logs_the_same_only_once_an_outage() -> None:
    calm = OncePerOutage(every_s=60)
    logged = [
        logging.LogRecord("aiokafka.conn", logging.ERROR, "", 0, f"{i % 2} failed: %s", (i,), None) for i in range(9)
    ]
    assert [bool(calm.filter(record)) for record in logged] == [True, True] + [False] * 7


async def test_a_topic_of_so_many_bytes_is_made_of_segments_that_can_be_dropped(
    rig: Rig, log: Log, kafka_bootstrap: str
) -> None:
    name = f"{rig.prefix}bounded"
    await log.ensure_topics([TopicSpec(name, 4, retention_ms=60_000, retention_bytes=64 * 1024**2)])
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    finally:
        await admin.close()
    settings = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert (settings["retention.ms"], settings["retention.bytes"]) == ("60000", str(16 * 1024**2))
    assert settings["segment.bytes"] == str(4 * 1024**2)
