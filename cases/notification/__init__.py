"""Who is notified of what about the cases, when and how: held, grouped, in quiet hours, by the channels, nothing lost."""

from cases.notification.delivery.outbox import MessageStatus, Posted
from cases.notification.document.loading import load_notification
from cases.notification.document.model import NotifyDocument
from cases.notification.messages.message import Content, Notification, Occasion
from cases.notification.notifier import Notifier
from cases.notification.recipients.preferences import Preference
from cases.notification.service import NotificationService

__all__ = [
    "Content",
    "MessageStatus",
    "Notification",
    "NotificationService",
    "Notifier",
    "NotifyDocument",
    "Occasion",
    "Posted",
    "Preference",
    "load_notification",
]
