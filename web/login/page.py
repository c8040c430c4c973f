"""The login page as HTML: one file, no script, light and dark by the browser."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.responses import HTMLResponse

from reporting.pages.environment import render
from web.http.language import Language

_WORDS: Final[dict[str, dict[Language, str]]] = {
    "title": {"en": "Log in", "zh": "登录"},
    "tagline": {"en": "City components, live", "zh": "城市部件实时监测"},
    "username": {"en": "Username", "zh": "用户名"},
    "password": {"en": "Password", "zh": "密码"},
    "or": {"en": "or", "zh": "或"},
    "elsewhere": {"en": "Log in with {}", "zh": "使用{}登录"},
    "again": {"en": "Back to the login page", "zh": "返回登录页面"},
    "refused": {
        "en": "The username or the password is wrong, or there were too many failures. Wait a little, then try again.",
        "zh": "用户名或密码错误，或失败次数过多。请稍候再试。",
    },
    "other_language": {"en": "中文", "zh": "English"},
}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
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


def page_response(page: LoginPage, status: HTTPStatus = HTTPStatus.OK) -> HTMLResponse:
    """The page, never kept by a cache nor shown in a frame."""
    return HTMLResponse(render_login(page), status, dict(_HEADERS))


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
