"""The clock that passes through the gateway: where it stood last on the log, and what a clock message says."""

import orjson


def read_clock(payload: bytes) -> int | None:
    """The `sent_at_ms` of a clock message, None where it cannot be read."""
    try:
        sent = orjson.loads(payload)["sent_at_ms"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return sent if type(sent) is int else None
