"""What the samples found, kept where every process of the installation reads it: as a note at a group's place on the log.

It is a kilobyte or two that each look replaces, so it needs no topic of its own.
"""

from typing import Any, Final

import orjson

from domain.ledger import Sampling, UnreadPattern, UnreadTopics
from domain.topics import Topics
from streams.limits.records import MAX_METADATA_BYTES
from streams.ports import Committed, Log, TopicPartition

_NAMED: Final = "patterns"


def encode_unread(unread: UnreadTopics) -> str:
    """As a note, the busiest patterns in it as far as there is room; those left out are counted in `more`."""
    head = {
        "state": unread.state,
        "looked_at_ms": unread.looked_at_ms,
        "sampled_s": round(unread.sampled_s, 3),
        "broker_per_second": round(unread.broker_per_second, 3),
    }
    rows = [[one.pattern, round(one.per_second, 4), one.last_seen_ms] for one in unread.patterns]
    while True:
        note = orjson.dumps({**head, "more": unread.more + len(unread.patterns) - len(rows), _NAMED: rows})
        if len(note) <= MAX_METADATA_BYTES:
            return note.decode()
        rows.pop()


def decode_unread(note: str) -> UnreadTopics | None:
    """What the note holds; None where it cannot be read, as one of another release."""
    try:
        held: dict[str, Any] = orjson.loads(note)
        patterns = tuple(UnreadPattern(str(name), float(rate), int(at_ms)) for name, rate, at_ms in held[_NAMED])
        return UnreadTopics(
            Sampling(held["state"]),
            int(held["looked_at_ms"]),
            float(held["sampled_s"]),
            float(held["broker_per_second"]),
            patterns,
            int(held["more"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


async def write_unread(log: Log, topics: Topics, unread: UnreadTopics) -> None:
    """Replace what was kept. Raises: TransientFault, Fenced."""
    place = _place(topics)
    reader = await log.reader([place.topic], group=_group(topics), partitions=[place])
    try:
        await reader.commit({place: Committed(0, encode_unread(unread))})
    finally:
        await reader.close()


async def read_unread(log: Log, topics: Topics) -> UnreadTopics | None:
    """What was kept last, None where nobody looked yet. Raises: TransientFault."""
    place = _place(topics)
    kept = (await log.committed(_group(topics), [place])).get(place)
    return decode_unread(kept.metadata) if kept is not None else None


def _place(topics: Topics) -> TopicPartition:
    return TopicPartition(topics.rejected, 0)


def _group(topics: Topics) -> str:
    return f"{topics.prefix}unread-topics"
