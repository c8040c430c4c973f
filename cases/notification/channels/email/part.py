"""An e-mail channel as a document writes it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, FilePath

from cases.notification.channels.fields import Secret
from cases.notification.channels.part import ChannelPart


class EmailPart(ChannelPart):
    """A mail server. Every person gets a mail of their own."""

    addresses_people: ClassVar[bool] = True

    type: Literal["email"]
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: Secret | None = None
    sender: Annotated[str, Field(alias="from", pattern=r"^[^\s@<>]+@[^\s@<>]+$")]
    ca_file: FilePath | None = None
