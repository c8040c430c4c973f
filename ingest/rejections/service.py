"""Rejected messages, as long as the log keeps them: listed, found, put through again."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import tzinfo
from heapq import nlargest

import structlog

from domain.devices import IdentityLookup
from domain.rejections import Reason, Rejection, Replay
from domain.topics import Topics
from ingest.pipeline.message_to_records import CHINA, Pipeline
from ingest.pipeline.rejection_records import decode_rejection, replay_message, replay_telemetry
from ingest.rejections.rejected_message import RejectedMessage
from streams.ports import Log, Outgoing
from streams.reading.tables import read_to_end

_log = structlog.get_logger()


class LogRejections:
    """Reads the topic from its beginning each time; replayed messages go straight to the log, not over MQTT."""

    def __init__(self, log: Log, topics: Topics, lookup: IdentityLookup, zone: tzinfo = CHINA) -> None:
        self._log = log
        self._topics = topics
        self._lookup = lookup
        self._zone = zone

    async def list_rejected(self, reason: Reason | None, limit: int) -> Sequence[RejectedMessage]:
        """The newest so many, newest first."""
        found = [_message(place, rejection) async for place, rejection in self._rejections(reason)]
        return nlargest(limit, found, key=lambda message: message.received_at_ms)

    async def places_of(self, reason: Reason, wanted: Callable[[Rejection], bool]) -> Sequence[str]:
        """Where the messages stand, each whole and once, of which a report that is `wanted` was refused."""
        mine, whole = set(), {}
        async for place, rejection in self._rejections(reason):
            message = rejection["topic"], rejection["received_at_ms"]
            if wanted(rejection):
                mine.add(message)
            if not rejection.get("truncated"):
                whole[(*message, rejection["payload"])] = place
        return [place for (topic, received_at_ms, _), place in whole.items() if (topic, received_at_ms) in mine]

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        """Put these through again (all without any id): what was accepted the first time comes out as a duplicate."""
        pipeline = Pipeline(self._topics, self._lookup, zone=self._zone)
        wanted, problems = set(ids), []
        replayed = refused_by_store = 0
        found = [pair async for pair in self._rejections(reason) if not wanted or pair[0] in wanted]
        for place, rejection in found:
            try:
                records = self._records(place, rejection, pipeline)
            except ValueError as error:
                problems.append(str(error))
                continue
            accepted = [record for record in records if record.topic != self._topics.rejected]
            await self._log.append(accepted)
            if not accepted:  # the first rejection stands; a second one would count the same message twice
                problems.append(f"{place} is still rejected: {decode_rejection(records[0].value or b'')['detail']}")
            replayed += 1
            refused_by_store += rejection["reason"] is Reason.STORE_REFUSED
        problems += [f"{place} is not on the log" for place in sorted(wanted - {place for place, _ in found})]
        return Replay(replayed, pipeline.accepted + refused_by_store, tuple(problems))

    def _records(self, place: str, rejection: Rejection, pipeline: Pipeline) -> list[Outgoing]:
        if rejection["reason"] is Reason.STORE_REFUSED:
            return [replay_telemetry(rejection, place, self._topics)]
        return pipeline.records(replay_message(rejection, place))

    async def _rejections(self, reason: Reason | None) -> AsyncIterator[tuple[str, Rejection]]:
        async for record in read_to_end(self._log, [self._topics.rejected]):
            try:
                rejection = decode_rejection(record.value or b"")
            except ValueError as error:
                place = f"{record.topic}/{record.partition}/{record.offset}"
                _log.warning("a record of telemetry.rejected is no rejection", record=place, error=str(error))
                continue
            if reason is None or rejection["reason"] is reason:
                yield f"{record.topic}/{record.partition}/{record.offset}", rejection


def _message(place: str, rejection: Rejection) -> RejectedMessage:
    return RejectedMessage(
        place,
        rejection["reason"],
        rejection["detail"],
        rejection["topic"],
        rejection["received_at_ms"],
        rejection.get("device_id"),
        rejection.get("partial", False),
        rejection.get("count", 1),
    )
