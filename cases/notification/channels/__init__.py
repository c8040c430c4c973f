"""The ways to tell somebody, each to a real server."""

from cases.notification.channels.opening import open_channels
from cases.notification.channels.ports import Channel, Undelivered

__all__ = ["Channel", "Undelivered", "open_channels"]
