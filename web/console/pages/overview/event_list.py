"""The list of open events, worst first; times and ages are shown in the city's zone by the log's clock."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

from nicegui.element import Element

from domain.events import Event
from domain.time.units import MINUTE_MS
from web.console.shell.words import pick
from web.http.language import Language

MOST_SHOWN: Final = 100


class EventList(Element, component="event_list.js"):
    """A list of buttons, one for each event. Rows are sent again only when an event changed."""

    def __init__(
        self,
        colours: Mapping[str, str],
        words: Mapping[str, str],
        zone: ZoneInfo,
        language: Language,
        on_event: Callable[[str], Any],
    ) -> None:
        super().__init__()
        self._language = language
        self._shown: Sequence[Event] | None = None
        self._props["events"] = []
        self._props["total"] = 0
        self._props["selected"] = None
        self._props["now-ms"] = None
        self._props["zone"] = zone.key
        self._props["language"] = language
        self._props["colours"] = dict(colours)
        self._props["words"] = dict(words)
        self.on("choose", lambda e: on_event(e.args["id"]))

    def show(self, events: Sequence[Event], now_ms: int | None) -> None:
        """Show the worst hundred of `events`, and how long ago each began at `now_ms`."""
        if events != self._shown:
            self._shown = events
            self._props["events"] = [self._row(event) for event in events[:MOST_SHOWN]]
            self._props["total"] = len(events)
        minute_ms = now_ms // MINUTE_MS * MINUTE_MS if now_ms is not None else None
        if self._props["now-ms"] != minute_ms:
            self._props["now-ms"] = minute_ms

    def select(self, event_id: str | None) -> None:
        """Mark that event as chosen, or none."""
        self._props["selected"] = event_id

    def _row(self, event: Event) -> dict[str, object]:
        return {
            "id": str(event.event_id),
            "severity": event.severity.value,
            "what": pick(event.summary, self._language),
            "subject": event.subject,
            "area": event.area,
            "stale": event.stale,
            "since_ms": event.since_ms,
        }
