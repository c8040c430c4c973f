"""The chart of the readings behind an event: one small plot a quantity, on one time axis, with the event's instants marked.

ECharts knows only the browser's zone and UTC. Times are therefore moved by the city's offset at the event and shown as UTC:
the axis reads as the city's wall clock, wherever the browser is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from domain.events import Event
from domain.quantities.catalogue import CATALOGUE
from domain.time.units import DAY_MS, HOUR_MS, MINUTE_MS
from timeseries.queries.samples import Bucket, Sample
from web.console.pages.overview.facts import display_unit, quantity_title
from web.console.shell.palette import LINE_COLOUR, OK_COLOUR, SEVERITY_COLOURS
from web.console.shell.words import word
from web.http.language import Language

SHORTEST_LEAD_MS: Final = 30 * MINUTE_MS
LONGEST_LEAD_MS: Final = 24 * HOUR_MS
MOST_POINTS: Final = 1500
MOST_PLOTS: Final = 4
TOP_PX, PLOT_PX, GAP_PX, AXIS_PX = 26, 104, 34, 30
GREY: Final = "#7c8894"
FAINT: Final = "#8a94a033"
_STEPS_MS: Final = tuple(minutes * MINUTE_MS for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10_080))


@dataclass(frozen=True, slots=True)
class Plot:
    """One quantity's readings in time order: as they came, or as intervals."""

    quantity: str
    readings: Sequence[Sample] | Sequence[Bucket]


@dataclass(frozen=True, slots=True)
class Mark:
    """An instant of the event, drawn across every plot."""

    at_ms: int
    label: str
    colour: str


def span_around(event: Event, now_ms: int | None) -> tuple[int, int]:
    """[from, to) of the readings that explain an event: a lead before it began, to the same after its end, or to now.

    The lead is twice the time from `since` to `opened_at`, at least half an hour and at most a day.
    """
    lead_ms = min(max(2 * (event.opened_at_ms - event.since_ms), SHORTEST_LEAD_MS), LONGEST_LEAD_MS)
    end_ms = event.cleared_at_ms if event.cleared_at_ms is not None else max(event.opened_at_ms, now_ms or 0)
    return event.since_ms - lead_ms, max(
        end_ms + lead_ms if event.cleared_at_ms is not None else end_ms, event.opened_at_ms
    ) + 1


