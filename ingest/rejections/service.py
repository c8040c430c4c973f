"""Rejected messages, as long as the log keeps them: listed, found, put through again."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import tzinfo
from heapq import heappush, heappushpop
from time import time
from typing import Final

from domain.devices import IdentityLookup
from domain.rejections import Reason, Rejection, Replay
from domain.topics import Topics
from ingest.pipeline.message_to_records import CHINA
from ingest.rejections.marks import ReplayMarks
from ingest.rejections.places import Place
from ingest.rejections.reading import Found, read_rejections
from ingest.rejections.rejected_message import RejectedMessage, RejectedPage, RejectionQuery, newest_first
from ingest.rejections.replaying import Replaying
from streams.ports import Log, TopicPartition
from streams.routing.partitioning import partition_of

_CURSOR: Final = re.compile(r"(-?[0-9]{1,18})\.([0-9]{1,9})\.([0-9]{1,18})")


class LogRejections:
    """Reads the topic anew each time, of one device only its partition; what was replayed is remembered.

    Replayed messages go straight to the log, not over MQTT.
    """

    def __init__(
        self,
        log: Log,
        topics: Topics,
        lookup: IdentityLookup,
        zone: tzinfo = CHINA,
        now_ms: Callable[[], int] = lambda: int(time() * 1000),
    ) -> None:
        self._log = log
        self._topics = topics
        self._marks = ReplayMarks(log, topics)
        self._replaying = Replaying(log, topics, lookup, zone, self._marks, now_ms)

    async def list_rejected(self, query: RejectionQuery, limit: int, cursor: str | None = None) -> RejectedPage:
        """The newest so many, newest first, or those behind the cursor. Raises: ValueError where it is none of ours."""
        before = _decoded(cursor) if cursor is not None else None
        newest: list[tuple[tuple[int, int, int], RejectedMessage]] = []
        async for found in self._found(query):
            order = newest_first(found.rejection["received_at_ms"], found.place)
            if before is not None and order >= before:
                continue
            one = order, self._message(found)
            if len(newest) <= limit:
                heappush(newest, one)
            else:
                heappushpop(newest, one)
        newest.sort(reverse=True)
        shown = newest[:limit]
        return RejectedPage(
            tuple(message for _, message in shown), _encoded(shown[-1][0]) if len(newest) > limit else None
        )

    async def places_of(self, reason: Reason, wanted: Callable[[Rejection], bool]) -> Sequence[str]:
        """Where the open messages stand, each whole and once, of which a report that is `wanted` was refused."""
        mine, whole = set(), {}
        async for found in self._found(RejectionQuery(reason)):
            rejection = found.rejection
            message = rejection["topic"], rejection["received_at_ms"]
            if wanted(rejection):
                mine.add(message)
            if not rejection.get("truncated"):
                whole[(*message, rejection["payload"])] = found.place
        places = [place for (topic, received_at_ms, _), place in whole.items() if (topic, received_at_ms) in mine]
        return [place.worded(self._topics.rejected) for place in places]

    async def replay(self, ids: Sequence[str], reason: Reason | None) -> Replay:
        """Put these through again (all open ones without any id), each message once, and mark what became of them.

        What was accepted the first time comes out as a duplicate; what is refused again, or in part, is a new rejection.
        What an earlier replay settled is left as it is, so that to repeat this changes nothing.
        """
        return await self._replaying.replay(ids, reason)

    async def _found(self, query: RejectionQuery) -> AsyncIterator[Found]:
        await self._marks.refresh()
        name = self._topics.rejected
        mine = None
        if query.device_id is not None:
            mine = [TopicPartition(name, partition_of(query.device_id.encode(), self._topics.partitions))]
        async for found in read_rejections(self._log, name, mine):
            if query.takes(found.rejection, settled=found.place in self._marks.settled):
                yield found

    def _message(self, found: Found) -> RejectedMessage:
        rejection, name = found.rejection, self._topics.rejected
        settled, again = self._marks.settled.get(found.place), self._marks.again.get(found.place, ())
        return RejectedMessage(
            found.place.worded(name),
            rejection["reason"],
            rejection["detail"],
            rejection["topic"],
            rejection["received_at_ms"],
            rejection.get("device_id"),
            rejection.get("partial", False),
            rejection.get("count", 1),
            rejection.get("replay_of"),
            settled.outcome if settled else None,
            settled.replayed_at_ms if settled else None,
            tuple(place.worded(name) for place in again),
        )


def _encoded(order: tuple[int, int, int]) -> str:
    return ".".join(map(str, order))


def _decoded(cursor: str) -> tuple[int, int, int]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise ValueError(f"{cursor[:60]!r} is no cursor of the rejected messages")
    return newest_first(int(match[1]), Place(int(match[2]), int(match[3])))
