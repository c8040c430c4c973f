"""The channels that a document names."""

from typing import assert_never

from cases.notification.channels.email import Email
from cases.notification.channels.ports import Channel
from cases.notification.channels.robots import Dingtalk, Wecom
from cases.notification.channels.webhook import Webhook
from cases.notification.document import DingtalkPart, EmailPart, NotifyDocument, WebhookPart, WecomPart


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
