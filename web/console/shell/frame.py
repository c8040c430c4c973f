"""What every page has around it: the common style, and the title bar with the city's clock and the other language."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from nicegui import ui

from web.console.shell.words import word
from web.http.language import Language

_STYLE = Path(__file__).parent / "frame.css"


def add_styles(*more: Path) -> None:
    """Give the page the common style and then its own."""
    for style in (_STYLE, *more):
        ui.add_css(style)


class TitleBar:
    """Built once, at the top of the page at `path`; `show_clock` changes only the clock."""

    def __init__(self, path: str, zone: ZoneInfo, language: Language) -> None:
        self._zone = zone
        self._language = language
        other = "en" if language == "zh" else "zh"
        with ui.element("header").classes("head"):
            ui.label("urbansense").classes("head__name")
            ui.label(word("tagline", language)).classes("head__tagline")
            self._clock = ui.label("").classes("head__clock").props(f'title="{word("times_in", language)} {zone.key}"')
            ui.link("API", "/api/docs").classes("head__link")
            ui.link(word("other_language", language), f"{path}?lang={other}").classes("head__link")

    def show_clock(self, now_ms: int | None) -> None:
        """The city's wall clock at that instant; None before the first report."""
        self._clock.set_text(self._wall_clock(now_ms))

    def _wall_clock(self, now_ms: int | None) -> str:
        if now_ms is None:
            return word("waiting", self._language)
        local = datetime.fromtimestamp(now_ms // 1000, UTC).astimezone(self._zone)
        return f"{local:%Y-%m-%d %H:%M:%S} {self._zone.key}"
