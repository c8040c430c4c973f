"""A city that has lived for some hours, on DuckDB or on InfluxDB; and a folder after one written evening."""

from tests.rules.service.lived_city import city, store
from tests.urbansense.written_evening import evening

__all__ = ["city", "evening", "store"]
