"""What a gateway makes of messages, without a broker: the same pipeline, in this process."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import orjson

from domain.devices import IdentityLookup
from domain.rejections import Reason
from domain.telemetry import Telemetry
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import is_stateful
from ingest.pipeline.message_to_records import Pipeline
from simulators.dialects.reports import MqttMessage as Sent
from streams.ports import Outgoing

Ask = Callable[[str, bytes, int], Sequence[Sent]]
"""What devices say when a gateway asks: topic, payload, and the instant of asking."""
_SWEEP_MS: Final = 1_000
_MOST_SWEEPS: Final = 60
"""After so many seconds nothing waits any more."""


class Intake:
    """Messages in, telemetry out; what a gateway would refuse is refused, and counted by reason.

    `zone` is that of times without an offset. A gateway that asks an edge node for its births is answered at once,
    by `ask`. Use from one task only.
    """

    def __init__(
        self,
        lookup: IdentityLookup,
        kinds: tuple[str, ...],
        zone: ZoneInfo,
        ask: Ask = lambda topic, payload, at_ms: (),
    ) -> None:
        self.messages = 0
        self._topics = Topics(kinds=kinds)
        self._pipeline = Pipeline(self._topics, lookup, zone=zone)
        self._ask = ask
        self._swept_ms: int | None = None

    @property
    def accepted(self) -> int:
        """How many reports became telemetry."""
        return self._pipeline.accepted

    @property
    def rejected(self) -> dict[Reason, int]:
        """How many reports were refused as a whole, by reason; reasons that nobody gave are left out."""
        return {reason: count for reason, count in self._pipeline.rejected.items() if count}

    def telemetry(self, messages: Iterable[MqttMessage]) -> Iterator[Telemetry]:
        """The reports of the messages, in their order."""
        rejected = self._topics.rejected
        for message in messages:
            for record in self._records(message):
                if record.topic != rejected:
                    assert record.value is not None
                    yield orjson.loads(record.value)

    def _records(self, message: MqttMessage) -> Iterable[Outgoing]:
        self.messages += 1
        at_ms = message.received_at_ms
        records = self._sweep(at_ms)
        if not is_stateful(message.topic):
            return (*records, *self._pipeline.records(message)) if records else self._pipeline.records(message)
        answer = self._pipeline.receive(message)
        records += answer.records
        for request in answer.requests:
            for said in self._ask(request.topic, request.payload, at_ms):
                records += self._records(MqttMessage(said.topic, said.payload, at_ms, said.content_type))
        return records

    def _sweep(self, at_ms: int) -> list[Outgoing]:
        """What has waited too long for its other parts, second by second."""
        records: list[Outgoing] = []
        passed = 1 if self._swept_ms is None else (at_ms - self._swept_ms) // _SWEEP_MS
        if passed > 0:
            self._swept_ms = at_ms
            for _ in range(min(passed, _MOST_SWEEPS)):
                records += self._pipeline.sweep().records
        return records
