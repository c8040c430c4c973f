"""The kinds of channel that a document may name, each one line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args

from pydantic import Field, GetPydanticSchema, SecretStr

from cases.notification.channels.dingtalk.channel import Dingtalk
from cases.notification.channels.dingtalk.part import DingtalkPart
from cases.notification.channels.email.channel import Email
from cases.notification.channels.email.part import EmailPart
from cases.notification.channels.part import ChannelPart
from cases.notification.channels.ports import Channel
from cases.notification.channels.webhook.channel import Webhook
from cases.notification.channels.webhook.part import WebhookPart
from cases.notification.channels.wecom.channel import Wecom
from cases.notification.channels.wecom.part import WecomPart

_Part = TypeVar("_Part", bound=ChannelPart)


@dataclass(frozen=True, slots=True)
class Kind(Generic[_Part]):
    """How a document writes a channel, and what sends by it; opening connects nothing yet."""

    part: type[_Part]
    open: Callable[[_Part], Channel]


KINDS: Final[Mapping[str, Kind[Any]]] = {
    "webhook": Kind(WebhookPart, Webhook),
    "email": Kind(EmailPart, Email),
    "wecom": Kind(WecomPart, Wecom),
    "dingtalk": Kind(DingtalkPart, Dingtalk),
}
"""Each by the `type` of its part."""

AnyChannel = Annotated[
    ChannelPart,
    GetPydanticSchema(
        lambda _, handler: handler(
            Annotated[Union[tuple(kind.part for kind in KINDS.values())], Field(discriminator="type")]  # noqa: UP007
        )
    ),
]
"""A part of any of these kinds; `type` decides which."""


def open_channels(parts: Mapping[str, ChannelPart]) -> dict[str, Channel]:
    """A channel for each name; nothing connects yet."""
    return {name: KINDS[part.type].open(part) for name, part in parts.items()}


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_is_secret(one) for one in get_args(annotation))


SECRETS: Final = tuple(
    dict.fromkeys(
        name
        for kind in KINDS.values()
        for name, field in kind.part.model_fields.items()
        if _is_secret(field.annotation)
    )
)
"""The entries, of any kind, that never stand in a document themselves."""
