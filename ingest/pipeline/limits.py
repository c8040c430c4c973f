"""How large a message may be. What goes beyond is rejected as `too_large`, with the beginning of it kept."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """`payload_bytes` of one message, and `reports` in one message."""

    payload_bytes: int = 256 * 1024
    reports: int = 5_000
