"""Robots in a group of WeCom (企业微信) or DingTalk (钉钉): their formats, their signature, their error codes.

A robot answers 200 also where it refuses: `errcode` in the JSON counts.
"""

from typing import Final
from urllib.parse import urlencode, urlsplit

import orjson

from cases.notification.channels.ports import Undelivered
from cases.notification.messages.message import Delivery

_LATER: Final = {
    "wecom": {-1: 0.0, 45009: 60.0, 45033: 60.0},
    "dingtalk": {-1: 0.0, 130101: 600.0, 410100: 600.0, 660026: 600.0},
}
"""Codes after which it is worth trying again, and how many seconds to leave the robot alone: busy, and too many messages.

WeCom 45009 `api freq out of limit`; DingTalk 130101 `send too fast, exceed 20 times per minute`, which locks a robot for
ten minutes. Both seen in published answers; the others are UNVERIFIED. Any other code is a refusal.
"""


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


def mobiles_of(delivery: Delivery) -> list[str]:
    return list(dict.fromkeys(mobile for _, content in delivery.messages for mobile in content.mobiles))


def with_query(url: str, parameters: dict[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"
