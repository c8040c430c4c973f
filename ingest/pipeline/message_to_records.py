"""From one MQTT message to its records on the log: the way of every message, and the one place that catches all.

message ──▶ fast path: plainly good native? ──yes─────────────────────▶ telemetry.<kind>
                  │ no
                  ├──▶ decode ──┬▶ resolve ──▶ normalise ──┬──────────▶ telemetry.<kind>
                  │       └─────│─────┴────────────────────┴─refused──▶ telemetry.rejected
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
from ingest.pipeline.rejection_records import KEPT_BYTES, encode_rejection, rejection
from streams.ports import Outgoing

_log = structlog.get_logger()
_COPIES_BYTES: Final = 1024 * 1024
CHINA: Final = ZoneInfo("Asia/Shanghai")
"""The zone of times without an offset, unless the settings name another."""


class Pipeline:
    """Turns messages into records, and counts what became of their reports. Use from one task only.

    `accepted` counts telemetry records, `rejected` whole rejections by reason, `rejected_in_part` the partial ones, whose
    reports were accepted. `ignored` counts, by a word, what was understood and holds no report: such leaves no record.
    `sessions` are those of the stateful dialects, by the first level of their topics; `zone` is that of their times
    without an offset.
    """

    def __init__(
        self,
        topics: Topics,
        lookup: IdentityLookup,
        limits: Limits | None = None,
        zone: tzinfo = CHINA,
    ) -> None:
        self.accepted = 0
        self.rejected: dict[Reason, int] = dict.fromkeys(Reason, 0)
        self.rejected_in_part: dict[Reason, int] = dict.fromkeys(Reason, 0)
        self.ignored: Counter[str] = Counter()
        self._topics = topics
        self._limits = limits or Limits()
        self._resolver = DeviceResolver(topics, lookup)
        self._clockless = ClocklessDevices()
        self._fast_path = FastPath(lookup, self._resolver, self._limits, self._clockless)
        self.sessions = open_sessions(SessionNeeds(lookup, zone, self._limits.reports))

    def records(self, message: MqttMessage) -> list[Outgoing]:
        """The records of `message`, telemetry first, then rejections; at least one, unless `receive` gives none.

        Raises: nothing. A bug met on the way is logged and its message rejected, for one message must not stop a city.
        """
        try:
            records = self._fast_path.records(message)
            if records is None and is_stateful(message.topic):
                return self.receive(message).records
            if records is None:
                return self._judged(message, self._decoded(message))
        except Exception as error:
            return self._rejections(message, [(_bug(error, message), False)])
        self.accepted += len(records)
        return records

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
            return Answer(self._rejections(message, [(_bug(error, message), False)]), [ticket])
        answer = self._answer(received)
        if message.replay_of is not None and not answer.records:
            refused = Refused(Reason.UNPARSEABLE, "it holds no report")
            return answer._replace(records=self._rejections(message, [(refused, False)]))
        return answer

    def sweep(self, *, everything: bool = False) -> Answer:
        """To be called once a second, the clock of whatever waits: what has waited too long is rejected.

        `everything` gives up all that waits, before a session ends for good. Raises: nothing.
        """
        answers = [self._answer(session.sweep(everything=everything)) for session in self.sessions.values()]
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
                records += self._rejections(message, [(_bug(error, message), False)])
        return Answer(records, received.settled, received.requests)

    def _judged(self, message: MqttMessage, items: Decoded) -> list[Outgoing]:
        telemetry: list[Outgoing] = []
        refusals: list[tuple[Refused, bool]] = []
        for item in items:
            record, refused = self._judge(item, message)
            if record is not None:
                telemetry.append(record)
            if refused is not None:
                refusals.append((refused, record is not None))
        rejections = self._rejections(message, refusals)
        self.accepted += len(telemetry)
        return telemetry + rejections

    def _judge(self, item: Uplink | Refused, message: MqttMessage) -> tuple[Outgoing | None, Refused | None]:
        """The record of one report, why it was refused, or both: then it was accepted in part."""
        if isinstance(item, Refused):
            return None, item
        device = self._resolver.resolve(item)
        if isinstance(device, Refused):
            return None, device
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

    def _rejections(self, message: MqttMessage, refusals: list[tuple[Refused, bool]]) -> list[Outgoing]:
        """One record each. Copies of a batch are kept until they come to 1 MiB together, and the first one always:
        replaying that one replays them all.
        """
        records = []
        for index, (refused, partial) in enumerate(refusals):
            keep_bytes = KEPT_BYTES if index == 0 or index * len(message.payload) < _COPIES_BYTES else 0
            rejected = rejection(message, refused, partial=partial, keep_bytes=keep_bytes)
            records.append(encode_rejection(rejected, self._topics))
            counts = self.rejected_in_part if partial else self.rejected
            counts[refused.reason] += 1
        return records


def _bug(error: Exception, message: MqttMessage) -> Refused:
    _log.exception("a message met a bug and was rejected", topic=message.topic)
    return Refused(Reason.UNPARSEABLE, f"internal error: {type(error).__name__}: {error}")
