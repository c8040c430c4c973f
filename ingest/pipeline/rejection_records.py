"""Records of `telemetry.rejected`: what was refused, why, and how to send it again."""

from base64 import b64decode, b64encode
from typing import Final

import orjson

from domain.devices import DEVICE_ID
from domain.rejections import Reason, Rejection
from domain.telemetry import Telemetry
from domain.topics import REJECTION_HEADERS, TELEMETRY_HEADERS, Topics
from ingest.dialects.messages import MqttMessage, Refused
from streams.ports import Outgoing

KEPT_BYTES: Final = 512 * 1024
"""A longer payload is cut to this, so that its record in base64 stays below Kafka's default of 1 MiB a message."""
_LONGEST_DETAIL: Final = 1000
_FIELDS: Final = {"reason": str, "detail": str, "topic": str, "payload": str, "received_at_ms": int}
_MORE_FIELDS: Final = {"content_type": str, "device_id": str, "partial": bool, "count": int}


def rejection(
    message: MqttMessage, refused: Refused, *, partial: bool = False, keep_bytes: int = KEPT_BYTES
) -> Rejection:
    """The rejection of `message` or of one report in it; a payload longer than `keep_bytes` is cut and marked so."""
    rejected: Rejection = {
        "reason": refused.reason,
        "detail": _text(refused.detail)[:_LONGEST_DETAIL],
        "topic": _text(message.topic),
        "payload": b64encode(message.payload[:keep_bytes]).decode(),
        "received_at_ms": message.received_at_ms,
    }
    if refused.device_id is not None and DEVICE_ID.fullmatch(refused.device_id):
        rejected["device_id"] = refused.device_id
    if message.content_type is not None:
        rejected["content_type"] = _text(message.content_type)
    if partial:
        rejected["partial"] = True
    if len(message.payload) > keep_bytes:
        rejected["truncated"] = True
    if message.replay_of is not None:
        rejected["replay_of"] = message.replay_of
    return rejected


def encode_rejection(rejected: Rejection, topics: Topics) -> Outgoing:
    """The record of `telemetry.rejected`, keyed by the device's id or else by the MQTT topic."""
    key = rejected.get("device_id", rejected["topic"]).encode()
    return Outgoing(topics.rejected, key, orjson.dumps(rejected), REJECTION_HEADERS)


def decode_rejection(value: bytes) -> Rejection:
    """The rejection in a record's value. Raises: ValueError where it is none."""
    rejected = orjson.loads(value)
    if not isinstance(rejected, dict) or not _FIELDS.keys() <= rejected.keys():
        raise ValueError("no rejection: reason, detail, topic, payload and received_at_ms must be there")
    of_another_type = [name for name, kind in _FIELDS.items() if type(rejected[name]) is not kind]
    of_another_type += [name for name, kind in _MORE_FIELDS.items() if type(rejected.get(name, kind())) is not kind]
    if of_another_type:
        raise ValueError(f"no rejection: {', '.join(of_another_type)} is of another type")
    return Rejection(**{**rejected, "reason": Reason(rejected["reason"])})  # type: ignore[typeddict-item]


def replay_message(rejected: Rejection, replay_of: str) -> MqttMessage:
    """The message again, as it was first received, for the pipeline; its reports carry `replay_of`.

    Time: it keeps its first `received_at_ms`, so a report without a time of its own gets the same one again. Delivery:
    reports of the same batch that were accepted the first time come out as duplicates and change nothing.
    Raises: ValueError where the payload was cut or only counted, or the store refused it: then there is
    `replay_telemetry`.
    """
    if rejected["reason"] == Reason.STORE_REFUSED:
        raise ValueError(f"{replay_of} was refused by the store; its payload is telemetry, not a message")
    if "count" in rejected:
        raise ValueError(f"{replay_of} cannot be replayed: it counts {rejected['count']} reports that were not kept")
    if rejected.get("truncated"):
        raise ValueError(f"{replay_of} cannot be replayed: only the beginning of its payload was kept")
    return MqttMessage(
        topic=rejected["topic"],
        payload=b64decode(rejected["payload"]),
        received_at_ms=rejected["received_at_ms"],
        content_type=rejected.get("content_type"),
        replay_of=replay_of,
    )


def replay_telemetry(rejected: Rejection, replay_of: str, topics: Topics) -> Outgoing:
    """The telemetry that the store refused, once more for the log.

    Raises: ValueError for every other reason, and for what never was telemetry.
    """
    if rejected["reason"] != Reason.STORE_REFUSED:
        raise ValueError(f"{replay_of} never became telemetry")
    telemetry: Telemetry = orjson.loads(b64decode(rejected["payload"]))
    if not isinstance(telemetry, dict) or not all(isinstance(telemetry.get(one), str) for one in ("device_id", "kind")):
        raise ValueError(f"{replay_of} is no telemetry of ours; another program wrote it")
    telemetry["replay_of"] = replay_of
    key = telemetry["device_id"].encode()
    return Outgoing(topics.telemetry(telemetry["kind"]), key, orjson.dumps(telemetry), TELEMETRY_HEADERS)


def _text(text: str) -> str:
    """`text` without halves of surrogate pairs, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()
