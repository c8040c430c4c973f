"""From one MQTT message to its records on the log: the way of every message, and the one place that catches all.

message ──▶ shortcut: plainly good native? ──yes──────────────────────▶ telemetry.<kind>
                  │ no
                  └──▶ decode ──▶ sender ──▶ normalise ──┬────────────▶ telemetry.<kind>
                            └────────┴───────────────────┴──refused──▶ telemetry.rejected
"""

from typing import Final

import orjson
import structlog

from domain.devices import DeviceLookup
from domain.errors import Unreadable
from domain.rejections import Reason
from domain.topics import TELEMETRY_HEADERS, Topics
from ingest.codecs import decode
from ingest.limits import Limits
from ingest.messages import Decoded, Message, Refused, Uplink
from ingest.normalise import normalise
from ingest.receipt_times import ReceiptTimes
from ingest.rejected import KEPT_BYTES, encode_rejection, rejection
from ingest.senders import Senders
from ingest.shortcut import Shortcut
from streams.ports import Outgoing

_log = structlog.get_logger()
_COPIES_BYTES: Final = 1024 * 1024


class Pipeline:
    """Turns messages into records, and counts what became of their reports. Use from one task only.

    `accepted` counts telemetry records, `rejected` whole rejections by reason, `rejected_in_part` the partial ones, whose
    reports were accepted.
    """

    def __init__(self, topics: Topics, lookup: DeviceLookup, limits: Limits | None = None) -> None:
        self.accepted = 0
        self.rejected: dict[Reason, int] = dict.fromkeys(Reason, 0)
        self.rejected_in_part: dict[Reason, int] = dict.fromkeys(Reason, 0)
        self._topics = topics
        self._limits = limits or Limits()
        self._senders = Senders(topics, lookup)
        self._times = ReceiptTimes()
        self._shortcut = Shortcut(lookup, self._senders, self._limits, self._times)

    def records(self, message: Message) -> list[Outgoing]:
        """The records of `message`, telemetry first, then rejections; at least one.

        Raises: nothing. A bug met on the way is logged and its message rejected, for one message must not stop a city.
        """
        try:
            records = self._shortcut.records(message)
            if records is None:
                return self._judged(message)
        except Exception as error:
            _log.exception("a message met a bug and was rejected", topic=message.topic)
            bug = Refused(Reason.UNPARSEABLE, f"internal error: {type(error).__name__}: {error}")
            return self._rejections(message, [(bug, False)])
        self.accepted += len(records)
        return records

    def _judged(self, message: Message) -> list[Outgoing]:
        telemetry: list[Outgoing] = []
        refusals: list[tuple[Refused, bool]] = []
        for item in self._decoded(message):
            record, refused = self._judge(item, message)
            if record is not None:
                telemetry.append(record)
            if refused is not None:
                refusals.append((refused, record is not None))
        rejections = self._rejections(message, refusals)
        self.accepted += len(telemetry)
        return telemetry + rejections

    def _judge(self, item: Uplink | Refused, message: Message) -> tuple[Outgoing | None, Refused | None]:
        """The record of one report, why it was refused, or both: then it was accepted in part."""
        if isinstance(item, Refused):
            return None, item
        sender = self._senders.find(item)
        if isinstance(sender, Refused):
            return None, sender
        report, refused = normalise(item, sender, message.received_at_ms, message.replay_of)
        if report is None:
            return None, refused
        if "time_source" in report and report["observed_at_ms"] == message.received_at_ms:
            report["observed_at_ms"] = self._times.next_ms(report["device_id"], message.received_at_ms)
        return Outgoing(sender.topic, sender.key, orjson.dumps(report), TELEMETRY_HEADERS), refused

    def _decoded(self, message: Message) -> Decoded:
        size = len(message.payload)
        if size > self._limits.payload_bytes:
            detail = f"{size} bytes; a message may have {self._limits.payload_bytes}"
            return [Refused(Reason.TOO_LARGE, detail)]
        try:
            decoded = decode(message)
        except Unreadable as error:
            return [Refused(error.reason, error.detail)]
        if len(decoded) > self._limits.reports:
            detail = f"{len(decoded)} reports; a message may have {self._limits.reports}"
            return [Refused(Reason.TOO_LARGE, detail)]
        return decoded

    def _rejections(self, message: Message, refusals: list[tuple[Refused, bool]]) -> list[Outgoing]:
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
