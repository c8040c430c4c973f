"""A DingTalk robot as a document writes it."""

from typing import Final, Literal

from cases.notification.channels.fields import Secret, Url
from cases.notification.channels.part import RobotPart

DINGTALK_URL: Final = "https://oapi.dingtalk.com/robot/send"


class DingtalkPart(RobotPart):
    type: Literal["dingtalk"]
    url: Url = DINGTALK_URL
    access_token: Secret
    secret: Secret | None = None
