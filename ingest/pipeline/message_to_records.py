"""From one MQTT message to its records on the log: the way of every message, and the one place that catches all.

message ──▶ fast path: plainly good native? ──yes─────────────────────▶ telemetry.<kind>
                  │ no
                  ├──▶ decode ──┬▶ resolve ──▶ normalise ──┬──────────▶ telemetry.<kind>
                  │       └─────│─────┴────────────────────┴─refused──▶ refusals ──▶ telemetry.rejected
                  └──▶ receive ─┘   (stateful dialects: read with the messages before)
"""

from collections import Counter
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import orjson
import structlog

from domain.devices import IdentityLookup
from domain.errors import Unreadable
from domain.rejections import Reason
from domain.topics import TELEMETRY_HEADERS, Topics
from ingest.dialects.messages import Decoded, MqttMessage, Refused, Uplink
from ingest.dialects.register import decode, open_sessions
from ingest.dialects.state import Received, SessionNeeds, Ticket, is_stateful
from ingest.mapping.normalise import normalise
from ingest.mapping.resolve import DeviceResolver
from ingest.pipeline.answer import Answer
from ingest.pipeline.clockless import ClocklessDevices
from ingest.pipeline.fast_path import FastPath
from ingest.pipeline.limits import Limits
from ingest.pipeline.refusals import Refusals
from ingest.quotas.bounds import Quotas
from ingest.quotas.device_shares import DeviceShares
from ingest.quotas.rejected_room import RejectedRoom
from streams.ports import Outgoing

_log = structlog.get_logger()
_MORE_THAN_ITS_SHARE: Final = "it sends more than its report interval allows, by URBANSENSE_REPORT_QUOTA"
CHINA: Final = ZoneInfo("Asia/Shanghai")
"""The zone of times without an offset, unless the settings name another."""


