"""Which codec reads a message: the MQTT topic decides, then the content type, then the shape."""

from typing import Final

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.dialects.chirpstack.reports import decode_chirpstack
from ingest.dialects.json_text import decode_json
from ingest.dialects.messages import Decoded, MqttMessage
from ingest.dialects.native import reports
from ingest.dialects.senml.cbor import decode_senml_cbor, looks_like_cbor_array
from ingest.dialects.senml.records import is_pack
from ingest.dialects.senml.reports import decode_senml
from ingest.dialects.things_stack.reports import decode_things_stack

_SENML_JSON: Final = ("application/senml+json", "application/sensml+json")
_JSON: Final = ("application/json", *_SENML_JSON)
_SENML_CBOR: Final = ("application/senml+cbor", "application/sensml+cbor")


def decode(message: MqttMessage) -> Decoded:
    """The reports in `message` as their device worded them, and the elements that are none; never empty.

    Raises: Unreadable where no part of the message can be used.
    """
    match message.topic.split("/"):
        case ["city", _, kind, device_id, "up"]:
            codec, document = _read(message)
            if codec == reports.CODEC:
                return reports.decode_native(document, device_id, kind)
            return decode_senml(document, codec, device_id, kind, message.received_at_ms)
        case ["city-gateway", gateway_id, "up"]:
            codec, document = _read(message)
            if codec == reports.CODEC:
                return reports.decode_gateway_batch(document, gateway_id)
            return decode_senml(document, codec, gateway_id, None, message.received_at_ms)
        case ["application", _, "device", dev_eui, "event", "up"]:
            return decode_chirpstack(decode_json(message.payload), dev_eui)
        case ["v3", _, "devices", device_id, "up"]:
            return decode_things_stack(decode_json(message.payload), device_id)
    raise Unreadable(Reason.UNPARSEABLE, "no dialect is spoken on this topic")


def _read(message: MqttMessage) -> tuple[str, object]:
    """The codec and the document of a message on one of our own topics."""
    media_type = (message.content_type or "").partition(";")[0].strip().lower()
    if media_type in _SENML_CBOR or (media_type not in _JSON and looks_like_cbor_array(message.payload)):
        return "senml+cbor", decode_senml_cbor(message.payload)
    document = decode_json(message.payload)
    if media_type in _SENML_JSON or is_pack(document):
        return "senml+json", document
    return reports.CODEC, document
