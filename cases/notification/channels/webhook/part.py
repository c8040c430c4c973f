"""A webhook as a document writes it."""

from typing import Literal

from pydantic import FilePath

from cases.notification.channels.fields import Networks, Secret, Url
from cases.notification.channels.part import ChannelPart


class WebhookPart(ChannelPart):
    """Another system. `allow` names the private networks it may be in; public addresses are always taken."""

    type: Literal["webhook"]
    url: Url
    secret: Secret
    allow: Networks = ()
    ca_file: FilePath | None = None
