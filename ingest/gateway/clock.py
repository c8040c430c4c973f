"""The clock that passes through the gateway: what a clock message holds."""

import orjson


def read_clock(payload: bytes) -> int | None:
    """The `sent_at_ms` of a clock message, None where it cannot be read."""
    try:
        sent = orjson.loads(payload)["sent_at_ms"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    return sent if type(sent) is int else None
