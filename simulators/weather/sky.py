"""The real sun and the civil clock over one place."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import elevation, sunrise, sunset

from domain.time.units import DAY_MS, MINUTE_MS
from simulators.ground.place import Place

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_CROSSING_WITHIN_MS: Final = 500


@dataclass(frozen=True, slots=True)
class Night:
    """When the sun stands below a height: [from_ms, until_ms) between two solar noons, empty where it never does.

    Whoever takes it for dark a degree lower does so `from_ms_per_deg` later and ends `until_ms_per_deg` earlier; this is
    linear for half a degree or so. Both are 0 where the sun does not cross the height.
    """

    from_ms: int
    until_ms: int
    from_ms_per_deg: float
    until_ms_per_deg: float


class Sky:
    """Day and night at a place. A pure function of place and time; what it has worked out for a day it remembers.

    The days are solar ones, midnight to midnight by the sun, so that a sunrise and its sunset always share one,
    whatever the civil time zone is.
    """

    def __init__(self, place: Place) -> None:
        self._observer = Observer(latitude=place.lat, longitude=place.lon)
        self._zone = ZoneInfo(place.timezone)
        self._solar_offset_ms = round(place.lon / 360 * DAY_MS)
        self._daylight = lru_cache(maxsize=64)(self._work_out_daylight)
        self._hour = lru_cache(maxsize=64)(self._work_out_hour)
        self._night = lru_cache(maxsize=256)(self._work_out_night)

    def is_night(self, at_ms: int) -> bool:
        """Whether the sun stands below the horizon: [sunset, sunrise)."""
        rise_ms, set_ms = self._daylight((at_ms + self._solar_offset_ms) // DAY_MS)
        return not rise_ms <= at_ms < set_ms

    def local_hour(self, at_ms: int) -> float:
        """The civil time of day in hours, [0, 24), to the minute."""
        return self._hour(at_ms // MINUTE_MS)

    def elevation_deg(self, at_ms: int) -> float:
        """The height of the sun over the horizon, refraction included. Not remembered: 20 µs."""
        return elevation(self._observer, datetime.fromtimestamp(at_ms / 1000, UTC))

    def night(self, at_ms: int, below_deg: float) -> Night:
        """When the sun stands below a height in the night, noon to noon by the sun, that holds `at_ms`.

        Exact to a second. A polar night lasts the whole day; a midnight sun leaves it empty.
        """
        return self._night(self.night_number(at_ms), below_deg)

    def night_number(self, at_ms: int) -> int:
        """Which night an instant belongs to, counted from noon to noon by the sun."""
        return (at_ms + self._solar_offset_ms + DAY_MS // 2) // DAY_MS

    def next_dark(self, from_ms: int, until_ms: int, below_deg: float) -> int | None:
        """The first instant in [from_ms, until_ms) at which the sun stands below a height, if any."""
        day_ms = from_ms
        while day_ms < until_ms + DAY_MS:
            night = self.night(day_ms, below_deg)
            first_ms = max(from_ms, night.from_ms)
            if first_ms < min(night.until_ms, until_ms):
                return first_ms
            day_ms += DAY_MS
        return None

    def next_light(self, from_ms: int, until_ms: int, above_deg: float) -> int | None:
        """The first instant in [from_ms, until_ms) at which the sun stands at or above a height, if any."""
        at_ms = from_ms
        while at_ms < until_ms:
            night = self.night(at_ms, above_deg)
            if not night.from_ms <= at_ms < night.until_ms:
                return at_ms
            at_ms = night.until_ms
        return None

    def _work_out_night(self, number: int, below_deg: float) -> Night:
        from_ms, until_ms = self._below(number, below_deg)
        later_ms, earlier_ms = self._below(number, below_deg - 0.5)
        sooner_ms, longer_ms = self._below(number, below_deg + 0.5)
        if from_ms == until_ms or until_ms - from_ms == DAY_MS:
            return Night(from_ms, until_ms, 0.0, 0.0)
        return Night(from_ms, until_ms, float(later_ms - sooner_ms), float(longer_ms - earlier_ms))

    def _below(self, number: int, height_deg: float) -> tuple[int, int]:
        """[from, until) in which the sun is lower than that, between two solar noons; both midnight where it never is."""
        midnight_ms = number * DAY_MS - self._solar_offset_ms
        noon_ms, next_noon_ms = midnight_ms - DAY_MS // 2, midnight_ms + DAY_MS // 2
        if self.elevation_deg(midnight_ms) >= height_deg:
            return midnight_ms, midnight_ms
        return (
            self._crossing(noon_ms, midnight_ms, height_deg),
            self._crossing(next_noon_ms, midnight_ms, height_deg),
        )

    def _crossing(self, light_ms: int, dark_ms: int, height_deg: float) -> int:
        """When the sun passes a height between a noon and a midnight, by bisection; the noon where it never rises to it."""
        if self.elevation_deg(light_ms) < height_deg:
            return light_ms
        while abs(light_ms - dark_ms) > _CROSSING_WITHIN_MS:
            middle_ms = (light_ms + dark_ms) // 2
            if self.elevation_deg(middle_ms) < height_deg:
                dark_ms = middle_ms
            else:
                light_ms = middle_ms
        return dark_ms

    def _work_out_daylight(self, solar_day: int) -> tuple[int, int]:
        """Sunrise and sunset, epoch ms; both at noon where the sun never rises, a whole day where it never sets."""
        day = date.fromordinal(_EPOCH_DAY + solar_day)
        zone = timezone(timedelta(milliseconds=self._solar_offset_ms))
        try:
            return self._ms(sunrise, day, zone), self._ms(sunset, day, zone)
        except ValueError:
            start_ms = solar_day * DAY_MS - self._solar_offset_ms
            noon_ms = start_ms + DAY_MS // 2
            if elevation(self._observer, datetime.fromtimestamp(noon_ms / 1000, UTC)) > 0:
                return start_ms, start_ms + DAY_MS
            return noon_ms, noon_ms

    def _ms(self, moment: Callable[..., datetime], day: date, zone: timezone) -> int:
        return round(moment(self._observer, date=day, tzinfo=zone).timestamp() * 1000)

    def _work_out_hour(self, minute: int) -> float:
        local = datetime.fromtimestamp(minute * 60, self._zone)
        return local.hour + local.minute / 60
