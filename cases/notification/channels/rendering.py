"""A delivery in words: subject, plain text and the robots' Markdown. Pure.

Words of a case may come from anybody who reports; none of them becomes markup, a link or a mention.
"""

from typing import Final

from cases.notification.messages.message import Content, Delivery, Language
from domain.events import Text

_PLAIN: Final = str.maketrans("<>[]()*_`#@\\!|~", "＜＞［］（）＊＿｀＃＠＼！｜～")
_ELLIPSIS: Final = "…"


def subject_of(delivery: Delivery) -> str:
    """One line: the message's title, or how many messages there are and the first one's."""
    contents = [content for _, content in delivery.messages]
    first = contents[0]
    title = _joined(first.title, first.language, " / ")
    if len(contents) == 1:
        return f"[urbansense] {title}"
    more = Text(en=f"{len(contents)} messages", zh=f"{len(contents)}条消息")
    return f"[urbansense] {_joined(more, first.language, ' / ')}: {title}"


def text_of(delivery: Delivery) -> str:
    """Plain text: each message a paragraph."""
    return "\n\n".join("\n".join(lines_of(content)) for _, content in delivery.messages) + "\n"


def markdown_of(delivery: Delivery, most_bytes: int) -> str:
    """Markdown as both robots read it, at most so many bytes of UTF-8: each message gets its share of them."""
    share = most_bytes // len(delivery.messages) - 2
    return "\n\n".join(_markdown(content, share) for _, content in delivery.messages)


def short_text_of(delivery: Delivery, most_bytes: int) -> str:
    """Plain text of at most so many bytes of UTF-8: each message gets its share of them."""
    share = most_bytes // len(delivery.messages) - 2
    return "\n\n".join(_short(content, share) for _, content in delivery.messages)


def cut(text: str, most_bytes: int) -> str:
    """The text, or its beginning with an ellipsis, at most so many bytes of UTF-8."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    return raw[: max(0, most_bytes - len(_ELLIPSIS.encode()))].decode(errors="ignore") + _ELLIPSIS


def plain(text: str) -> str:
    """The text with full-width signs in place of those that a robot would take for markup or a mention."""
    return text.translate(_PLAIN)


def lines_of(content: Content, with_url: bool = True) -> list[str]:
    """A message in its languages: the title, its lines, and the address of its page where there is one."""
    url = [content.url] if content.url and with_url else []
    return [_joined(line, content.language, " / ") for line in (content.title, *content.lines)] + url


def _short(content: Content, most_bytes: int) -> str:
    url = f"\n{content.url}" if content.url else ""
    return cut("\n".join(lines_of(content, with_url=False)), most_bytes - len(url.encode())) + url


def _markdown(content: Content, most_bytes: int) -> str:
    title, *lines = (plain(line) for line in lines_of(content, with_url=False))
    quoted = "\n\n".join(f"> {line}" for line in lines)
    link = f"\n\n[{content.number}]({content.url})" if content.url else ""
    return cut(f"**{cut(title, most_bytes // 2)}**\n\n{quoted}", most_bytes - len(link.encode())) + link


def _joined(text: Text, language: Language, between: str) -> str:
    match language:
        case "en":
            return text.en
        case "zh":
            return text.zh
        case "both":
            return text.en if text.en == text.zh else f"{text.zh}{between}{text.en}"
