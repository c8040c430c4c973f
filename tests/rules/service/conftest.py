"""A city that has lived for some hours, on DuckDB or on InfluxDB."""

from tests.rules.service.lived_city import city, store

__all__ = ["city", "store"]
