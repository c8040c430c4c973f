"""The kinds of channel that a document may name, each one line."""

from typing import Annotated

from pydantic import Field

from cases.notification.channels.dingtalk.part import DingtalkPart
from cases.notification.channels.email.part import EmailPart
from cases.notification.channels.webhook.part import WebhookPart
from cases.notification.channels.wecom.part import WecomPart

AnyChannel = Annotated[WebhookPart | EmailPart | WecomPart | DingtalkPart, Field(discriminator="type")]
