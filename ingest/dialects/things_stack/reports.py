"""The Things Stack v3 uplinks. Source: thethingsindustries.com/docs, Data Formats, "Uplink Messages".

Empty fields (zero, false, "") are omitted by the sender, so a missing `f_cnt` is 0.
"""

from collections.abc import Iterator
from typing import Final

from domain.errors import Unreadable
from domain.identities import DEV_EUI, Identity
from domain.rejections import Reason
from ingest.dialects.json_text import decode_json
from ingest.dialects.lorawan.network_server import flatten, instant_ms, link_fields, member
from ingest.dialects.messages import Decoded, MqttMessage, Uplink

CODEC: Final = "things-stack"


def read_things_stack(message: MqttMessage) -> Decoded | None:
    """The report in the message, None where its topic is no uplink's. Raises: Unreadable."""
    match message.topic.split("/"):
        case ["v3", _, "devices", device_id, "up"]:
            return decode_things_stack(decode_json(message.payload), device_id)
    return None


def decode_things_stack(message: object, topic_device: str) -> Decoded:
    """The one report of an uplink message: the decoded payload, then `rssi` and `snr` of the best gateway.

    Time: a gateway's own reception time if one gave it (they have GPS), else the network server's, else the application
    server's. Identity: session key and frame counter, as the network counts.
    Raises: Unreadable (unparseable) for what is no such message, and where there is a payload that nothing decoded;
    (unauthorised) for an uplink simulated in the console, which no device ever sent, or of another device than its topic's.
    """
    uplink, dev_eui = member(message, "uplink_message"), member(message, "end_device_ids", "dev_eui")
    if not isinstance(message, dict) or not isinstance(uplink, dict) or not isinstance(dev_eui, str):
        raise Unreadable(Reason.UNPARSEABLE, "no uplink: `uplink_message` or `end_device_ids.dev_eui` is missing")
    if member(message, "end_device_ids", "device_id") not in (None, topic_device):
        raise Unreadable(Reason.UNAUTHORISED, f"the uplink is of another device than its topic's {topic_device}")
    if message.get("simulated"):
        raise Unreadable(Reason.UNAUTHORISED, "a simulated uplink, not the device's own")
    decoded = uplink.get("decoded_payload")
    if decoded is None and uplink.get("frm_payload"):
        raise Unreadable(Reason.UNPARSEABLE, "no `decoded_payload`: the device has no payload formatter")
    if decoded is not None and not isinstance(decoded, dict):
        raise Unreadable(Reason.UNPARSEABLE, "`decoded_payload` must be an object")
    fields = flatten(decoded or {})
    is_lora = member(uplink, "settings", "data_rate", "lora") is not None
    for name, value in link_fields(uplink.get("rx_metadata"), is_lora=is_lora).items():
        fields.setdefault(name, value)
    return [
        Uplink(
            codec=CODEC,
            fields=fields,
            identity=Identity(DEV_EUI, dev_eui),
            observed_at_ms=instant_ms(_times(message, uplink)),
            message_id=_message_id(uplink),
        )
    ]


def _times(message: dict[str, object], uplink: dict[str, object]) -> Iterator[object]:
    receptions = uplink.get("rx_metadata")
    for reception in receptions if isinstance(receptions, list) else []:
        yield member(reception, "time")
    yield member(uplink, "settings", "time")
    yield uplink.get("received_at")
    yield message.get("received_at")


def _message_id(uplink: dict[str, object]) -> object:
    session, count = uplink.get("session_key_id"), uplink.get("f_cnt", 0)
    return f"{session}/{count}" if isinstance(session, str) and isinstance(count, int) else count
