"""Who is told what of the cases, when and how: held, grouped, in quiet hours, by four channels, nothing lost."""

from cases.notification.document import NotifyDocument
from cases.notification.loading import load_notification
from cases.notification.message import Content, Message, Occasion
from cases.notification.notifier import Mailroom, Notifier
from cases.notification.outbox import Posted, Standing
from cases.notification.preferences import Preference

__all__ = [
    "Content",
    "Mailroom",
    "Message",
    "Notifier",
    "NotifyDocument",
    "Occasion",
    "Posted",
    "Preference",
    "Standing",
    "load_notification",
]
