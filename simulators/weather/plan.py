"""What weather a simulated city is to have, as a city's file states it."""

from datetime import date
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Millimetres = Annotated[float, Field(gt=0, le=1000)]
Hours = Annotated[float, Field(gt=0, le=24)]
Part = Annotated[float, Field(gt=0.05, lt=0.95)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Storm(_Model):
    """One storm: it begins `after_h` hours into the simulation and lasts `lasts_h`; `peak` is the part before its peak.

    It brings `total_mm`, or what the city's storm intensity formula has for that length once in `return_years`.
    """

    after_h: Annotated[float, Field(ge=0)]
    lasts_h: Hours
    total_mm: Millimetres | None = None
    return_years: Annotated[float, Field(ge=0.25, le=200)] | None = None
    peak: Part = 0.4

    @model_validator(mode="after")
    def _says_how_much(self) -> Self:
        if (self.total_mm is None) == (self.return_years is None):
            raise ValueError("a storm has either total_mm or return_years")
        return self


class Climate(_Model):
    """Temperatures in degrees Celsius: the year's mean, how far summer and winter and day and night are from it.

    The defaults are those of the lower Yangtze, rounded [mem]: 16.5 over the year, 4 in January, 29 in July.
    """

    mean_cel: float = 16.5
    of_year_cel: Annotated[float, Field(ge=0)] = 12.5
    of_day_cel: Annotated[float, Field(ge=0)] = 4.0
    day_to_day_cel: Annotated[float, Field(ge=0)] = 2.0
    warmest_day: Annotated[int, Field(ge=1, le=366)] = 206


class RecordedRain(_Model):
    """Rain as it was recorded: the series `series`, from the day `begins` on, falls from the stream's start on."""

    series: str = "seattle"
    begins: date | None = None


class WeatherPlan(_Model):
    """Rain is what falls from the given `storms`, from those drawn at `storms_per_day`, and from the `recorded` series.

    Drawn storms bring `depth_mm` (from, to) in `lasts_h` hours (from, to), both drawn evenly. `formula` names the row of
    formulas.csv that gives every storm its shape. The default is dry.
    """

    storms: tuple[Storm, ...] = ()
    storms_per_day: Annotated[float, Field(ge=0, le=10)] = 0.0
    depth_mm: tuple[Millimetres, Millimetres] = (8.0, 70.0)
    lasts_h: tuple[Hours, Hours] = (0.5, 3.0)
    recorded: RecordedRain | None = None
    formula: str = "suzhou"
    climate: Climate = Climate()


DRY: Final = WeatherPlan()