def interval_for(from_ms: int, to_ms: int, report_interval_s: int) -> int | None:
    """The interval to downsample to, so that a plot keeps to 1,500 points; None where the readings themselves fit."""
    if (to_ms - from_ms) // max(report_interval_s * 1000, 1) <= MOST_POINTS:
        return None
    return next((step for step in _STEPS_MS if (to_ms - from_ms) // step <= MOST_POINTS), _STEPS_MS[-1])


def event_marks(event: Event, language: Language) -> list[Mark]:
    """The event's beginning, opening and end; one that opened as it began has one mark for both."""
    marks = [Mark(event.opened_at_ms, word("opened", language), SEVERITY_COLOURS[event.severity])]
    if event.since_ms != event.opened_at_ms:
        marks.insert(0, Mark(event.since_ms, word("since", language), GREY))
    if event.cleared_at_ms is not None:
        marks.append(Mark(event.cleared_at_ms, word("cleared", language), OK_COLOUR))
    return marks


def chart_height_px(plots: int) -> int:
    return TOP_PX + plots * (PLOT_PX + GAP_PX) - GAP_PX + AXIS_PX


def chart_options(
    plots: Sequence[Plot], marks: Sequence[Mark], span_ms: tuple[int, int], zone: ZoneInfo, language: Language
) -> dict[str, Any]:
    """The ECharts options of the plots, top to bottom, at most four."""
    offset_ms = zone_offset_ms(zone, span_ms[1])
    shown = list(enumerate(plots[:MOST_PLOTS]))
    tops = [TOP_PX + i * (PLOT_PX + GAP_PX) for i, _ in shown]
    return {
        "animation": False,
        "useUTC": True,
        "textStyle": {"fontFamily": "inherit", "color": GREY},
        "tooltip": {"trigger": "axis", "confine": True, "axisPointer": {"type": "line"}},
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "grid": [{"left": 52, "right": 24, "top": top, "height": PLOT_PX} for top in tops],
        "title": [
            {"text": _title(plot.quantity, language), "left": 8, "top": top - 22,
             "textStyle": {"fontSize": 12, "fontWeight": 500, "color": GREY}}
            for top, (_, plot) in zip(tops, shown, strict=True)
        ],
        "xAxis": [_time_axis(i, i == len(shown) - 1, span_ms, offset_ms) for i, _ in shown],
        "yAxis": [_value_axis(i, plot.quantity, language) for i, plot in shown],
        "series": [_series(i, plot, marks, offset_ms, language) for i, plot in shown],
    }  # fmt: skip


def zone_offset_ms(zone: ZoneInfo, at_ms: int) -> int:
    """How far the zone's wall clock is ahead of UTC at that instant."""
    offset = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).utcoffset()
    return round(offset.total_seconds() * 1000) if offset is not None else 0


def _title(quantity: str, language: Language) -> str:
    title, unit = quantity_title(quantity, language), display_unit(quantity)
    return f"{title} ({unit})" if unit else title


def _time_axis(index: int, labelled: bool, span_ms: tuple[int, int], offset_ms: int) -> dict[str, Any]:
    clock = "{HH}:{mm}" if span_ms[1] - span_ms[0] <= DAY_MS else "{MM}-{dd} {HH}:{mm}"
    return {
        "type": "time",
        "gridIndex": index,
        "min": span_ms[0] + offset_ms,
        "max": span_ms[1] + offset_ms,
        "axisLabel": {"show": labelled, "hideOverlap": True, "color": GREY, "fontSize": 12, "formatter": clock},
        "axisTick": {"show": labelled},
        "axisLine": {"lineStyle": {"color": FAINT}},
        "splitLine": {"show": False},
    }


def _value_axis(index: int, quantity: str, language: Language) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "value",
        "gridIndex": index,
        "scale": True,
        "splitNumber": 3,
        "axisLabel": {"color": GREY, "fontSize": 12, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": FAINT}},
    }
    known = CATALOGUE.get(quantity)
    if known is not None and known.boolean:
        no, yes = word("no", language), word("yes", language)
        axis |= {"min": 0, "max": 1, "interval": 1}
        axis["axisLabel"] = {"color": GREY, ":formatter": f"(value) => value ? {yes!r} : {no!r}"}
    return axis


def _series(index: int, plot: Plot, marks: Sequence[Mark], offset_ms: int, language: Language) -> dict[str, Any]:
    known = CATALOGUE.get(plot.quantity)
    boolean = known is not None and known.boolean
    points = [_point(reading, offset_ms, language) for reading in plot.readings]
    return {
        "type": "line",
        "name": _title(plot.quantity, language),
        "xAxisIndex": index,
        "yAxisIndex": index,
        "data": points,
        "step": "end" if boolean else False,
        "symbol": "circle",
        "showSymbol": len(points) <= 120,
        "symbolSize": 4,
        "lineStyle": {"width": 1.5, "color": LINE_COLOUR},
        "itemStyle": {"color": LINE_COLOUR},
        "markLine": {
            "symbol": "none",
            "silent": True,
            "animation": False,
            "data": [_mark_line(mark, offset_ms, labelled=index == 0) for mark in marks],
        },
    }


def _point(reading: Sample | Bucket, offset_ms: int, language: Language) -> dict[str, Any]:
    """A point; a `bad` or `suspect` reading is hollow and bears its quality."""
    if isinstance(reading, Bucket):
        return {"value": [reading.start_ms + offset_ms, reading.mean]}
    point: dict[str, Any] = {"value": [reading.observed_at_ms + offset_ms, reading.value]}
    if reading.quality is not None:
        point |= {"symbol": "emptyCircle", "symbolSize": 7, "name": word(reading.quality, language)}
    return point


def _mark_line(mark: Mark, offset_ms: int, *, labelled: bool) -> dict[str, Any]:
    return {
        "xAxis": mark.at_ms + offset_ms,
        "lineStyle": {"color": mark.colour, "width": 1.5, "type": "dashed" if mark.colour == GREY else "solid"},
        "label": {"show": labelled, "formatter": mark.label, "color": GREY, "position": "end", "distance": 4},
    }
