"""The channels that a document names."""

from typing import assert_never

from cases.notification.channels.dingtalk.channel import Dingtalk
from cases.notification.channels.dingtalk.part import DingtalkPart
from cases.notification.channels.email.channel import Email
from cases.notification.channels.email.part import EmailPart
from cases.notification.channels.ports import Channel
from cases.notification.channels.webhook.channel import Webhook
from cases.notification.channels.webhook.part import WebhookPart
from cases.notification.channels.wecom.channel import Wecom
from cases.notification.channels.wecom.part import WecomPart
from cases.notification.document.model import NotifyDocument


def open_channels(document: NotifyDocument) -> dict[str, Channel]:
    """A channel for each name; nothing connects yet."""
    return {name: _opened(part) for name, part in document.channels.items()}


def _opened(part: WebhookPart | EmailPart | WecomPart | DingtalkPart) -> Channel:
    match part:
        case WebhookPart():
            return Webhook(part)
        case EmailPart():
            return Email(part)
        case WecomPart():
            return Wecom(part)
        case DingtalkPart():
            return Dingtalk(part)
    assert_never(part)
