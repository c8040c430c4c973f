"""A robot in a group of WeCom (企业微信): its format."""

from typing import Any, Final

import orjson

from cases.notification.channels.posting import Poster
from cases.notification.channels.rendering import markdown_of, short_text_of
from cases.notification.channels.robots import check_receipt, mobiles_of, with_query
from cases.notification.channels.wecom.part import WecomPart
from cases.notification.messages.message import Delivery

_WECOM_MARKDOWN_BYTES: Final = 4096
_WECOM_TEXT_BYTES: Final = 2048
"""Source: developer.work.weixin.qq.com, 群机器人配置说明 (path/91770)."""
_LATER_S: Final = {-1: 0.0, 45009: 60.0, 45033: 60.0}
"""Busy, and too many messages: 45009 `api freq out of limit`, seen in published answers; the others are UNVERIFIED."""


class Wecom:
    """Implements `Channel`. Markdown; text where people are mentioned, since Markdown mentions no telephone number."""

    def __init__(self, part: WecomPart) -> None:
        self._url = with_query(part.url, {"key": part.key.get_secret_value()})
        self._poster = Poster(part.timeout, part.allow, part.ca_file)

    async def send(self, delivery: Delivery, now_ms: int) -> None:
        answer = await self._poster.post(self._url, orjson.dumps(wecom_body(delivery)), {})
        check_receipt("wecom", _LATER_S, answer)

    async def close(self) -> None:
        await self._poster.close()


def wecom_body(delivery: Delivery) -> dict[str, Any]:
    """Source: developer.work.weixin.qq.com, 群机器人配置说明."""
    mobiles = mobiles_of(delivery)
    if mobiles:
        content = short_text_of(delivery, _WECOM_TEXT_BYTES)
        return {"msgtype": "text", "text": {"content": content, "mentioned_mobile_list": mobiles}}
    return {"msgtype": "markdown", "markdown": {"content": markdown_of(delivery, _WECOM_MARKDOWN_BYTES)}}
