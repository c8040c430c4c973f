"""The panel of what was chosen: the event or device in words, its newest readings, and their chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from nicegui import ui

from domain.devices import Device
from domain.events import Event
from domain.time.units import DAY_MS
from reporting.charts.svg import element
from timeseries.queries.samples import Sample
from web.console.pages.overview.chart import (
    MOST_PLOTS,
    Plot,
    chart_height_px,
    chart_options,
    event_marks,
    interval_for,
    span_around,
)
from web.console.pages.overview.facts import Fact, device_facts, event_facts, reading_facts
from web.console.shell.words import pick, word
from web.http.language import Language
from web.live.city_snapshot import CitySnapshot
from web.ports import Services

REDRAW_EVERY_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the panel is about: a device or group, and its event where one was chosen."""

    subject: str
    event: Event | None


@dataclass(frozen=True, slots=True)
class Findings:
    """What registry and store hold of what was chosen. `span_ms` is the time of the plots."""

    device: Device | None
    latest: Mapping[str, Sample]
    newest_ms: int | None
    span_ms: tuple[int, int]
    plots: Sequence[Plot]


class DetailPanel:
    """Shows one event or one device of one browser; redraws what is still open every few seconds of the log's clock."""

    def __init__(self, services: Services, zone: ZoneInfo, language: Language, on_close: Callable[[], None]) -> None:
        self._services = services
        self._zone = zone
        self._language = language
        self._on_close = on_close
        self._chosen: Chosen | None = None
        self._drawn_at_ms = 0
        self._chart: ui.echart | None = None
        self._hint = ui.label(word("choose", language)).classes("detail__hint")
        self._head = ui.element("div").classes("detail__head")
        self._facts = ui.element("div")
        self._charts = ui.element("div")

    def clear(self) -> None:
        """Show nothing but a hint."""
        self._chosen = None
        self._chart = None
        self._hint.set_visibility(True)
        for part in (self._head, self._facts, self._charts):
            part.clear()

    async def show_event(self, event: Event, now_ms: int | None) -> None:
        """Show the event with the readings of its evidence around it."""
        self.clear()
        await self._draw(Chosen(event.subject, event), now_ms)

    async def show_device(self, device_id: str, now_ms: int | None) -> None:
        """Show the device with its readings of the last day."""
        self.clear()
        await self._draw(Chosen(device_id, None), now_ms)

    async def refresh(self, snapshot: CitySnapshot) -> None:
        """Draw again what is chosen, when its event changed or the log's clock moved on by five seconds."""
        chosen, now_ms = self._chosen, snapshot.counts.now_ms
        if chosen is None:
            return
        event = await self._newest(chosen.event, snapshot) if chosen.event is not None else None
        ended = event is not None and event.cleared_at_ms is not None
        if event != chosen.event or (not ended and (now_ms or 0) - self._drawn_at_ms >= REDRAW_EVERY_MS):
            await self._draw(Chosen(chosen.subject, event), now_ms)

    async def _newest(self, event: Event, snapshot: CitySnapshot) -> Event:
        """The event at its highest revision known; an event that left the open ones is looked up once."""
        for known in snapshot.events:
            if known.event_id == event.event_id:
                return max(known, event, key=lambda each: each.revision)
        if event.cleared_at_ms is not None:
            return event
        stored = await self._services.store.fetch_event(str(event.event_id))
        return stored if stored is not None and stored.revision > event.revision else event

    async def _draw(self, chosen: Chosen, now_ms: int | None) -> None:
        before = self._chosen
        self._chosen = chosen
        findings = await self._find(chosen, now_ms)
        if self._chosen is not chosen:
            return  # another choice was made meanwhile
        self._drawn_at_ms = now_ms or 0
        self._hint.set_visibility(False)
        if before is None or before.event != chosen.event:
            self._show_head(chosen, findings.device)
        self._show_facts(chosen, findings)
        self._show_chart(chosen, findings)

    async def _find(self, chosen: Chosen, now_ms: int | None) -> Findings:
        reader, subject, event = self._services.store, chosen.subject, chosen.event
        device = await self._services.registry.directory.get_device(subject)
        latest = (await reader.fetch_latest([subject])).get(subject, {})
        newest_ms = max((sample.observed_at_ms for sample in latest.values()), default=None)
        evident = list(dict.fromkeys(evidence.quantity for evidence in event.evidence)) if event is not None else []
        end_ms = max(now_ms or 0, newest_ms or 0)
        span_ms = span_around(event, end_ms) if event is not None else (end_ms - DAY_MS, end_ms + 1)
        plots = []
        if device is not None:
            plots = [await self._read(device, name, span_ms) for name in (evident or sorted(latest))[:MOST_PLOTS]]
        return Findings(device, latest, newest_ms, span_ms, plots)

    async def _read(self, device: Device, quantity: str, span_ms: tuple[int, int]) -> Plot:
        every_ms = interval_for(*span_ms, device.report_interval_s)
        reader, series = self._services.store, (device.device_id, device.kind, quantity, *span_ms)
        if every_ms is None:
            return Plot(quantity, await reader.fetch_samples(*series))
        return Plot(quantity, await reader.fetch_buckets(*series, every_ms))

    def _show_head(self, chosen: Chosen, device: Device | None) -> None:
        event = chosen.event
        if event is not None:
            severity, status = word(event.severity.value, self._language), word(event.status.value, self._language)
            title, subtitle = pick(event.summary, self._language), f"{chosen.subject} · {severity} · {status}"
        else:
            title, subtitle = chosen.subject, device.name if device is not None else ""
        self._head.clear()
        with self._head:
            with ui.element("div").classes("detail__titles"):
                ui.label(title).classes("detail__title").props("role=heading aria-level=2")
                ui.label(subtitle).classes("detail__subtitle")
            close = ui.element("button").classes("close").props("type=button")
            close.props["aria-label"] = word("close", self._language)
            close.on("click", lambda _: self._on_close())
            with close:
                ui.html(_CROSS, sanitize=False)

    def _show_facts(self, chosen: Chosen, findings: Findings) -> None:
        self._facts.clear()
        with self._facts:
            if chosen.event is not None:
                _list_facts(event_facts(chosen.event, self._zone, self._language), "facts")
            elif findings.device is not None:
                _list_facts(device_facts(findings.device, findings.newest_ms, self._zone, self._language), "facts")
            if findings.latest:
                _list_facts(reading_facts(findings.latest, self._language), "facts facts--readings")

    def _show_chart(self, chosen: Chosen, findings: Findings) -> None:
        """Chart the plots; a chart of as many plots that is there already only gets its new options."""
        plots = [plot for plot in findings.plots if plot.readings]
        marks = event_marks(chosen.event, self._language) if chosen.event is not None else []
        options = chart_options(plots, marks, findings.span_ms, self._zone, self._language)
        if self._chart is not None and len(self._chart.options["series"]) == len(plots):
            self._chart.options.update(options)
            return
        self._charts.clear()
        self._chart = None
        with self._charts:
            if plots:
                self._chart = ui.echart(options, renderer="svg").classes("chart")
                self._chart.style(f"height:{chart_height_px(len(plots))}px")
            else:
                ui.label(word("no_readings", self._language)).classes("detail__hint")


_CROSS: Final = element("svg", element("path", d="M3 3l10 10M13 3L3 13"), viewbox="0 0 16 16", aria_hidden="true")


def _list_facts(facts: Sequence[Fact], classes: str) -> None:
    with ui.element("dl").classes(classes):
        for name, text in facts:
            with ui.element("div"):
                with ui.element("dt"):
                    ui.label(name)
                with ui.element("dd"):
                    ui.label(text)
