"""An appraisal as a CSV file that spreadsheets open: UTF-8 with a byte order mark, CRLF, a row for each part."""

import csv
import io
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from cases.appraisal.appraisal import Appraisal
from cases.appraisal.counts import RATES, Count
from cases.appraisal.indicators import Durations, Indicators
from cases.appraisal.score import Weights, score_of
from domain.time.units import MINUTE_MS
from reporting.wording.instants import wall

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
WHOLE: Final = "all"
_RUNS: Final = ("=", "+", "-", "@", "'", "\t", "\r")


def csv_of(appraisal: Appraisal, weights: Weights, zone: ZoneInfo) -> bytes:
    """The whole first, then every part by dimension and name.

    Shape: rates are fractions with their Wilson interval, empty where there was nothing; durations are minutes. A name that
    a spreadsheet would run (it begins with = + - @) stands behind an apostrophe, as in devices files. The part without a
    name has an empty one.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns())
    period = (wall(appraisal.period.from_ms, zone), wall(appraisal.period.to_ms, zone))
    writer.writerow([*period, WHOLE, "", *_cells(appraisal.whole, weights)])
    for dimension, parts in appraisal.parts.items():
        for name, indicators in parts.items():
            writer.writerow([*period, dimension.value, guarded(name or ""), *_cells(indicators, weights)])
    return text.getvalue().encode("utf-8-sig")


def columns() -> list[str]:
    """The names of the columns, in their order."""
    rates = (f"{name}{end}" for name in RATES for end in ("", "_low", "_high", "_of"))
    durations = (f"{time}_{what}_min" for time in ("clock", "working") for what in ("mean", "median", "p90"))
    return ["from", "to", "by", "name", "score", *(count.value for count in Count), *rates, *durations]


def guarded(cell: str) -> str:
    """The cell as a spreadsheet may open it: behind an apostrophe where it would run, or be taken for one."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_RUNS) else cell


def _cells(indicators: Indicators, weights: Weights) -> Iterator[str]:
    yield _number(score_of(indicators, weights), 1)
    yield from (str(indicators.counts[count]) for count in Count)
    for name in RATES:
        rate = indicators.rates[name]
        yield from (_number(share, 4) for share in (rate.value, rate.low, rate.high))
        yield str(rate.among)
    yield from _minutes(indicators.clock)
    yield from _minutes(indicators.working)


def _minutes(durations: Durations) -> Iterator[str]:
    for ms in (durations.mean_ms, durations.median_ms, durations.p90_ms):
        yield _number(None if ms is None else ms / MINUTE_MS, 1)


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
