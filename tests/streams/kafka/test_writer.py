"""In what order a transaction asks Kafka: what it refuses with "again, please" costs 100 ms, and holds every reader up."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient

from streams import Committed, Log, Outgoing, TopicPartition
from tests.streams.rigs import Rig

pytestmark = pytest.mark.kafka

_RECORDS, _GROUP = "ProduceRequest", "AddOffsetsToTxnRequest"


@pytest.fixture
async def rig(kafka_bootstrap: str, tmp_path: Path, topic_prefix: str) -> AsyncIterator[Rig]:
    rig = Rig(f"kafka://{kafka_bootstrap}", tmp_path, topic_prefix)
    yield rig
    await rig.close()


async def test_the_group_joins_a_transaction_only_behind_its_records(
    rig: Rig, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = await rig.topic(log, partitions=3)
    writer = await log.writer(rig.group("worker"))
    beside_the_group: list[int] = []
    in_flight, send = dict.fromkeys((_RECORDS, _GROUP), 0), AIOKafkaClient.send

    async def noted(client: AIOKafkaClient, node: int, request: Any, **options: Any) -> Any:
        name = type(request).__name__
        if name not in in_flight:
            return await send(client, node, request, **options)
        in_flight[name] += 1
        if in_flight[_GROUP]:
            beside_the_group.append(in_flight[_RECORDS])
        try:
            return await send(client, node, request, **options)
        finally:
            in_flight[name] -= 1

    monkeypatch.setattr(AIOKafkaClient, "send", noted)
    for turn in range(1, 4):
        records = [Outgoing(topic, None, b"%d" % turn, partition=number) for number in range(3)]
        await writer.commit(records, rig.group(), {TopicPartition(topic, 0): Committed(turn)})
    assert beside_the_group == [0, 0, 0]
    await writer.close()
