"""What both adapters promise about members of a group."""

import asyncio
from collections import Counter

import pytest

from domain.errors import Fenced
from streams import Committed, Log, LogReader, Outgoing, TopicPartition
from tests.streams.rigs import PATIENCE_S, Rig, eventually, numbered, read_some


class Member:
    """A group member as a stage would run it: works through what it reads, and commits when it must let go."""

    def __init__(self, rig: Rig, log: Log, topics: list[str]) -> None:
        self._rig, self._log, self._topics = rig, log, topics
        self.seen: list[bytes] = []
        self.assigned: frozenset[TopicPartition] = frozenset()
        self.history: list[tuple[str, frozenset[TopicPartition]]] = []
        self._done: dict[TopicPartition, Committed] = {}
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reader: LogReader | None = None

    async def start(self) -> "Member":
        self._reader = await self._log.reader(
            self._topics, group=self._rig.group(), on_assigned=self._on_assigned, on_revoked=self._on_revoked
        )
        self._task = asyncio.create_task(self._run(self._reader))
        return self

    async def stop(self) -> None:
        self._stop.set()
        assert self._task is not None
        await self._task

    async def _run(self, reader: LogReader) -> None:
        while not self._stop.is_set():
            for tp, records in (await reader.read(timeout_s=0.1, max_records=50)).items():
                assert tp in self.assigned
                await asyncio.sleep(0)  # a rebalance that comes now must not cut in
                assert tp in self.assigned
                self.seen += [record.value or b"" for record in records]
                self._done[TopicPartition(*tp)] = Committed(records[-1].offset + 1)
        if self._done:
            await reader.commit(self._done)
        await reader.close()

    async def _on_assigned(self, partitions: frozenset[TopicPartition]) -> None:
        self.history.append(("assigned", partitions))
        self.assigned = partitions

    async def _on_revoked(self, partitions: frozenset[TopicPartition]) -> None:
        self.history.append(("revoked", partitions))
        assert partitions == self.assigned
        assert self._reader is not None
        if self._done:
            await self._reader.commit(self._done)
        self._done = {}
        self.assigned = frozenset()


async def balanced(*members: Member) -> None:
    """Wait until every member holds something."""

    async def held() -> list[int]:
        return [len(member.assigned) for member in members]

    await eventually(held, all)


async def test_a_rebalance_loses_and_doubles_nothing(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=6)
    first, sent = await Member(rig, log, [topic]).start(), 0

    async def feed() -> None:
        nonlocal sent
        await log.append(numbered(topic, 200, first=sent))
        sent += 200

    async def all_seen() -> int:
        return len(first.seen) + len(second.seen) + len(third.seen)

    await balanced(first)
    await feed()
    second = await Member(rig, log, [topic]).start()
    await feed()
    await balanced(first, second)
    await feed()
    third = await Member(rig, log, [topic]).start()
    await balanced(first, second, third)
    await first.stop()
    await feed()
    await eventually(all_seen, lambda seen: seen >= sent)
    await asyncio.gather(second.stop(), third.stop())
    seen = Counter(first.seen + second.seen + third.seen)
    assert set(seen) == {b"%d" % i for i in range(sent)}
    assert set(seen.values()) == {1}
    assert second.seen
    assert third.seen


async def test_equal_partition_numbers_meet_at_one_member(rig: Rig, log: Log) -> None:
    topics = [await rig.topic(log, name, partitions=5) for name in ("lamps", "covers", "water")]
    members = [await Member(rig, log, topics).start() for _ in range(2)]
    await balanced(*members)
    numbers = [{tp.partition for tp in member.assigned} for member in members]
    assert not numbers[0] & numbers[1]
    assert numbers[0] | numbers[1] == set(range(5))
    for member, mine in zip(members, numbers, strict=True):
        assert member.assigned == {TopicPartition(topic, number) for topic in topics for number in mine}
    await asyncio.gather(*(member.stop() for member in members))


async def test_the_old_assignment_is_given_back_before_the_new_one_comes(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=4)
    first = await Member(rig, log, [topic]).start()
    await balanced(first)
    second = await Member(rig, log, [topic]).start()
    await balanced(first, second)
    every = frozenset(TopicPartition(topic, number) for number in range(4))
    kinds = [kind for kind, _ in first.history]
    assert kinds == ["assigned", "revoked"] * (len(kinds) // 2) + ["assigned"]
    assert first.history[0] == ("assigned", every)
    assert first.assigned | second.assigned == every
    await asyncio.gather(first.stop(), second.stop())


async def test_a_member_may_seek_while_it_takes_up_its_partitions(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=1)
    await log.append(numbered(topic, 10, partition=0))

    async def on_assigned(partitions: frozenset[TopicPartition]) -> None:
        reader.seek(dict.fromkeys(partitions, 8))

    reader = rig.closing(await log.reader([topic], group=rig.group(), on_assigned=on_assigned))
    assert [r.offset for r in await read_some(reader, 2)] == [8, 9]


async def test_a_member_cannot_commit_what_it_does_not_hold(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log, partitions=2)
    await log.append(numbered(topic, 20))
    first = await log.reader([topic], group=rig.group())
    await read_some(first, 20)
    other = await Member(rig, log, [topic]).start()
    async with asyncio.timeout(PATIENCE_S):
        while not other.assigned:
            await first.read(timeout_s=0.1)
    [theirs] = other.assigned
    with pytest.raises(Fenced):
        await first.commit({theirs: Committed(1)})
    await asyncio.gather(first.close(), other.stop())


async def test_an_error_in_a_listener_reaches_the_reading_task(rig: Rig, log: Log) -> None:
    topic = await rig.topic(log)
    await log.append([Outgoing(topic, b"k", b"v")])

    async def on_assigned(partitions: frozenset[TopicPartition]) -> None:
        raise LookupError("no state for these")

    reader = rig.closing(await log.reader([topic], group=rig.group(), on_assigned=on_assigned))
    with pytest.raises(LookupError):
        await read_some(reader, 1)
