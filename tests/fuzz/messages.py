"""Several messages in one input: what is read with a memory is fuzzed by whole conversations.

Shape: a byte that says which kind of message (its topic, its key), two bytes of length, the payload; again and again.
Any bytes are some messages: a length beyond the end is the rest.
"""

from collections.abc import Iterable

_HEADER = 3
_LONGEST = 0xFFFF
MOST = 64


def pack(messages: Iterable[tuple[int, bytes]]) -> bytes:
    """The messages as one input; a payload is cut to 65,535 bytes."""
    cut = ((kind & 255, payload[:_LONGEST]) for kind, payload in messages)
    return b"".join(bytes([kind]) + len(payload).to_bytes(2, "big") + payload for kind, payload in cut)


def unpack(data: bytes) -> list[tuple[int, bytes]]:
    """The messages of an input, at most MOST."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at + _HEADER <= len(data) and len(found) < MOST:
        length = int.from_bytes(data[at + 1 : at + _HEADER], "big")
        found.append((data[at], data[at + _HEADER : at + _HEADER + length]))
        at += _HEADER + length
    return found