class Pipeline:
    """Turns messages into records, and counts what became of their reports. Use from one task only.

    `accepted` counts telemetry records, `rejected` whole rejections by reason, `rejected_in_part` the partial ones, whose
    reports were accepted. `ignored` counts, by a word, what was understood and holds no report: such leaves no record.
    `sessions` are those of the stateful dialects, by the first level of their topics; `zone` is that of their times
    without an offset. Without `quotas` nobody is bounded, and every rejection has a record of its own.
    """

    def __init__(
        self,
        topics: Topics,
        lookup: IdentityLookup,
        limits: Limits | None = None,
        zone: tzinfo = CHINA,
        quotas: Quotas | None = None,
    ) -> None:
        self.accepted = 0
        self.refusals = Refusals(topics, RejectedRoom(quotas.rejected_bytes) if quotas is not None else None)
        self.rejected, self.rejected_in_part = self.refusals.whole, self.refusals.in_part
        self.ignored: Counter[str] = Counter()
        self._limits = limits or Limits()
        self._resolver = DeviceResolver(topics, lookup, DeviceShares(quotas.report_times if quotas is not None else 0))
        self._clockless = ClocklessDevices()
        self._fast_path = FastPath(lookup, self._resolver, self._limits, self._clockless)
        self.sessions = open_sessions(SessionNeeds(lookup, zone, self._limits.reports))

    def records(self, message: MqttMessage) -> list[Outgoing]:
        """The records of `message`, telemetry first, then rejections.

        Shape: none where `receive` gives none, or where the message is refused and only counted: then the caller owes
        its ticket to `hold`, and acknowledges it when it comes back from `sweep` or `release`.
        Raises: nothing. A bug met on the way is logged and its message rejected, for one message must not stop a city.
        """
        try:
            records = self._fast_path.records(message)
            if records is None and is_stateful(message.topic):
                return self.receive(message).records
            if records is None:
                return self.refusals.conclude(self._judged(message, self._decoded(message)))[0]
        except Exception as error:
            return self.refusals.conclude(self._met_a_bug(error, message))[0]
        self.accepted += len(records)
        return records

    @property
    def held(self) -> int:
        """How many messages wait to be released."""
        return len(self.refusals.held)

    def hold(self, ticket: Ticket) -> None:
        """The ticket of a message without a record: it comes back behind the record that counts the message."""
        self.refusals.held.append(ticket)

    def release(self, *, everything: bool = False) -> Answer:
        """The records of what was refused and counted, and the tickets behind them.

        `everything`: also of the readings left out, which no message waits for.
        """
        return Answer(*self.refusals.release(everything=everything))

    def receive(self, message: MqttMessage, ticket: Ticket | None = None) -> Answer:
        """The same for a message of a stateful dialect, which may settle earlier messages, or wait for later ones.

        Shape: no record where it holds no report (`ignored`), or where it is a part whose report is not whole yet; a
        replayed message has one always. `ticket` is in `settled`, now or in a later answer, behind all its records.
        Raises: nothing, as `records`.
        """
        ticket = ticket or Ticket(0, None)
        try:
            received = self._received(message, ticket)
        except Exception as error:
            ticket.settled = True
            return self._concluded(Answer(self._met_a_bug(error, message), [ticket]))
        answer = self._answer(received)
        if message.replay_of is not None and not answer.records:
            refused = Refused(Reason.UNPARSEABLE, "it holds no report")
            return answer._replace(records=self.refusals.records(message, [(refused, False)]))
        return answer

    def sweep(self, *, everything: bool = False) -> Answer:
        """To be called once a second, the clock of whatever waits: what has waited too long is rejected.

        `everything` gives up all that waits, before a session ends for good. Raises: nothing.
        """
        answers = [self._answer(session.sweep(everything=everything)) for session in self.sessions.values()]
        answers.append(self.release(everything=True) if everything else Answer(*self.refusals.sweep()))
        return Answer(
            [record for answer in answers for record in answer.records],
            [ticket for answer in answers for ticket in answer.settled],
            [request for answer in answers for request in answer.requests],
        )

    def _received(self, message: MqttMessage, ticket: Ticket) -> Received:
        refused = self._too_large(message)
        if refused is not None:
            return Received([(refused, message)], [ticket])
        return self.sessions[message.topic.partition("/")[0]].receive(message, ticket)

    def _answer(self, received: Received) -> Answer:
        self.ignored.update(received.ignored)
        by_message: dict[int, tuple[MqttMessage, Decoded]] = {}
        for item, message in received.items:
            by_message.setdefault(id(message), (message, []))[1].append(item)
        records: list[Outgoing] = []
        for message, items in by_message.values():
            try:
                records += self._judged(message, items)
            except Exception as error:
                records += self._met_a_bug(error, message)
        return self._concluded(Answer(records, received.settled, received.requests))

    def _concluded(self, answer: Answer) -> Answer:
        """The answer with what was counted in it; if that is all, its messages wait until it is released."""
        records, is_held = self.refusals.conclude(answer.records)
        if is_held:
            self.refusals.held += answer.settled
        return answer._replace(records=records, settled=() if is_held else answer.settled)

    def _judged(self, message: MqttMessage, items: Decoded) -> list[Outgoing]:
        telemetry: list[Outgoing] = []
        refusals: list[tuple[Refused, bool]] = []
        for item in items:
            record, refused = self._judge(item, message)
            if record is not None:
                telemetry.append(record)
            if refused is not None:
                refusals.append((refused, record is not None))
        rejections = self.refusals.records(message, refusals)
        self.accepted += len(telemetry)
        return telemetry + rejections

    def _judge(self, item: Uplink | Refused, message: MqttMessage) -> tuple[Outgoing | None, Refused | None]:
        """The record of one report, why it was refused, or both: then it was accepted in part."""
        if isinstance(item, Refused):
            return None, item
        device = self._resolver.resolve(item)
        if isinstance(device, Refused):
            return None, device
        if message.replay_of is None and not device.share.take(1, message.received_at_ms):
            return None, Refused(Reason.OVER_QUOTA, _MORE_THAN_ITS_SHARE, device.device_id)
        report, refused = normalise(item, device, message.received_at_ms, message.replay_of)
        if report is None:
            return None, refused
        if "time_source" in report and report["observed_at_ms"] == message.received_at_ms:
            report["observed_at_ms"] = self._clockless.next_ms(report["device_id"], message.received_at_ms)
        return Outgoing(device.topic, device.key, orjson.dumps(report), TELEMETRY_HEADERS), refused

    def _too_large(self, message: MqttMessage) -> Refused | None:
        size = len(message.payload)
        if size <= self._limits.payload_bytes:
            return None
        return Refused(Reason.TOO_LARGE, f"{size} bytes; a message may have {self._limits.payload_bytes}")

    def _decoded(self, message: MqttMessage) -> Decoded:
        refused = self._too_large(message)
        if refused is not None:
            return [refused]
        try:
            decoded = decode(message)
        except Unreadable as error:
            return [Refused(error.reason, error.detail)]
        if len(decoded) > self._limits.reports:
            detail = f"{len(decoded)} reports; a message may have {self._limits.reports}"
            return [Refused(Reason.TOO_LARGE, detail)]
        return decoded

    def _met_a_bug(self, error: Exception, message: MqttMessage) -> list[Outgoing]:
        """To be called in an `except` block."""
        _log.exception("a message met a bug and was rejected", topic=message.topic)
        detail = f"internal error: {type(error).__name__}: {error}"
        return self.refusals.records(message, [(Refused(Reason.UNPARSEABLE, detail), False)])
