"""Cities as files: what each is drawn from, its weather and its faults."""

from simulators.cities.city_file import CityFile
from simulators.cities.loading import city_names, load_city

__all__ = ["CityFile", "city_names", "load_city"]
