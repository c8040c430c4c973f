"""ChirpStack v4 uplinks. Source: chirpstack/api integration.proto `UplinkEvent`, in its protobuf-JSON form."""

from typing import Final

from domain.errors import Unreadable
from domain.identities import DEV_EUI, Identity
from domain.rejections import Reason
from ingest.dialects.json_text import decode_json
from ingest.dialects.lorawan.network_server import flatten, instant_ms, link_fields, member
from ingest.dialects.messages import Decoded, MqttMessage, Uplink

CODEC: Final = "chirpstack"


def read_chirpstack(message: MqttMessage) -> Decoded | None:
    """The report in the message, None where its topic is no uplink's. Raises: Unreadable."""
    match message.topic.split("/"):
        case ["application", _, "device", dev_eui, "event", "up"]:
            return decode_chirpstack(decode_json(message.payload), dev_eui)
    return None


def decode_chirpstack(event: object, topic_eui: str) -> Decoded:
    """The one report of an uplink event: the fields of `object`, then `rssi` and `snr` of the best gateway.

    Raises: Unreadable (unparseable) for what is no such event, and where there is a payload but no `object`: then the
    device profile in ChirpStack has no codec; (unauthorised) where the event is another device's than its topic's.
    """
    info = member(event, "deviceInfo")
    if not isinstance(event, dict) or not isinstance(info, dict):
        raise Unreadable(
            Reason.UNPARSEABLE, "no ChirpStack v4 uplink: `deviceInfo` is missing (v3 has `devEUI` instead)"
        )
    dev_eui = info.get("devEui", topic_eui)
    if not isinstance(dev_eui, str) or dev_eui.lower() != topic_eui.lower():
        raise Unreadable(Reason.UNAUTHORISED, f"the event is of another device than its topic's {topic_eui}")
    decoded = event.get("object")
    if decoded is None and event.get("data"):
        raise Unreadable(Reason.UNPARSEABLE, "no `object`: the device profile in ChirpStack has no payload codec")
    if decoded is not None and not isinstance(decoded, dict):
        raise Unreadable(Reason.UNPARSEABLE, "`object` must be an object")
    fields = flatten(decoded or {})
    is_lora = member(event, "txInfo", "modulation", "lora") is not None
    for name, value in link_fields(event.get("rxInfo"), is_lora=is_lora).items():
        fields.setdefault(name, value)
    message_id = event.get("deduplicationId")
    return [
        Uplink(
            codec=CODEC,
            fields=fields,
            identity=Identity(DEV_EUI, dev_eui),
            observed_at_ms=instant_ms([event.get("time")]),
            message_id=message_id if message_id is not None else event.get("fCnt", 0),
        )
    ]
