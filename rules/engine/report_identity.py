"""Which reports were received before whose time is not the device's own. Others are known by instant and message id."""

from hashlib import blake2b

import orjson

from domain.telemetry import COPIES_WITHIN_MS, FRAMES_WITHIN_MS, Telemetry, is_frame


def received_before(received: dict[str, int], report: Telemetry) -> bool:
    """Whether a report with the same message id and readings was received within the hour, or a frame with the same
    message id observed within five minutes; it is noted in `received`.

    Shape: `received` maps what identifies a report to that time, oldest first; what is older than the span is dropped.
    A report without a message id is never taken for another.
    """
    message_id = report.get("message_id")
    if message_id is None:
        return False
    if is_frame(report):
        at_ms, within_ms, identity = report["observed_at_ms"], FRAMES_WITHIN_MS, f"frame {message_id}"
    else:
        at_ms, within_ms = report["received_at_ms"], COPIES_WITHIN_MS
        readings = orjson.dumps(report["readings"], option=orjson.OPT_SORT_KEYS)
        identity = f"{blake2b(readings, digest_size=8).hexdigest()} {message_id}"
    before_ms = received.get(identity)
    if before_ms is not None and abs(at_ms - before_ms) <= within_ms:
        return True
    received.pop(identity, None)
    received[identity] = at_ms
    while received[oldest := next(iter(received))] < at_ms - within_ms:
        del received[oldest]
    return False
