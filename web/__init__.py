"""The REST API and the operator console."""

from web.app import create_app
from web.live import LiveFeed
from web.ports import Services
from web.serving import serve

__all__ = ["LiveFeed", "Services", "create_app", "serve"]
