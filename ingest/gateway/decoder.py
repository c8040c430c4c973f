"""What the gateway hands messages to."""

from typing import Protocol

from ingest.dialects.messages import MqttMessage
from ingest.dialects.state import Ticket
from ingest.pipeline.answer import Answer
from streams.ports import Outgoing


class Decoder(Protocol):
    """What turns a message into records (`ingest.pipeline.message_to_records.Pipeline`)."""

    def records(self, message: MqttMessage) -> list[Outgoing]:
        """The records of a message of a stateless dialect; none where it is to be held. Never raises."""

    @property
    def held(self) -> int:
        """How many messages wait to be released."""

    def hold(self, ticket: Ticket) -> None:
        """The ticket of a message without a record, which is counted with others."""

    def release(self, *, everything: bool = False) -> Answer:
        """The records that count what is held, and the tickets behind them."""

    def receive(self, message: MqttMessage, ticket: Ticket | None = None) -> Answer:
        """The same for the stateful ones; `ticket` is settled by this answer or a later one. Never raises."""

    def sweep(self, *, everything: bool = False) -> Answer:
        """A second has passed. `everything`: conclude all that waits. Never raises."""
