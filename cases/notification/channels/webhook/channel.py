"""Another system's HTTP endpoint: JSON, signed with a secret that both know."""

import hashlib
import hmac

import orjson

from cases.notification.channels.posting import Poster
from cases.notification.channels.webhook.part import WebhookPart
from cases.notification.messages.message import Delivery


class Webhook:
    """Implements `cases.notification.channels.ports.Channel`. Any 2xx answer is a receipt."""

    def __init__(self, part: WebhookPart) -> None:
        self._url = part.url
        self._secret = part.secret.get_secret_value()
        self._poster = Poster(part.timeout, part.allow, part.ca_file)

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        body = webhook_body(delivery)
        timestamp = str(now_ms // 1000)
        headers = {
            "X-Urbansense-Delivery": str(delivery.delivery_id),
            "X-Urbansense-Timestamp": timestamp,
            "X-Urbansense-Signature": sign(self._secret, timestamp, body),
        }
        await self._poster.post(self._url, body, headers)

    async def close(self) -> None:
        await self._poster.close()


def webhook_body(delivery: Delivery) -> bytes:
    """The JSON of a delivery; the same bytes at every try.

    Shape: `delivery_id`, and `messages` in order, each with its own `message_id`, which is the one to drop doubles by.
    """
    messages = [
        {"message_id": str(identity), **content.model_dump(mode="json", exclude={"mobiles", "language"})}
        for identity, content in delivery.messages
    ]
    return orjson.dumps({"delivery_id": str(delivery.delivery_id), "messages": messages})


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the hexadecimal HMAC-SHA256 of `<timestamp>.<body>`; `timestamp` is in seconds, as in its header."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
