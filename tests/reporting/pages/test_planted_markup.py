"""Markup planted into every text that any page, report or mail shows: it stays text, and no element or script appears."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from html.parser import HTMLParser
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from markupsafe import Markup

from cases.appraisal.page import AppraisalView
from cases.notification.channels.email.body import MessageView
from reporting.pages.environment import render
from rules.backtest.page import BacktestView
from urbansense.evaluation.load.page import LoadView
from urbansense.evaluation.scoring.report.page import ScoreView
from web.login.page import LoginPage, render_login
from web.serving.api_docs import DocsView

ROOT = Path(__file__).parents[3]
PLANTED = (
    "'\"><img src=x onerror=planted()><script>planted()</script></style></title><svg onload=planted()>{{ 7 * 191 }}"
)
PAGES: dict[str, tuple[str, str, type]] = {
    "backtest": ("rules.backtest", "page.jinja", BacktestView),
    "appraisal": ("cases.appraisal", "page.jinja", AppraisalView),
    "score": ("urbansense.evaluation.scoring.report", "page.jinja", ScoreView),
    "load": ("urbansense.evaluation.load", "page.jinja", LoadView),
    "docs": ("web.serving", "docs.jinja", DocsView),
}


def planted(wanted: Any) -> Any:
    """A value of that type whose every text is the planted one; lists have one entry, and nothing is left out."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if wanted is str:
        return PLANTED
    if wanted is Markup:
        return Markup("<svg></svg>")
    if wanted in (int, float, bool):
        return wanted(1)
    if origin in (Union, UnionType):
        return planted(next(one for one in inner if one is not NoneType))
    if origin is Literal:
        return inner[0]
    if origin is tuple and Ellipsis not in inner:
        return tuple(planted(one) for one in inner)
    if origin in (list, tuple, Sequence):
        many = 2 if inner[0] is str else 1  # a title in two languages
        return [planted(inner[0]) for _ in range(many)]
    if origin in (dict, Mapping):
        return {planted(inner[0]): planted(inner[1])}
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return next(iter(wanted))
    hints = get_type_hints(wanted)
    names = [one.name for one in fields(wanted)] if is_dataclass(wanted) else wanted._fields
    return wanted(**{name: planted(hints[name]) for name in names})


class Elements(HTMLParser):
    """What a browser would make of a page: its elements, and every attribute and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.texts += [value for _, value in attrs if value]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def check(page: str) -> None:
    found = Elements(page)
    assert not found.tags & {"script", "img", "iframe", "object", "embed", "base"}
    assert not {name for name in found.attributes if name.startswith("on") or name == "style"}
    assert "1337" not in page
    assert any(PLANTED in text for text in found.texts), "nothing was planted, so it proves nothing"


@pytest.mark.parametrize("name", PAGES)
def test_no_text_of_a_page_becomes_markup(name: str) -> None:
    package, template, view = PAGES[name]
    check(render(package, template, view=planted(view)))


def test_no_text_of_the_login_page_becomes_markup() -> None:
    view: LoginPage = planted(LoginPage)
    check(render_login(view))


def test_no_text_of_a_mail_becomes_markup() -> None:
    check(render("cases.notification.channels.email", "mail.jinja", messages=[planted(MessageView)]))


def test_every_template_is_among_these() -> None:
    rooms = [path for path in ROOT.glob("*/**/templates/*.jinja") if ".venv" not in path.parts]
    pages = {path for path in rooms if path.relative_to(ROOT).parts[0] != "reporting"}
    covered = {ROOT / package.replace(".", "/") / "templates" / template for package, template, _ in PAGES.values()}
    covered.add(ROOT / "web/login/templates/page.jinja")
    covered.add(ROOT / "cases/notification/channels/email/templates/mail.jinja")
    assert pages == covered
