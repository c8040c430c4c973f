"""The live page at `/`: counts, the map, the open events, and the readings behind whichever is chosen."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from nicegui import ui

from domain.errors import TransientFault
from domain.events import Event
from web.console.pages.overview.city_map import CityMap
from web.console.pages.overview.counts import CountsBar
from web.console.pages.overview.detail import DetailPanel
from web.console.pages.overview.event_list import EventList
from web.console.shell.frame import TitleBar, add_styles
from web.console.shell.page import ConsoleContext, ConsolePage, Refresh
from web.console.shell.palette import CONDITION_COLOURS
from web.console.shell.words import WORDS, word
from web.http.language import Language
from web.live.city_snapshot import CitySnapshot

_STYLE = Path(__file__).parent / "overview.css"


class CityPage:
    """One browser's page, laid out and still empty. It only reads the snapshots, and sends what changed since the last."""

    def __init__(self, context: ConsoleContext, language: Language) -> None:
        self._snapshots = context.snapshots
        self._language = language
        self._snapshot: CitySnapshot | None = None
        zone, words = context.zone, {name: word(name, language) for name in WORDS}
        add_styles(_STYLE)
        with ui.element("div").classes("city"):
            self._title = TitleBar(PAGE.path, zone, language)
            self._counts = CountsBar(language)
            self._outage = ui.label("").classes("outage").props("role=alert")
            self._outage.set_visibility(False)
            with ui.element("main").classes("city__main"):
                with ui.element("section").classes("city__map panel").props(f'aria-label="{words["map"]}"'):
                    self._map = CityMap(CONDITION_COLOURS, words, context.tiles_url, self.refresh, self.choose_device)
                with ui.element("section").classes("city__events panel"):
                    ui.label(words["open_events"]).classes("panel__title").props("role=heading aria-level=2")
                    self._events = EventList(CONDITION_COLOURS, words, zone, language, self.choose_event)
                with ui.element("section").classes("city__detail panel"):
                    self._detail = DetailPanel(context.services, zone, language, self.choose_nothing)

    async def refresh(self) -> None:
        """Bring the page up to the newest snapshot; an outage is shown and the last state stays."""
        with self._showing_outages():
            snapshot = self._snapshot = await self._snapshots.current()
            await self._detail.refresh(snapshot)
            self._outage.set_visibility(False)
            self._title.show_clock(snapshot.counts.now_ms)
            self._counts.show(snapshot)
            self._map.show(snapshot.devices, snapshot.conditions, snapshot.counts.devices)
            self._events.show(snapshot.events, snapshot.counts.now_ms)

    async def choose_event(self, event_id: str) -> None:
        """Show the open event and the readings behind it."""
        event = next((e for e in self._open_events() if str(e.event_id) == event_id), None)
        if event is None:
            return  # it ended between the click and now
        self._events.select(event_id)
        self._map.select(event.subject)
        with self._showing_outages():
            await self._detail.show_event(event, self._now_ms())
        ui.run_javascript("document.querySelector('.city__detail').scrollIntoView({block: 'nearest'})")

    async def choose_device(self, device_id: str) -> None:
        """Show the device, or its worst open event where it has one."""
        event = next((e for e in self._open_events() if e.subject == device_id), None)
        if event is not None:
            await self.choose_event(str(event.event_id))
            return
        self._events.select(None)
        self._map.select(device_id)
        with self._showing_outages():
            await self._detail.show_device(device_id, self._now_ms())

    def choose_nothing(self) -> None:
        self._events.select(None)
        self._map.select(None)
        self._detail.clear()

    @contextmanager
    def _showing_outages(self) -> Iterator[None]:
        try:
            yield
        except TransientFault as error:
            self._outage.set_text(f"{word('unavailable', self._language)}: {error}")
            self._outage.set_visibility(True)

    def _open_events(self) -> Iterable[Event]:
        return self._snapshot.events if self._snapshot is not None else ()

    def _now_ms(self) -> int | None:
        return self._snapshot.counts.now_ms if self._snapshot is not None else None


def _build(context: ConsoleContext, language: Language) -> Refresh:
    return CityPage(context, language).refresh


PAGE: Final = ConsolePage("/", "urbansense", _build)
