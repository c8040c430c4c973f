"""A robot in a group of DingTalk (钉钉): its format and its signature."""

import base64
import hashlib
import hmac
from typing import Any, Final

import orjson

from cases.notification.channels.dingtalk.part import DingtalkPart
from cases.notification.channels.posting import Poster
from cases.notification.channels.rendering import cut, markdown_of, subject_of
from cases.notification.channels.robots import check_receipt, mobiles_of, with_query
from cases.notification.messages.message import Delivery

_DINGTALK_BYTES: Final = 15_000
"""UNVERIFIED: a message of 20,000 bytes at most is common knowledge; the public document names no limit."""
_DINGTALK_TITLE_BYTES: Final = 200
_LATER_S: Final = {-1: 0.0, 130101: 600.0, 410100: 600.0, 660026: 600.0}
"""Busy, and too many messages: 130101 `send too fast, exceed 20 times per minute`, seen in published answers, locks a robot
for ten minutes; the others are UNVERIFIED."""


class Dingtalk:
    """Implements `Channel`. Signed (加签) where the robot has a secret."""

    def __init__(self, part: DingtalkPart) -> None:
        self._url = with_query(part.url, {"access_token": part.access_token.get_secret_value()})
        self._secret = None if part.secret is None else part.secret.get_secret_value()
        self._poster = Poster(part.timeout, part.allow, part.ca_file)

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        url = self._url
        if self._secret is not None:
            url = with_query(url, {"timestamp": str(now_ms), "sign": dingtalk_sign(self._secret, now_ms)})
        answer = await self._poster.post(url, orjson.dumps(dingtalk_body(delivery)), {})
        check_receipt("dingtalk", _LATER_S, answer)

    async def close(self) -> None:
        await self._poster.close()


def dingtalk_body(delivery: Delivery) -> dict[str, Any]:
    """Source: open.dingtalk.com, 自定义机器人: who is mentioned stands in `at` and, as @number, in the text too."""
    mobiles = mobiles_of(delivery)
    text = markdown_of(delivery, _DINGTALK_BYTES)
    if mobiles:
        text += "\n\n" + " ".join(f"@{mobile}" for mobile in mobiles)
    title = cut(subject_of(delivery), _DINGTALK_TITLE_BYTES)
    return {
        "msgtype": "markdown",
        "markdown": {"title": title, "text": text},
        "at": {"atMobiles": mobiles, "isAtAll": False},
    }


def dingtalk_sign(secret: str, timestamp_ms: int) -> str:
    """Base64 of the HMAC-SHA256 of `<timestamp>\\n<secret>` under the secret, before it is URL-encoded.

    Source: open.dingtalk.com, 自定义机器人安全设置; the timestamp may be an hour off at most.
    """
    digest = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()
