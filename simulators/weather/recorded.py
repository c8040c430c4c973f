"""Recorded rain: real daily totals, each let fall as one storm, since nobody recorded its minutes."""

import csv
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from domain.errors import ConfigurationError
from domain.time.units import HOUR_MS
from simulators.noise.seeded import key_of, uniform
from simulators.weather.plan import RecordedRain
from simulators.weather.storms import Fall, StormFormula

_FOLDER: Final = Path(__file__).parent
_LONGEST_H: Final = 12.0


@lru_cache(maxsize=8)
def fetch_series(name: str) -> tuple[date, tuple[float, ...]]:
    """A recorded series as (its first day, mm of each day from then on); the file states where it is from.

    Raises: ConfigurationError where there is no such series.
    """
    path = _FOLDER / f"{name}.csv"
    if not name.isidentifier() or name == "formulas" or not path.is_file():
        raise ConfigurationError(f"no recorded rain {name!r} in {_FOLDER.name}/")
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    return date.fromisoformat(rows[0]["day"]), tuple(float(row["rainfall_mm"]) for row in rows)


def daily_falls(rain: RecordedRain, seed: int, day: int, start_ms: int, formula: StormFormula) -> tuple[Fall, ...]:
    """What fell on day `day` of the recording, as one storm that begins within [start_ms, start_ms + 24 h).

    The total is the recorded one; when it fell and for how long is drawn: 1 hour for a shower, up to 12 for 40 mm. After
    its last day the series begins anew.
    Raises: ConfigurationError where it does not have the day on which it is to begin.
    """
    first, totals_mm = fetch_series(rain.series)
    skip = 0 if rain.begins is None else (rain.begins - first).days
    if not 0 <= skip < len(totals_mm):
        raise ConfigurationError(
            f"recorded rain {rain.series!r} has {len(totals_mm)} days from {first} on, not {rain.begins}"
        )
    total_mm = totals_mm[(skip + day) % len(totals_mm)]
    if total_mm <= 0:
        return ()
    key = key_of(seed, "recorded", rain.series, str(day))
    longest_h = min(_LONGEST_H, 1.0 + total_mm / 3)
    lasts_h = uniform(key, 1, low=min(1.0, longest_h), high=longest_h)
    begins_ms = start_ms + int(uniform(key, 0) * (24 - lasts_h) * HOUR_MS)
    return (
        Fall(
            begins_ms, round(lasts_h * HOUR_MS), total_mm, uniform(key, 2, low=0.3, high=0.5), formula.b_min, formula.n
        ),
    )
