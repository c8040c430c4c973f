"""Messages on the city's own topics: native JSON or SenML, by the media type, then by the shape."""

from typing import Final

from ingest.dialects.json_text import decode_json
from ingest.dialects.messages import Decoded, MqttMessage
from ingest.dialects.native.reports import CODEC, decode_gateway_batch, decode_native
from ingest.dialects.senml.cbor import decode_senml_cbor, looks_like_cbor_array
from ingest.dialects.senml.records import is_pack
from ingest.dialects.senml.reports import decode_senml

_SENML_JSON: Final = ("application/senml+json", "application/sensml+json")
_JSON: Final = ("application/json", *_SENML_JSON)
_SENML_CBOR: Final = ("application/senml+cbor", "application/sensml+cbor")


def read_city(message: MqttMessage) -> Decoded | None:
    """The reports in the message, None where its topic is none of the city's. Raises: Unreadable."""
    match message.topic.split("/"):
        case ["city", _, kind, device_id, "up"]:
            codec, document = _document(message)
            if codec == CODEC:
                return decode_native(document, device_id, kind)
            return decode_senml(document, codec, device_id, kind, message.received_at_ms)
        case ["city-gateway", gateway_id, "up"]:
            codec, document = _document(message)
            if codec == CODEC:
                return decode_gateway_batch(document, gateway_id)
            return decode_senml(document, codec, gateway_id, None, message.received_at_ms)
    return None


def _document(message: MqttMessage) -> tuple[str, object]:
    """The codec and the document of the message."""
    media_type = (message.content_type or "").partition(";")[0].strip().lower()
    if media_type in _SENML_CBOR or (media_type not in _JSON and looks_like_cbor_array(message.payload)):
        return "senml+cbor", decode_senml_cbor(message.payload)
    document = decode_json(message.payload)
    if media_type in _SENML_JSON or is_pack(document):
        return "senml+json", document
    return CODEC, document
