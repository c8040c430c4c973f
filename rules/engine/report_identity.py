"""Which reports of a device without a clock were received before. Those with one are known by their observed time."""

from hashlib import blake2b
from typing import Final

import orjson

from domain.telemetry import Telemetry
from domain.time.units import HOUR_MS

RECEIVED_AGAIN_WITHIN_MS: Final = HOUR_MS


def received_before(received: dict[str, int], report: Telemetry) -> bool:
    """Whether a report with the same message id and readings was received within the hour; it is noted in `received`.

    Shape: `received` maps what identifies a report to when it was received, oldest first; what is older than the hour is
    dropped. A report without a message id is never taken for another.
    """
    message_id = report.get("message_id")
    if message_id is None:
        return False
    received_ms = report["received_at_ms"]
    readings = orjson.dumps(report["readings"], option=orjson.OPT_SORT_KEYS)
    identity = f"{blake2b(readings, digest_size=8).hexdigest()} {message_id}"
    before_ms = received.get(identity)
    if before_ms is not None and abs(received_ms - before_ms) <= RECEIVED_AGAIN_WITHIN_MS:
        return True
    received.pop(identity, None)
    received[identity] = received_ms
    while received[oldest := next(iter(received))] < received_ms - RECEIVED_AGAIN_WITHIN_MS:
        del received[oldest]
    return False
