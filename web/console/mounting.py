"""Puts the console's pages on the application."""

from fastapi import FastAPI, Request
from nicegui import ui

from web.console.pages import PAGES
from web.console.shell.page import ConsoleContext, ConsolePage
from web.http.language import preferred_language

REFRESH_S = 1.5


def mount_console(app: FastAPI, context: ConsoleContext) -> None:
    """Put every registered page on `app`. Once a process: NiceGUI knows one app."""
    for page in PAGES:
        _mount(page, context)
    ui.run_with(app, title="urbansense", dark=None, tailwind=False, show_welcome_message=False)


def _mount(page: ConsolePage, context: ConsoleContext) -> None:
    @ui.page(page.path, title=page.title)
    def show(request: Request, lang: str | None = None) -> None:
        language = preferred_language(lang, request.headers.get("accept-language", ""))
        ui.timer(REFRESH_S, page.build(context, language))
