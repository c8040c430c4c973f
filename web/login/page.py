"""The login page as HTML: one file, no script, light and dark by the browser."""

from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.responses import HTMLResponse

from web.http.language import Language

_STYLE: Final = """
:root{color-scheme:light dark;--ground:#eef1f3;--panel:#fff;--line:#d3dbe1;--ink:#1d2730;--soft:#5d6b78;--accent:#1f6fa8;
--on-accent:#fff;--alarm:#ad1457;--alarm-ground:#fbeaf1}
@media(prefers-color-scheme:dark){:root{--ground:#10151a;--panel:#182027;--line:#34414c;--ink:#e6ebef;--soft:#98a6b3;
--accent:#6db3e2;--on-accent:#0b1a25;--alarm:#ff8fb8;--alarm-ground:#331a25}}
*{box-sizing:border-box}
body{margin:0;min-height:100dvh;display:grid;place-items:center;padding:24px 16px;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI","Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif}
main{width:100%;max-width:372px;margin-bottom:6vh}
header{display:flex;align-items:center;gap:12px;margin:0 4px 16px}
svg{width:34px;height:34px;flex:none}
h1{font-size:20px;font-weight:650;letter-spacing:-.01em;line-height:1.2;margin:0}
header p{margin:0;color:var(--soft);font-size:13.5px}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:12px;padding:22px}
label{display:block;font-size:13.5px;font-weight:550;margin-bottom:5px}
input{width:100%;font:inherit;color:inherit;background:var(--ground);border:1px solid var(--line);border-radius:8px;
padding:9px 12px;margin-bottom:16px}
input:focus-visible{outline:2px solid var(--accent);outline-offset:1px;border-color:transparent}
button,.other{display:block;width:100%;font:inherit;font-weight:600;text-align:center;padding:10px 14px;border-radius:8px;
border:1px solid transparent;cursor:pointer;text-decoration:none}
button{background:var(--accent);color:var(--on-accent);margin-top:4px}
.other{border-color:var(--line);color:var(--ink)}
button:hover,.other:hover{filter:brightness(1.08)}
button:focus-visible,.other:focus-visible,footer a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.or{display:flex;align-items:center;gap:12px;color:var(--soft);font-size:13px;margin:16px 0}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
.problem{background:var(--alarm-ground);color:var(--alarm);border-radius:8px;padding:10px 12px;margin:0 0 16px;
font-size:14px}
footer{margin:14px 4px 0;font-size:13px;text-align:right}
footer a{color:var(--soft)}
"""
_MARK: Final = (
    '<svg viewBox="0 0 34 34" aria-hidden="true" fill="none" stroke="var(--accent)" stroke-width="2.4" '
    'stroke-linecap="round"><circle cx="17" cy="17" r="3.4" fill="var(--accent)" stroke="none"/>'
    '<path d="M9.6 24.4a10.5 10.5 0 0 1 0-14.8M24.4 9.6a10.5 10.5 0 0 1 0 14.8"/>'
    '<path d="M4.6 29.4a17.5 17.5 0 0 1 0-24.8M29.4 4.6a17.5 17.5 0 0 1 0 24.8" opacity=".45"/></svg>'
)
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
    """What the page says. `back` is where a login leads. `problem` is a word of ours, `detail` a sentence to show as it is.

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
    lang, other = page.language, "zh" if page.language == "en" else "en"
    problem = page.detail or (_WORDS[page.problem][lang] if page.problem else "")
    told = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    switch = f"/login?lang={other}&next={quote(page.back, safe='')}"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        f"<title>{_WORDS['title'][lang]} · urbansense</title>"
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><main>"
        f"<header>{_MARK}<div><h1>urbansense</h1><p>{_WORDS['tagline'][lang]}</p></div></header>"
        f'<section class="panel">{told}{_form(page)}{_elsewhere(page)}</section>'
        f'<footer><a href="{escape(switch)}" lang="{other}">{_WORDS["other_language"][lang]}</a></footer>'
        "</main></body></html>"
    )


def _form(page: LoginPage) -> str:
    lang = page.language
    focus_name, focus_password = ("", " autofocus") if page.username else (" autofocus", "")
    return (
        f'<form method="post" action="/login?lang={lang}"><input type="hidden" name="next" value="{escape(page.back)}">'
        f'<label for="username">{_WORDS["username"][lang]}</label>'
        f'<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required'
        f' maxlength="64" value="{escape(page.username)}"{focus_name}>'
        f'<label for="password">{_WORDS["password"][lang]}</label>'
        f'<input id="password" name="password" type="password" autocomplete="current-password" required'
        f' maxlength="1000"{focus_password}><button>{_WORDS["title"][lang]}</button></form>'
    )


def _elsewhere(page: LoginPage) -> str:
    if page.provider is None:
        return ""
    words = _WORDS["elsewhere"][page.language].format(page.provider)
    href = f"/api/v1/login/oidc?next={quote(page.back, safe='')}"
    return f'<p class="or">{_WORDS["or"][page.language]}</p><a class="other" href="{escape(href)}">{escape(words)}</a>'
