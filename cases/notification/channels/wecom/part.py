"""A WeCom robot as a document writes it."""

from typing import Final, Literal

from cases.notification.channels.fields import Secret, Url
from cases.notification.channels.part import RobotPart

WECOM_URL: Final = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"


class WecomPart(RobotPart):
    type: Literal["wecom"]
    url: Url = WECOM_URL
    key: Secret
