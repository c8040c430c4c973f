"""The sky and the weather over a simulated city: sun, rain and temperatures as pure functions of time."""

from simulators.weather.model import Weather
from simulators.weather.plan import DRY, Climate, RecordedRain, Storm, WeatherPlan

__all__ = ["DRY", "Climate", "RecordedRain", "Storm", "Weather", "WeatherPlan"]
