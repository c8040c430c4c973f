"""What became of rejections that were replayed: marks written beside them, and the newest state of all."""

import asyncio
from dataclasses import dataclass, field

import orjson
import structlog

from domain.rejections import Outcome, ReplayMark
from domain.topics import REPLAY_HEADERS, REPLAY_OF, Topics, header, is_replay_mark
from ingest.rejections.places import Place, place_of
from streams.ports import Log, Outgoing, Record, TopicPartition
from streams.reading.tables import read_between

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Settled:
    """A rejection that a replay settled, and when. Time: epoch ms."""

    outcome: Outcome
    replayed_at_ms: int


def encode_mark(place: Place, key: bytes | None, outcome: Outcome, now_ms: int, topics: Topics) -> Outgoing:
    """The mark of the rejection at `place`, for its own partition and under its own key."""
    mark: ReplayMark = {"replay_of": place.worded(topics.rejected), "outcome": outcome, "replayed_at_ms": now_ms}
    return Outgoing(topics.rejected, key, orjson.dumps(mark), REPLAY_HEADERS, place.partition)


def decode_mark(value: bytes) -> ReplayMark:
    """The mark in a record's value. Raises: ValueError where it is none."""
    mark = orjson.loads(value)
    if not isinstance(mark, dict) or not isinstance(mark.get("replay_of"), str):
        raise ValueError("no mark of a replay: `replay_of` must be a text")
    if type(mark.get("replayed_at_ms")) is not int:
        raise ValueError("no mark of a replay: `replayed_at_ms` must be a whole number")
    return ReplayMark(
        replay_of=mark["replay_of"], outcome=Outcome(str(mark.get("outcome"))), replayed_at_ms=mark["replayed_at_ms"]
    )


@dataclass
class ReplayMarks:
    """Reads on in the topic at each `refresh`; what the log has dropped is forgotten. Safe to use from many tasks.

    `settled` by the place of the rejection, `again` the places of what a replay of it refused, whole or in part.
    """

    log: Log
    topics: Topics
    settled: dict[Place, Settled] = field(default_factory=dict)
    again: dict[Place, list[Place]] = field(default_factory=dict)
    _next: dict[TopicPartition, int] = field(default_factory=dict)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> None:
        """Read on to the log's present end."""
        async with self._turn:
            bounds = await self.log.bounds([self.topics.rejected])
            spans = {tp: (max(first, self._next.get(tp, 0)), end) for tp, (first, end) in bounds.items()}
            async for record in read_between(self.log, spans):
                self._take(record)
            self._next = {tp: end for tp, (_, end) in bounds.items()}
            self._forget({tp.partition: first for tp, (first, _) in bounds.items()})

    def _take(self, record: Record) -> None:
        if not is_replay_mark(record.headers):
            replayed = header(record.headers, REPLAY_OF)
            place = place_of(replayed.decode(errors="replace"), self.topics.rejected) if replayed else None
            if place is not None:
                self.again.setdefault(place, []).append(Place(record.partition, record.offset))
            return
        try:
            mark = decode_mark(record.value or b"")
        except ValueError as error:
            _log.warning("a mark of a replay cannot be read", offset=record.offset, error=str(error))
            return
        place = place_of(mark["replay_of"], self.topics.rejected)
        if place is not None:
            self.settled.setdefault(place, Settled(mark["outcome"], mark["replayed_at_ms"]))

    def _forget(self, firsts: dict[int, int]) -> None:
        for table in (self.settled, self.again):
            for place in [one for one in table if one.offset < firsts.get(one.partition, 0)]:
                del table[place]
