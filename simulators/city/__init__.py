"""A city from a seed: streets, areas, and every device with its place and attributes."""

from simulators.city.blueprint import PLAIN, Blueprint
from simulators.city.building import SMALLEST, build_city, lay_city
from simulators.city.maps import map_geojson
from simulators.city.model import City

__all__ = ["PLAIN", "SMALLEST", "Blueprint", "City", "build_city", "lay_city", "map_geojson"]
