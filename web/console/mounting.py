"""Puts the console's pages on the application."""

from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from nicegui import ui

from web.console.pages.overview.page import CityPage
from web.http.language import preferred_language
from web.live.city_snapshot import CitySnapshots
from web.ports import Services

REFRESH_S = 1.5


def mount_console(
    app: FastAPI, services: Services, board: CitySnapshots, zone: ZoneInfo, tiles_url: str | None
) -> None:
    """Put the console on `app` at `/`. Once a process: NiceGUI knows one app."""

    @ui.page("/", title="urbansense")
    def city(request: Request, lang: str | None = None) -> None:
        language = preferred_language(lang, request.headers.get("accept-language", ""))
        page = CityPage(services, board, zone, language)
        page.build(tiles_url)
        ui.timer(REFRESH_S, page.refresh)

    ui.run_with(app, title="urbansense", dark=None, tailwind=False, show_welcome_message=False)
