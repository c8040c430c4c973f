"""What becomes of refused reports: a record each while there is room, else one record that counts many.

refused ──▶ room? ──yes──▶ a record, whole
              └─no──▶ counted ──┬─ the message has other records ──▶ a record with its count, beside them
                                ├─ it has none: held ──▶ a record for all that are held; then they are acknowledged
                                └─ in part: the report was accepted ──▶ a record an hour for each cause
"""

from typing import Final

import structlog

from domain.rejections import Reason
from domain.topics import Topics
from ingest.dialects.messages import MqttMessage, Refused
from ingest.dialects.state import Ticket
from ingest.pipeline.rejection_records import KEPT_BYTES, encode_rejection, rejection
from ingest.quotas.rejected_room import RejectedRoom
from ingest.quotas.tally import Tally
from streams.ports import Outgoing

_log = structlog.get_logger()
_COPIES_BYTES: Final = 1024 * 1024
_HELD_SWEEPS: Final = 4
"""Less than the five seconds after which amqtt forgets a message that is not acknowledged."""
_PARTIAL_SWEEPS: Final = 3_600
_LOGGED_SWEEPS: Final = 60
_HELD_SENDERS: Final = 1_000
_PARTIAL_SENDERS: Final = 20_000
_SAMPLE_BYTES: Final = 128
"""How much of a payload that is only counted is shown."""
_OVERHEAD_BYTES: Final = 512
"""What a rejection takes on the log besides its payload, about."""


class Refusals:
    """The rejections of one slot. Without a `room` every one is kept whole. Use from one task only.

    `whole` and `in_part` count reports by reason, `counted` those of them that have no record of their own.
    `held` are the tickets of messages whose only record is yet to be taken.
    """

    def __init__(self, topics: Topics, room: RejectedRoom | None) -> None:
        self.whole: dict[Reason, int] = dict.fromkeys(Reason, 0)
        self.in_part: dict[Reason, int] = dict.fromkeys(Reason, 0)
        self.counted = 0
        self.held: list[Ticket] = []
        self.room = room
        self._topics = topics
        self._loose, self._held, self._partial = Tally(_HELD_SENDERS), Tally(_HELD_SENDERS), Tally(_PARTIAL_SENDERS)
        self._sweeps = self._logged = 0

    def records(self, message: MqttMessage, refusals: list[tuple[Refused, bool]]) -> list[Outgoing]:
        """One record for each refusal that is kept whole; `conclude` has those of the others.

        Copies of a batch are kept until they come to 1 MiB together, and the first one always: replaying that one replays
        them all.
        """
        records = []
        for index, (refused, partial) in enumerate(refusals):
            keep_bytes = KEPT_BYTES if index == 0 or index * len(message.payload) < _COPIES_BYTES else 0
            counts = self.in_part if partial else self.whole
            counts[refused.reason] += 1
            if self.room is None or message.replay_of is not None:
                is_kept = True
            else:
                is_kept = self._has_room(self.room, message, refused, partial, keep_bytes)
            if is_kept:
                rejected = rejection(message, refused, partial=partial, keep_bytes=keep_bytes)
                records.append(encode_rejection(rejected, self._topics))
        return records

    def conclude(self, records: list[Outgoing]) -> tuple[list[Outgoing], bool]:
        """The records of a message with those of what was counted in it; or none, and that the message is to be held."""
        if not self._loose:
            return records, False
        if records:
            return records + self._taken(self._loose), False
        self._held.join(self._loose)
        return [], True

    def release(self, *, everything: bool = False) -> tuple[list[Outgoing], list[Ticket]]:
        """The records of what is held, and the tickets behind them; `everything`: what was counted in part as well."""
        tickets, self.held = self.held, []
        records = self._taken(self._held)
        return (records + self._taken(self._partial) if everything else records), tickets

    def sweep(self) -> tuple[list[Outgoing], list[Ticket]]:
        """A second has passed: release what is held every four, and once an hour what was counted in part."""
        self._sweeps += 1
        if self._sweeps % _LOGGED_SWEEPS == 0 and self.counted > self._logged:
            _log.warning("more was refused than is kept; it is counted", reports=self.counted - self._logged)
            self._logged = self.counted
        hourly = self._sweeps % _PARTIAL_SWEEPS == 0
        return self.release(everything=hourly) if hourly or self._sweeps % _HELD_SWEEPS == 0 else ([], [])

    def _has_room(
        self, room: RejectedRoom, message: MqttMessage, refused: Refused, partial: bool, keep_bytes: int
    ) -> bool:
        """Whether it is kept whole; else it is counted."""
        cause = hash((refused, message.topic, None if partial else message.payload, message.content_type))
        size = min(len(message.payload), keep_bytes) * 4 // 3 + len(message.topic) + _OVERHEAD_BYTES
        if room.keeps(cause, hash(message.topic), size, message.received_at_ms, partial=partial):
            return True
        self.counted += 1
        tally = self._partial if partial else self._loose
        counted = rejection(message, refused, partial=partial, keep_bytes=_SAMPLE_BYTES)
        named = tally.names(counted) or self._held.names(counted) or room.names(_OVERHEAD_BYTES, message.received_at_ms)
        tally.add(counted, len(message.payload), by_name=named)
        return False

    def _taken(self, tally: Tally) -> list[Outgoing]:
        return [encode_rejection(one, self._topics) for one in tally.take()]
