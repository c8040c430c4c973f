"""What a city's file holds."""

from typing import Annotated

from pydantic import Field

from simulators.city import SMALLEST, City, lay_city
from simulators.city.blueprint import Blueprint
from simulators.faults.plan import NORMAL, FaultPlan
from simulators.weather import DRY, WeatherPlan


class CityFile(Blueprint):
    """A blueprint, and what happens in the city drawn from it. The default is the plain city, dry, with normal faults.

    `seed` and `devices` are what it is drawn with where nothing else is given.
    """

    seed: Annotated[int, Field(ge=0)] = 1
    devices: Annotated[int, Field(ge=SMALLEST, le=5_000_000)] = 300
    weather: WeatherPlan = DRY
    faults: FaultPlan = NORMAL

    def city(self, seed: int | None = None, devices: int | None = None) -> City:
        """The city as `simulators.city.lay_city` draws it. Raises: ValueError for too few devices."""
        return lay_city(self, self.seed if seed is None else seed, self.devices if devices is None else devices)
