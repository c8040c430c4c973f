"""What leaves a simulated city as the messages that a gateway would receive."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from ingest.dialects.messages import MqttMessage
from simulators.dialects.reports import MqttMessage as Sent
from simulators.dialects.reports import Report
from simulators.publish.departures import Departure, Leaving, spoilt

Encode = Callable[[Report], Sequence[Sent]]


def received(leaving: Iterable[Leaving], encode: Encode) -> Iterator[MqttMessage]:
    """The messages in their order, each received at the instant at which it was sent; labels of the truth are left out."""
    for departure in leaving:
        if isinstance(departure, Departure):
            for message in encode(departure.report):
                payload = message.payload if departure.garbled is None else spoilt(message.payload, departure.garbled)
                yield MqttMessage(message.topic, payload, departure.at_ms, message.content_type)
