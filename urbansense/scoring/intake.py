"""What a gateway makes of messages, without a broker: the same pipeline, in this process."""

from collections.abc import Iterable, Iterator

import orjson

from domain.devices import IdentityLookup
from domain.rejections import Reason
from domain.telemetry import Telemetry
from domain.topics import Topics
from ingest.messages import Message
from ingest.pipeline import Pipeline


class Intake:
    """Messages in, telemetry out; what a gateway would refuse is refused, and counted by reason. Use from one task only."""

    def __init__(self, lookup: IdentityLookup, kinds: tuple[str, ...]) -> None:
        self._topics = Topics(kinds=kinds)
        self._pipeline = Pipeline(self._topics, lookup)
        self.messages = 0

    @property
    def accepted(self) -> int:
        """How many reports became telemetry."""
        return self._pipeline.accepted

    @property
    def rejected(self) -> dict[Reason, int]:
        """How many reports were refused as a whole, by reason; reasons that nobody gave are left out."""
        return {reason: count for reason, count in self._pipeline.rejected.items() if count}

    def telemetry(self, messages: Iterable[Message]) -> Iterator[Telemetry]:
        """The reports of the messages, in their order."""
        rejected = self._topics.rejected
        for message in messages:
            self.messages += 1
            for record in self._pipeline.records(message):
                if record.topic != rejected:
                    assert record.value is not None
                    yield orjson.loads(record.value)
