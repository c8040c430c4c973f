"""Weather as a function of time: rain from every source, and temperatures."""

from datetime import date

import pytest
from pydantic import ValidationError

from domain.errors import ConfigurationError
from domain.time.durations import parse_instant_ms
from simulators.weather import RecordedRain, Storm, Weather, WeatherPlan
from simulators.weather.recorded import fetch_series

START = parse_instant_ms("2026-06-01T18:00:00+08:00")
HOUR, DAY = 3_600_000, 86_400_000


def test_the_weather_is_dry_unless_a_plan_says_otherwise() -> None:
    weather = Weather(7, START)
    assert weather.rainfall_mm(START, START + 100 * DAY) == 0
    assert weather.is_dry(START, START + 100 * DAY)


def test_a_storm_of_the_plan_can_begin_in_the_first_minutes() -> None:
    weather = Weather(7, START, WeatherPlan(storms=(Storm(after_h=0.05, lasts_h=1, total_mm=40),)))
    assert weather.is_dry(START, START + 180_000)
    assert weather.rain_mm_h(START + 200_000) > 0
    assert weather.rainfall_mm(START, START + 2 * HOUR) == pytest.approx(40)


def test_a_storm_says_how_much_it_brings_one_way_or_the_other() -> None:
    with pytest.raises(ValidationError, match="total_mm or return_years"):
        Storm(after_h=1, lasts_h=1)
    once_in_ten = Weather(7, START, WeatherPlan(storms=(Storm(after_h=0, lasts_h=1, return_years=10),)))
    assert once_in_ten.rainfall_mm(START, START + HOUR) == pytest.approx(78.7, abs=0.2)


def test_drawn_storms_come_as_often_and_bring_as_much_as_planned() -> None:
    plan = WeatherPlan(storms_per_day=0.5, depth_mm=(20, 40), lasts_h=(1, 2))
    total_mm = Weather(7, START, plan).rainfall_mm(START, START + 1000 * DAY)
    assert total_mm == pytest.approx(1000 * 0.5 * 30, rel=0.1)


def test_rain_adds_up_however_it_is_cut() -> None:
    weather = Weather(7, START, WeatherPlan(storms_per_day=2.5))
    whole_mm = weather.rainfall_mm(START, START + 3 * DAY)
    hours_mm = [weather.rainfall_mm(START + h * HOUR, START + (h + 1) * HOUR) for h in range(72)]
    assert whole_mm == pytest.approx(sum(hours_mm))
    assert whole_mm > 50
    for hour, mm in enumerate(hours_mm):
        assert weather.is_dry(START + hour * HOUR, START + (hour + 1) * HOUR) is (mm == 0)


def test_another_seed_is_other_weather_and_the_same_the_same() -> None:
    plan = WeatherPlan(storms_per_day=1)
    one, again, other = (Weather(seed, START, plan) for seed in (7, 7, 8))
    assert one.rainfall_mm(START, START + DAY * 9) == again.rainfall_mm(START, START + DAY * 9)
    assert one.rainfall_mm(START, START + DAY * 9) != other.rainfall_mm(START, START + DAY * 9)
    assert one.air_cel(START) == again.air_cel(START) != other.air_cel(START)


def test_recorded_days_bring_what_was_measured_on_them() -> None:
    first, totals_mm = fetch_series("seattle")
    assert (first, len(totals_mm)) == (date(2012, 1, 1), 1461)
    weather = Weather(7, START, WeatherPlan(recorded=RecordedRain(begins=date(2012, 1, 2))))
    for day in range(20):
        fallen_mm = weather.rainfall_mm(START + day * DAY, START + (day + 1) * DAY)
        assert fallen_mm == pytest.approx(totals_mm[day + 1])
    assert totals_mm[1] == 10.9


def test_a_recording_that_is_not_there_says_so() -> None:
    for rain in (RecordedRain(series="nowhere"), RecordedRain(begins=date(1990, 1, 1))):
        with pytest.raises(ConfigurationError, match=r"no recorded rain|has 1461 days from 2012-01-01"):
            Weather(7, START, WeatherPlan(recorded=rain)).rainfall_mm(START, START + DAY)


def test_summer_is_warm_afternoons_are_warmer_and_water_lags() -> None:
    weather = Weather(7, START)
    july, january = (parse_instant_ms(day + "T12:00:00+08:00") for day in ("2026-07-25", "2026-01-25"))
    assert 25 < weather.air_cel(july) < 38
    assert -6 < weather.air_cel(january) < 11
    assert weather.air_cel(july + 2 * HOUR) > weather.air_cel(july - 8 * HOUR) + 4
    spring = parse_instant_ms("2026-04-25T00:00:00+08:00")
    mean_air = sum(weather.air_cel(spring + h * HOUR) for h in range(240)) / 240
    mean_water = sum(weather.water_cel(spring + h * HOUR) for h in range(240)) / 240
    assert mean_water < mean_air - 1
