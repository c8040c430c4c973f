"""The real sun and the civil clock over one place."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import elevation, sunrise, sunset

from simulators.place import Place

_DAY_MS: Final = 86_400_000
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


class Sky:
    """Day and night at a place. A pure function of place and time; what it has worked out for a day it remembers.

    The days are solar ones, midnight to midnight by the sun, so that a sunrise and its sunset always share one,
    whatever the civil time zone says.
    """

    def __init__(self, place: Place) -> None:
        self._observer = Observer(latitude=place.lat, longitude=place.lon)
        self._zone = ZoneInfo(place.timezone)
        self._solar_offset_ms = round(place.lon / 360 * _DAY_MS)
        self._daylight = lru_cache(maxsize=64)(self._work_out_daylight)
        self._hour = lru_cache(maxsize=64)(self._work_out_hour)

    def is_night(self, at_ms: int) -> bool:
        """Whether the sun stands below the horizon: [sunset, sunrise)."""
        rise_ms, set_ms = self._daylight((at_ms + self._solar_offset_ms) // _DAY_MS)
        return not rise_ms <= at_ms < set_ms

    def local_hour(self, at_ms: int) -> float:
        """The civil time of day in hours, [0, 24), to the minute."""
        return self._hour(at_ms // 60_000)

    def _work_out_daylight(self, solar_day: int) -> tuple[int, int]:
        """Sunrise and sunset, epoch ms; both at noon where the sun never rises, a whole day where it never sets."""
        day = date.fromordinal(_EPOCH_DAY + solar_day)
        zone = timezone(timedelta(milliseconds=self._solar_offset_ms))
        try:
            return self._ms(sunrise, day, zone), self._ms(sunset, day, zone)
        except ValueError:
            start_ms = solar_day * _DAY_MS - self._solar_offset_ms
            noon_ms = start_ms + _DAY_MS // 2
            if elevation(self._observer, datetime.fromtimestamp(noon_ms / 1000, UTC)) > 0:
                return start_ms, start_ms + _DAY_MS
            return noon_ms, noon_ms

    def _ms(self, moment: Callable[..., datetime], day: date, zone: timezone) -> int:
        return round(moment(self._observer, date=day, tzinfo=zone).timestamp() * 1000)

    def _work_out_hour(self, minute: int) -> float:
        local = datetime.fromtimestamp(minute * 60, self._zone)
        return local.hour + local.minute / 60
