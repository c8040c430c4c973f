"""SVG elements as markup: the one place that writes it, so that whatever stands in a chart is escaped."""

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

_EMPTY: Final = Markup("")
_PYTHON_NAMES: Final = {"class_": "class", "viewbox": "viewBox"}


def element(tag: str, *children: str, **attributes: str | float | None) -> Markup:
    """One element with its children in their order.

    Shape: text is escaped, markup made by this function stays as it is. `class_` is written `class`, `viewbox` `viewBox`
    and `text_anchor` `text-anchor`; a float is written to one decimal, and an attribute of None is left out.
    """
    words = _EMPTY.join(
        Markup(' {}="{}"').format(_PYTHON_NAMES.get(name) or name.replace("_", "-"), _written(value))
        for name, value in attributes.items()
        if value is not None
    )
    return Markup("<{0}{1}>{2}</{0}>").format(tag, words, joined(children))


def chart(width: int, height: int, title: str, parts: Sequence[str], css: str | None = None) -> Markup:
    """A whole chart that scales with its page, named for screen readers."""
    box = f"0 0 {width} {height}"
    return element("svg", element("title", title), *parts, class_=css, viewbox=box, role="img", aria_label=title)


def joined(parts: Sequence[str]) -> Markup:
    """Parts one after the other; plain text among them is escaped."""
    return _EMPTY.join(escape(part) for part in parts)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    return element("line", class_=css, x1=x1, y1=y1, x2=x2, y2=y2)


def label(x: float, y: float, words: str, css: str = "tick", anchor: str | None = None) -> Markup:
    """Words in a chart, that begin at x; with the anchor `middle` or `end` they lie about it or before it."""
    return element("text", words, class_=css, x=x, y=y, text_anchor=anchor)


def box(x: float, y: float, width: float, height: float, css: str, title: str, corner: float | None = None) -> Markup:
    """A filled rectangle whose title shows under the pointer."""
    return element("rect", element("title", title), class_=css, x=x, y=y, width=width, height=height, rx=corner)


def _written(value: str | float | None) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
