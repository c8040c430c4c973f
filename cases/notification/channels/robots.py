"""Robots in a group of WeCom (企业微信) or DingTalk (钉钉): their formats, their signature, their error codes.

A robot answers 200 also where it refuses: `errcode` in the JSON counts.
"""

import base64
import hashlib
import hmac
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson

from cases.notification.channels.ports import Undelivered
from cases.notification.channels.posting import Poster
from cases.notification.channels.rendering import cut, markdown_of, short_text_of, subject_of
from cases.notification.document import DingtalkPart, WecomPart
from cases.notification.message import Delivery

_WECOM_MARKDOWN_BYTES: Final = 4096
_WECOM_TEXT_BYTES: Final = 2048
"""Source: developer.work.weixin.qq.com, 群机器人配置说明 (path/91770)."""
_DINGTALK_BYTES: Final = 15_000
"""UNVERIFIED: a message of 20,000 bytes at most is common knowledge; the public document names no limit."""
_DINGTALK_TITLE_BYTES: Final = 200

_LATER: Final = {
    "wecom": {-1: 0.0, 45009: 60.0, 45033: 60.0},
    "dingtalk": {-1: 0.0, 130101: 600.0, 410100: 600.0, 660026: 600.0},
}
"""Codes after which it is worth trying again, and how many seconds to leave the robot alone: busy, and too many messages.

WeCom 45009 `api freq out of limit`; DingTalk 130101 `send too fast, exceed 20 times per minute`, which locks a robot for
ten minutes. Both seen in published answers; the others are UNVERIFIED. Any other code is a refusal.
"""


class Wecom:
    """Implements `Channel`. Markdown; text where people are mentioned, since Markdown mentions no telephone number."""

    def __init__(self, part: WecomPart) -> None:
        self._url = _with_query(part.url, {"key": part.key.get_secret_value()})
        self._poster = Poster(part.timeout, part.allow, part.ca_file)

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        answer = await self._poster.post(self._url, orjson.dumps(wecom_body(delivery)), {})
        check_receipt("wecom", answer)

    async def close(self) -> None:
        await self._poster.close()


class Dingtalk:
    """Implements `Channel`. Signed (加签) where the robot has a secret."""

    def __init__(self, part: DingtalkPart) -> None:
        self._url = _with_query(part.url, {"access_token": part.access_token.get_secret_value()})
        self._secret = None if part.secret is None else part.secret.get_secret_value()
        self._poster = Poster(part.timeout, part.allow, part.ca_file)

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        url = self._url
        if self._secret is not None:
            url = _with_query(url, {"timestamp": str(now_ms), "sign": dingtalk_sign(self._secret, now_ms)})
        answer = await self._poster.post(url, orjson.dumps(dingtalk_body(delivery)), {})
        check_receipt("dingtalk", answer)

    async def close(self) -> None:
        await self._poster.close()


def wecom_body(delivery: Delivery) -> dict[str, Any]:
    """Source: developer.work.weixin.qq.com, 群机器人配置说明."""
    mobiles = _mobiles(delivery)
    if mobiles:
        content = short_text_of(delivery, _WECOM_TEXT_BYTES)
        return {"msgtype": "text", "text": {"content": content, "mentioned_mobile_list": mobiles}}
    return {"msgtype": "markdown", "markdown": {"content": markdown_of(delivery, _WECOM_MARKDOWN_BYTES)}}


def dingtalk_body(delivery: Delivery) -> dict[str, Any]:
    """Source: open.dingtalk.com, 自定义机器人: who is mentioned stands in `at` and, as @number, in the text too."""
    mobiles = _mobiles(delivery)
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


def check_receipt(house: str, answer: bytes) -> None:
    """Raises: Undelivered unless the answer says errcode 0."""
    try:
        said = orjson.loads(answer)
        code, words = int(said["errcode"]), str(said.get("errmsg", ""))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Undelivered(f"{house} answered something that is no receipt") from error
    if code == 0:
        return
    later_s = _LATER[house].get(code)
    raise Undelivered(
        f"{house} refused it: {code} {words[:200]}", permanent=later_s is None, retry_after_s=later_s or 0.0
    )


def _mobiles(delivery: Delivery) -> list[str]:
    return list(dict.fromkeys(mobile for _, content in delivery.messages for mobile in content.mobiles))


def _with_query(url: str, parameters: dict[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"
