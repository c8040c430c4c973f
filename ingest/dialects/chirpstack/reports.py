"""ChirpStack v4 uplinks. Source: chirpstack/api integration.proto `UplinkEvent`, in its protobuf-JSON form."""

from collections.abc import Sequence
from typing import Final

from domain.errors import Unreadable
from domain.identities import DEV_EUI, Identity
from domain.rejections import Reason
from ingest.dialects.json_text import decode_json
from ingest.dialects.lorawan.envelope import Envelope
from ingest.dialects.lorawan.frames import frame_id, frame_time
from ingest.dialects.lorawan.network_server import flatten, gateway_times, link_fields, member
from ingest.dialects.messages import Decoded, MqttMessage, Uplink

CODEC: Final = "chirpstack"


def read_chirpstack(message: MqttMessage) -> Decoded | None:
    """The report in the message, None where its topic is no uplink's. Raises: Unreadable."""
    match message.topic.split("/"):
        case ["application", _, "device", dev_eui, "event", "up"]:
            return decode_chirpstack(decode_json(message.payload), dev_eui, message.received_at_ms)
    return None


def decode_chirpstack(event: object, topic_eui: str, received_at_ms: int) -> Decoded:
    """The one report of an uplink event: the fields of `object`, then `rssi` and `snr` of the best gateway.

    Time: the network server's, the earliest `nsTime`. `gwTime`, and the event's own `time`, are gateways' clocks.
    Identity: DevAddr, frame counter and bytes, not `deduplicationId`: that is another one when the frame comes again.
    Raises: Unreadable (unparseable) for what is no such event, and where there is a payload but no `object`: then the
    device profile in ChirpStack has no codec; (bad_time) where every `nsTime` is no instant; (unauthorised) where the
    event is another device's than its topic's.
    """
    info = member(event, "deviceInfo")
    if not isinstance(event, dict) or not isinstance(info, dict):
        raise Unreadable(
            Reason.UNPARSEABLE, "no ChirpStack v4 uplink: `deviceInfo` is missing (v3 has `devEUI` instead)"
        )
    dev_eui = info.get("devEui") if info.get("devEui") is not None else topic_eui
    if not isinstance(dev_eui, str):
        raise Unreadable(Reason.UNPARSEABLE, "`deviceInfo.devEui` must be text")
    if dev_eui.lower() != topic_eui.lower():
        raise Unreadable(Reason.UNAUTHORISED, f"the event is of another device than its topic's {topic_eui}")
    decoded = event.get("object")
    if decoded is None and event.get("data"):
        raise Unreadable(Reason.UNPARSEABLE, "no `object`: the device profile in ChirpStack has no payload codec")
    if decoded is not None and not isinstance(decoded, dict):
        raise Unreadable(Reason.UNPARSEABLE, "`object` must be an object")
    envelope = Envelope(event)
    fields = flatten(decoded or {})
    receptions = list(envelope.each("rxInfo"))
    is_lora = envelope.inner("txInfo").inner("modulation").is_object("lora")
    for name, value in link_fields(receptions, is_lora=is_lora).items():
        fields.setdefault(name, value)
    own_times = [(one.text("gatewayId"), one.instant_ms("gwTime")) for one in receptions]
    at_ms, differences_ms = frame_time(
        _server_ms(receptions), gateway_times(own_times, envelope.instant_ms("time")), received_at_ms
    )
    counter = envelope.counter("fCnt")
    identity = frame_id(envelope.text("devAddr"), counter, _payload(envelope))
    return [
        Uplink(
            codec=CODEC,
            fields=fields,
            identity=Identity(DEV_EUI, dev_eui),
            observed_at_ms=at_ms,
            message_id=identity or envelope.text("deduplicationId") or counter,
            time_source="network_server" if identity else None,
            time_field="rxInfo.nsTime",
            unreadable=envelope.unreadable,
            clock_differences_ms=differences_ms,
        )
    ]


def _server_ms(receptions: Sequence[Envelope]) -> int | None:
    """When the network server had the frame first. Raises: Unreadable where it gives times and none can be read."""
    given = [one for one in receptions if one.has("nsTime")]
    read = [at_ms for one in given if (at_ms := one.instant_ms("nsTime")) is not None]
    if given and not read:
        raise Unreadable(Reason.BAD_TIME, given[0].unreadable[-1])
    return min(read, default=None)


def _payload(envelope: Envelope) -> str | None:
    """The frame's bytes as they stand there, empty for a frame without any; None where they are no text."""
    return envelope.text("data") if envelope.has("data") else ""
