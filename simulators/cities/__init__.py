"""Cities as files: what each is drawn from, its weather and its faults."""

from simulators.cities.loading import city_names, load_city
from simulators.cities.schema import CityFile

__all__ = ["CityFile", "city_names", "load_city"]
