"""The login page as HTML: one file, no script, light and dark by the browser."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.responses import HTMLResponse

from reporting.pages.environment import render
from web.http.language import Language
from web.http.page_headers import own_page

_WORDS: Final[dict[str, dict[Language, str]]] = {
    "title": {"en": "Log in", "zh": "登录"},
    "tagline": {"en": "City components, live", "zh": "城市部件实时监测"},
    "username": {"en": "Username", "zh": "用户名"},
    "password": {"en": "Password", "zh": "密码"},
    "or": {"en": "or", "zh": "或"},
    "elsewhere": {"en": "Log in with {}", "zh": "使用{}登录"},
    "again": {"en": "Back to the login page", "zh": "返回登录页面"},
    "refused": {
        "en": "The username or the password is wrong.",
        "zh": "用户名或密码错误。",
    },
    "too_many": {
        "en": "There were too many failures. Wait a little, then try again.",
        "zh": "失败次数过多。请稍候再试。",
    },
    "other_language": {"en": "中文", "zh": "English"},
}


@dataclass(frozen=True, slots=True)
class LoginPage:
    """What the page shows. `back` is where a login leads, `problem` a word of ours, `detail` a sentence to show as it is.

    `provider` is what the button of the identity provider bears; without one there is none.
    """

    language: Language
    back: str = "/"
    username: str = ""
    problem: str = ""
    detail: str = ""
    provider: str | None = None


def page_response(
    page: LoginPage, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """The page, never kept by a cache nor shown in a frame."""
    return own_page(render_login(page), status, {"Cache-Control": "no-store", **(headers or {})})


def render_login(page: LoginPage) -> str:
    """The HTML of the page; everything from outside is escaped."""
    language: Language = page.language
    other: Language = "zh" if language == "en" else "en"
    words = {name: texts[language] for name, texts in _WORDS.items()}
    back = quote(page.back, safe="")
    return render(
        "web.login",
        "page.jinja",
        view=page,
        words=words,
        problem=page.detail or (words[page.problem] if page.problem else ""),
        other=other,
        switch=f"/login?lang={other}&next={back}",
        elsewhere=f"/api/v1/login/oidc?next={back}",
    )
