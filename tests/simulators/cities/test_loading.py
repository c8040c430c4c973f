"""City files: what may stand in them, and how everything wrong is told at once."""

from pathlib import Path

import pytest

from domain.errors import ConfigurationError
from simulators.cities import CityFile, city_names, load_city
from simulators.cities.loading import read_city
from simulators.city import build_city
from simulators.city.devices_file import devices_csv


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as told:
        read_city(text, "x.yaml")
    return told.value.problems


def test_a_file_says_only_what_differs_from_the_plain_city() -> None:
    city = read_city("lamps: {per_cabinet: 40}", "x.yaml")
    assert city == CityFile.model_validate({"lamps": {"per_cabinet": 40}})
    assert city.streets == CityFile().streets


def test_a_file_gives_weather_and_faults_too() -> None:
    city = read_city("weather: {storms_per_day: 0.5}\nfaults: {share: 0.1, shares: {offline: 0}}", "x.yaml")
    assert city.weather.storms_per_day == 0.5
    assert (city.faults.share_of("lamp-dead"), city.faults.share_of("offline")) == (0.1, 0)


def test_a_file_may_say_its_seed_and_size_and_a_caller_otherwise() -> None:
    city = read_city("seed: 9\ndevices: 50", "x.yaml")
    assert (city.city().seed, len(city.city().devices)) == (9, 50)
    assert (city.city(seed=3, devices=60).seed, len(city.city(seed=3, devices=60).devices)) == (3, 60)


def test_every_problem_is_told_at_once_with_its_line() -> None:
    text = """\
place:
  lat: 95
  division: "32"
  timezone: Asia/Nowhere
lamps:
  spacing: 30
  dialects: {hj212: 1}
covers:
  wells:
    cellar: {share: 1, depth_m: [1, 2]}
weather:
  storms_per_day: lots
"""
    problems = problems_of(text)
    assert [problem.split(": ")[:2] for problem in problems] == [
        ["x.yaml:2", "place.lat"],
        ["x.yaml:3", "place.division"],
        ["x.yaml:4", "place.timezone"],
        ["x.yaml:6", "lamps.spacing"],
        ["x.yaml:7", "lamps.dialects"],
        ["x.yaml:10", "covers.wells.cellar"],
        ["x.yaml:12", "weather.storms_per_day"],
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("place: {timezone: Asia/Nowhere}", "x.yaml:1: place.timezone: 'Asia/Nowhere' is no time zone"),
        ("place: {}\nweather:\n  formula: atlantis", "x.yaml:3: weather.formula: no storm intensity formula"),
        ("lamps: {}\nlamps: {}", "x.yaml:2: lamps is there twice"),
        ("lamps:\n  dimming: dusk", "x.yaml:2: lamps.dimming: dimming_plan 'dusk'"),
        ("lamps:\n  spacing_m: 90\nstreets:\n  block_m: 120", "spacing_m is more than half a block"),
        ("monitors:\n  sorts:\n    rain: {share: 1, dialects: {hj212: 1}}", "rain: hj212 is for quality stations"),
        ("covers:\n  wells:\n    storm: {share: 1, depth_m: [3, 2]}", "x.yaml:3: covers.wells.storm"),
        ("covers:\n  dialects: {native: 0}", "no share is above 0"),
        ("lamps: [", "x.yaml:2: did not find expected node content"),
        ("- lamps", "x.yaml:1: a city is a mapping of place, "),
        ("", "x.yaml:1: a city is a mapping of place, "),
    ],
)
def test_a_problem_says_where_and_what(text: str, told: str) -> None:
    assert any(told in problem for problem in problems_of(text)), problems_of(text)


def test_a_city_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("devices: 12", encoding="utf-8")
    assert load_city(path).devices == load_city(str(path)).devices == 12
    assert load_city("practice").place.name.en == "Practice city"


def test_a_city_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no city 'atlantis'; there are harbin, practice, quito"):
        load_city("atlantis")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_city(tmp_path / "absent.yaml")


def test_the_demo_s_city_and_the_practice_city_are_shipped() -> None:
    assert {"zhangjiagang", "practice"} <= set(city_names())


def test_the_default_file_is_the_plain_city_of_build_city() -> None:
    assert devices_csv(CityFile().city(7, 200).devices) == devices_csv(build_city(7, 200).devices)
