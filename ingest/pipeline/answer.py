"""What the pipeline hands the gateway: records to write, messages to acknowledge behind them, requests to publish."""

from collections.abc import Sequence
from typing import NamedTuple

from ingest.dialects.state import DeviceRequest, Ticket
from streams.ports import Outgoing


class Answer(NamedTuple):
    """What the gateway does next: write `records`, acknowledge `settled` behind them, publish `requests` at QoS 0."""

    records: list[Outgoing]
    settled: Sequence[Ticket] = ()
    requests: Sequence[DeviceRequest] = ()
