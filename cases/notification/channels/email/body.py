"""The HTML of a mail, without scripts, images or styles. Pure."""

from dataclasses import dataclass

from cases.notification.channels.rendering import lines_of
from cases.notification.messages.message import Content, Delivery
from reporting.pages.environment import render


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message: a title, lines and, where there is a page of it, a link."""

    title: str
    lines: tuple[str, ...]
    url: str


def html_of(delivery: Delivery) -> str:
    """The same as the plain text as an HTML page; words of a case never become markup."""
    messages = [_view(content) for _, content in delivery.messages]
    return render("cases.notification.channels.email", "mail.jinja", messages=messages)


def _view(content: Content) -> MessageView:
    title, *lines = lines_of(content, with_url=False)
    return MessageView(title, tuple(lines), content.url)
