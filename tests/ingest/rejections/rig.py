"""Refused messages on an embedded log, and the service over them."""

from collections.abc import Sequence
from typing import Any

import orjson

from domain.devices import Device
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.ledger.counting import LogCount
from ingest.pipeline.message_to_records import Pipeline
from ingest.rejections.rejected_message import RejectedMessage, RejectionQuery, Standing
from ingest.rejections.service import LogRejections
from ingest.rejections.tail import RejectedTail
from streams.ports import Log
from streams.reading.tables import read_to_end
from tests.ingest.lookup import MemoryLookup, lookup_of

NOW = 1_763_772_000_410
TOPICS = Topics(partitions=3, kinds=("streetlight", "gateway"))


class RejectionRig:
    """A gateway's pipeline, the lookup that it shares with the service, and what stands on the log."""

    def __init__(self, log: Log, topics: Topics = TOPICS) -> None:
        self.log = log
        self.topics = topics
        self.lookup: MemoryLookup = lookup_of(Device("GW-1", "gateway", "gateway"), kinds=TOPICS.kinds)
        self.rejections = LogRejections(log, topics, self.lookup, now_ms=lambda: NOW + 60_000)
        self.tail = RejectedTail(log, topics)
        self._pipeline = Pipeline(topics, self.lookup)

    def register(self, *names: str) -> None:
        self.lookup.put(*(Device(name, "streetlight", "streetlight", parent_id="GW-1") for name in names))

    async def receive(self, topic: str, document: object, at_ms: int = NOW) -> None:
        payload = document if isinstance(document, bytes) else orjson.dumps(document)
        await self.log.append(self._pipeline.records(MqttMessage(topic, payload, at_ms)))

    async def report(self, name: str, at_ms: int = NOW, **readings: object) -> None:
        await self.receive(f"city/x/streetlight/{name}/up", {"readings": readings or {"voltage": 230.0}}, at_ms)

    async def listed(self, standing: Standing = Standing.OPEN, **query: Any) -> Sequence[RejectedMessage]:
        return (await self.rejections.list_rejected(RejectionQuery(standing=standing, **query), 100)).items

    async def telemetry(self) -> list[dict[str, Any]]:
        return [orjson.loads(one.value or b"") async for one in read_to_end(self.log, self.topics.all_telemetry)]

    async def counted(self) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """The ledger's rejections, those in part, and what replays settled."""
        count = LogCount(self.log, self.topics)
        await count.advance()
        return count.rejected(partial=False), count.rejected(partial=True), count.replayed()
