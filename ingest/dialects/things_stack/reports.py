"""The Things Stack v3 uplinks. Source: thethingsindustries.com/docs, Data Formats, "Uplink Messages".

Empty fields (zero, false, "") are omitted by the sender, so a missing `f_cnt` is 0.
"""

from typing import Final

from domain.errors import Unreadable
from domain.identities import DEV_EUI, Identity
from domain.rejections import Reason
from ingest.dialects.json_text import decode_json
from ingest.dialects.lorawan.envelope import Envelope
from ingest.dialects.lorawan.frames import frame_id, frame_time
from ingest.dialects.lorawan.network_server import flatten, gateway_times, link_fields, member
from ingest.dialects.messages import Decoded, MqttMessage, Uplink

CODEC: Final = "things-stack"


def read_things_stack(message: MqttMessage) -> Decoded | None:
    """The report in the message, None where its topic is no uplink's. Raises: Unreadable."""
    match message.topic.split("/"):
        case ["v3", _, "devices", device_id, "up"]:
            return decode_things_stack(decode_json(message.payload), device_id, message.received_at_ms)
    return None


def decode_things_stack(message: object, topic_device: str, received_at_ms: int) -> Decoded:
    """The one report of an uplink message: the decoded payload, then `rssi` and `snr` of the best gateway.

    Time: the network server's, `uplink_message.received_at`, else the application server's; `rx_metadata[].time` and
    `settings.time` are gateways' clocks. Identity: session key (or DevAddr), frame counter and bytes.
    Raises: Unreadable (unparseable) for what is no such message, and where there is a payload that nothing decoded;
    (bad_time) where the server's time is no instant;
    (unauthorised) for an uplink simulated in the console, which no device ever sent, or of another device than its topic's.
    """
    uplink, dev_eui = member(message, "uplink_message"), member(message, "end_device_ids", "dev_eui")
    if not isinstance(message, dict) or not isinstance(uplink, dict) or not isinstance(dev_eui, str):
        raise Unreadable(Reason.UNPARSEABLE, "no uplink: `uplink_message` or `end_device_ids.dev_eui` is missing")
    if member(message, "end_device_ids", "device_id") not in (None, topic_device):
        raise Unreadable(Reason.UNAUTHORISED, f"by its `device_id` of another device than its topic's {topic_device}")
    if message.get("simulated") not in (None, False):
        raise Unreadable(Reason.UNAUTHORISED, "a `simulated` uplink, not the device's own")
    decoded = uplink.get("decoded_payload")
    if decoded is None and uplink.get("frm_payload"):
        raise Unreadable(Reason.UNPARSEABLE, "no `decoded_payload`: the device has no payload formatter")
    if decoded is not None and not isinstance(decoded, dict):
        raise Unreadable(Reason.UNPARSEABLE, "`decoded_payload` must be an object")
    envelope, whole = Envelope(uplink, "uplink_message."), Envelope(message)
    fields = flatten(decoded or {})
    receptions = list(envelope.each("rx_metadata"))
    settings = envelope.inner("settings")
    is_lora = settings.inner("data_rate").is_object("lora")
    for name, value in link_fields(receptions, is_lora=is_lora).items():
        fields.setdefault(name, value)
    own_times = [(one.inner("gateway_ids").text("gateway_id"), one.instant_ms("time")) for one in receptions]
    at_ms, differences_ms = frame_time(
        _server_ms(envelope, whole), gateway_times(own_times, settings.instant_ms("time")), received_at_ms
    )
    session = envelope.text("session_key_id") or whole.inner("end_device_ids").text("dev_addr")
    counter = envelope.counter("f_cnt")
    identity = frame_id(session, counter, _payload(envelope))
    return [
        Uplink(
            codec=CODEC,
            fields=fields,
            identity=Identity(DEV_EUI, dev_eui),
            observed_at_ms=at_ms,
            message_id=identity or counter,
            time_source="network_server" if identity else None,
            time_field="received_at",
            unreadable=[*envelope.unreadable, *whole.unreadable],
            clock_differences_ms=differences_ms,
        )
    ]


def _server_ms(*servers: Envelope) -> int | None:
    """The first server's `received_at` that is given. Raises: Unreadable where that is no instant."""
    given = [server for server in servers if server.has("received_at")]
    times = [server.instant_ms("received_at") for server in given]
    if given and times[0] is None:
        raise Unreadable(Reason.BAD_TIME, given[0].unreadable[-1])
    return times[0] if times else None


def _payload(envelope: Envelope) -> str | None:
    """The frame's bytes as they stand there, empty for a frame without any; None where they are no text."""
    return envelope.text("frm_payload") if envelope.has("frm_payload") else ""
