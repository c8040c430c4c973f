"""The weather over a simulated city: rain and temperatures as pure functions of time."""

from simulators.weather.plan import DRY, Climate, RecordedRain, Storm, WeatherPlan
from simulators.weather.weather import Weather

__all__ = ["DRY", "Climate", "RecordedRain", "Storm", "Weather", "WeatherPlan"]
