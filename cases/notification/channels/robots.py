"""What robots in a group have in common, whichever house's: receipts, mentions, addresses.

A robot answers 200 also where it refuses: `errcode` in the JSON counts.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

import orjson

from cases.notification.channels.ports import Undelivered
from cases.notification.messages.message import Delivery


def check_receipt(house: str, later_s: Mapping[int, float], answer: bytes) -> None:
    """Raises: Undelivered unless the answer has errcode 0.

    `later_s` are the codes after which it is worth trying again, and how many seconds to leave the robot alone; any other
    is a refusal.
    """
    try:
        receipt = orjson.loads(answer)
        code, words = int(receipt["errcode"]), str(receipt.get("errmsg", ""))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Undelivered(f"{house} answered something that is no receipt") from error
    if code == 0:
        return
    wait_s = later_s.get(code)
    raise Undelivered(
        f"{house} refused it: {code} {words[:200]}", permanent=wait_s is None, retry_after_s=wait_s or 0.0
    )


def mobiles_of(delivery: Delivery) -> list[str]:
    return list(dict.fromkeys(mobile for _, content in delivery.messages for mobile in content.mobiles))


def with_query(url: str, parameters: dict[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(parameters)}"
