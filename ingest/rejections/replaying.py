"""Rejected messages put through again, each as a message like any other, and marked with what became of them.

open rejections ──▶ by message ──▶ pipeline ──▶ telemetry, new rejections ──┐
                                                a mark for each old one  ───┴──▶ one transaction
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Final

import orjson

from domain.devices import IdentityLookup
from domain.errors import Fenced
from domain.rejections import Outcome, Reason, Rejection, Replay
from domain.topics import Topics
from ingest.pipeline.message_to_records import Pipeline
from ingest.pipeline.rejection_records import replay_message, replay_telemetry
from ingest.rejections.marks import ReplayMarks, encode_mark
from ingest.rejections.open_messages import OldRejection, OpenMessage, OpenMessages
from ingest.rejections.places import Place, place_of
from ingest.rejections.reading import read_rejections
from streams.ports import Log, Outgoing, TransactionalWriter

_BYTES_A_TRANSACTION: Final = 1024 * 1024
_MOST_PROBLEMS: Final = 100


@dataclass(slots=True)
class _Done:
    """What a replay has done so far: counts of messages and reports, and what to name."""

    replayed: int = 0
    accepted: int = 0
    rejected: int = 0
    already: int = 0
    problems: list[str] = field(default_factory=list)

    def answer(self) -> Replay:
        problems, more = self.problems[:_MOST_PROBLEMS], len(self.problems) - _MOST_PROBLEMS
        named = (*problems, f"and {more} more") if more > 0 else tuple(problems)
        return Replay(self.replayed, self.accepted, named, self.rejected, self.already)

    def add(self, other: "_Done") -> None:
        self.replayed += other.replayed
        self.accepted += other.accepted
        self.rejected += other.rejected
        self.problems += other.problems


@dataclass
class Replaying:
    """One replay at a time over all processes: a later one fences an earlier one, and goes on where that one was.

    Delivery: the records of a message and the marks of its rejections are one transaction, so that neither is without the
    other, whenever the process dies.
    """

    log: Log
    topics: Topics
    lookup: IdentityLookup
    zone: tzinfo
    marks: ReplayMarks
    now_ms: Callable[[], int]
    bytes_a_transaction: int = _BYTES_A_TRANSACTION
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        """See `ingest.rejections.service.LogRejections.replay`."""
        done = _Done()
        async with self._turn:
            writer = await self.log.writer(f"{self.topics.prefix}rejections-replay")
            try:
                await self._replay(ids, reason, writer, done)
            except Fenced:
                done.problems.append("another replay has begun meanwhile, and does the rest")
            finally:
                await writer.close()
        return done.answer()

    async def _replay(
        self, ids: Sequence[str], reason: Reason | None, writer: TransactionalWriter, done: _Done
    ) -> None:
        await self.marks.refresh()
        wanted = self._wanted(ids, done)
        if ids and not wanted:
            return
        messages = OpenMessages()
        async for found in read_rejections(self.log, self.topics.rejected):
            if found.place not in self.marks.settled:
                is_meant = reason is None or found.rejection["reason"] is reason
                is_meant = is_meant and (not ids or wanted.pop(found.place, "") != "")
                messages.add(found, found.place.worded(self.topics.rejected), is_meant=is_meant)
        done.problems += [f"{place} is not on the log" for place in sorted(wanted.values())]
        chosen, unreplayable = messages.chosen()
        done.problems += unreplayable
        await self._put_through(chosen, writer, done)

    def _wanted(self, ids: Sequence[str], done: _Done) -> dict[Place, str]:
        """The ids that name open rejections, as far as it is known; of the others a line where there is one to read."""
        wanted = {}
        for one in dict.fromkeys(ids):
            place = place_of(one, self.topics.rejected)
            settled = self.marks.settled.get(place) if place is not None else None
            if place is None:
                done.problems.append(f"{one} is not on the log")
            elif settled is None:
                wanted[place] = one
            else:
                done.already += 1
                if settled.outcome is not Outcome.ACCEPTED:
                    again = ", ".join(place.worded(self.topics.rejected) for place in self.marks.again.get(place, ()))
                    done.problems.append(f"{one} was replayed already and refused again as {again}: replay that")
        return wanted

    async def _put_through(self, chosen: dict[Place, OpenMessage], writer: TransactionalWriter, done: _Done) -> None:
        """Every chosen message in the order of the log; what was done counts once it is written."""
        if not chosen:
            return
        pipeline = Pipeline(self.topics, self.lookup, zone=self.zone)
        records: list[Outgoing] = []
        pending, size = _Done(), 0
        async for found in read_rejections(self.log, self.topics.rejected):
            message = chosen.pop(found.place, None)
            if message is None:
                continue
            place = found.place.worded(self.topics.rejected)
            try:
                written = self._written(found.rejection, place, pipeline)
            except ValueError as error:
                pending.problems.append(str(error))
                continue
            records += written + [self._mark(old, written) for old in message.refused]
            size += sum(len(one.value or b"") for one in written)
            self._count(place, written, pending)
            if size >= self.bytes_a_transaction:
                await writer.commit(records, "", {})
                done.add(pending)
                records, pending, size = [], _Done(), 0
        if records:
            await writer.commit(records, "", {})
        done.add(pending)

    def _written(self, rejection: Rejection, place: str, pipeline: Pipeline) -> list[Outgoing]:
        """What the message becomes now. Raises: ValueError where it cannot be replayed."""
        if rejection["reason"] is Reason.STORE_REFUSED:
            return [replay_telemetry(rejection, place, self.topics)]
        return pipeline.records(replay_message(rejection, place))

    def _mark(self, old: OldRejection, written: Sequence[Outgoing]) -> Outgoing:
        """The mark of one rejection; of a device's, by what is the device's, where the message holds others' too."""
        key = old.device_id.encode() if old.device_id is not None else None
        mine = [one for one in written if one.key == key] or written
        refused = sum(one.topic == self.topics.rejected for one in mine)
        outcome = Outcome.IN_PART if refused < len(mine) else Outcome.REJECTED
        return encode_mark(old.place, old.key, outcome if refused else Outcome.ACCEPTED, self.now_ms(), self.topics)

    def _count(self, place: str, written: Sequence[Outgoing], done: _Done) -> None:
        refused = [one for one in written if one.topic == self.topics.rejected]
        done.replayed += 1
        done.accepted += len(written) - len(refused)
        done.rejected += len(refused)
        if refused:
            words = "rejected again" if len(refused) == len(written) else "accepted in part"
            done.problems.append(f"{place} is {words}: {orjson.loads(refused[0].value or b'')['detail']}")
