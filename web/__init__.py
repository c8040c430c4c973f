"""The REST API and the operator console."""

from web.live.feed import LiveFeed
from web.ports import Services
from web.serving.app import create_app
from web.serving.server import serve

__all__ = ["LiveFeed", "Services", "create_app", "serve"]
