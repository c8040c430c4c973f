"""Which codec reads a message: the MQTT topic decides, then the content type, then the shape."""

from domain.errors import Unreadable
from domain.rejections import Reason
from ingest.codecs.json_text import decode_json
from ingest.codecs.native import decode_gateway_batch, decode_native
from ingest.messages import Decoded, Message


def decode(message: Message) -> Decoded:
    """The reports in `message` as their device worded them, and the elements that are none.

    Raises: Unreadable where no part of the message can be used.
    """
    match message.topic.split("/"):
        case ["city", _, kind, device_id, "up"]:
            return decode_native(decode_json(message.payload), device_id, kind)
        case ["city-gateway", gateway_id, "up"]:
            return decode_gateway_batch(decode_json(message.payload), gateway_id)
        case _:
            raise Unreadable(Reason.UNPARSEABLE, "no dialect is spoken on this topic")
