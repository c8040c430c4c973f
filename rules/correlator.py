"""The correlation stage: `rules.raised` in order to `city.events` as CloudEvents, each exactly once.

So far every event passes straight through. Groups, suppression, flapping and silences belong here, and nowhere else: this
is the only writer of `city.events`.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import orjson
import structlog

from domain.durations import format_instant
from domain.errors import Fenced, TransientFault
from domain.events import Transition
from domain.retry import backoff_s
from domain.topics import Headers, Topics, header
from rules.engine.announcing import CLOCK_HEADER
from streams.ports import Committed, Log, Outgoing, Record, Start, TopicPartition

SOURCE: Final = "/urbansense/rules"
_READ_TIMEOUT_S: Final = 0.2
_log = structlog.get_logger()


class Correlator:
    """The one writer of `city.events`; a second one takes over from the first, which ends with Fenced."""

    def __init__(self, log: Log, topics: Topics) -> None:
        self._log = log
        self._topics = topics
        self._group = f"{topics.prefix}correlator"

    async def run(self, stop: asyncio.Event) -> None:
        """Pass events on until `stop` is set. Waits out a log that is away. Raises: Fenced."""
        waits = backoff_s()
        while not stop.is_set():
            try:
                await self._pass_on(stop)
            except TransientFault as fault:
                wait_s = next(waits)
                _log.warning("correlator waits for the log", error=str(fault), again_in_s=round(wait_s, 1))
                try:
                    await asyncio.wait_for(stop.wait(), wait_s)
                except TimeoutError:
                    pass

    async def _pass_on(self, stop: asyncio.Event) -> None:
        """From the committed place on; the writer is opened first, so that an earlier one can move it no more."""
        raised = TopicPartition(self._topics.rules_raised, 0)
        writer = await self._log.writer(self._group)
        try:
            reader = await self._log.reader(
                [raised.topic], group=self._group, partitions=[raised], start=Start.EARLIEST
            )
            try:
                while not stop.is_set():
                    records = (await reader.read(_READ_TIMEOUT_S)).get(raised, ())
                    if records:
                        place = Committed(records[-1].offset + 1)
                        await writer.commit(self._events(records), self._group, {raised: place})
            finally:
                await reader.close()
        except Fenced:
            _log.error("another correlator has taken over")
            raise
        finally:
            await writer.close()

    def _events(self, records: Sequence[Record]) -> list[Outgoing]:
        return [cloud_event(self._topics.events, record) for record in records]


def cloud_event(topic: str, raised: Record) -> Outgoing:
    """A record of `rules.raised` as a CloudEvent 1.0 in Kafka's binary binding.

    Time: `ce_time` is the log's clock when the transition was found, never ours, so the same input gives the same bytes.
    Source: cloudevents/spec, kafka-protocol-binding.md, section 3.2.
    """
    event = orjson.loads(raised.value or b"")
    headers_in = tuple(raised.headers)
    transition = Transition((header(headers_in, "type") or b"").decode())
    headers: Headers = (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", f"{event['event_id']}/{event['revision']}".encode()),
        ("ce_source", SOURCE.encode()),
        ("ce_type", transition.cloud_event_type.encode()),
        ("ce_subject", event["subject"].encode()),
        ("ce_time", format_instant(int(header(headers_in, CLOCK_HEADER) or b"0")).encode()),
        ("schema", b"event/1"),
    )
    return Outgoing(topic, event["subject"].encode(), raised.value, headers)
