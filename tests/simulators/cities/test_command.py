"""`urbansense simulate --city`: the files that an operator registers and looks at."""

import csv
from collections import Counter
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from domain.errors import ConfigurationError
from simulators.cities import load_city
from urbansense.commands.cli import app


def test_a_city_is_written_as_devices_areas_and_a_map(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("city.csv", "areas.json", "city.geojson")}
    asked = ["simulate", "--city", "harbin", "--devices", "80", "--seed", "5"]
    for option, path in zip(("--devices-file", "--areas-file", "--map"), files.values(), strict=True):
        asked += [option, str(path)]
    done = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert done.exit_code == 0
    city = load_city("harbin").city(5, 80)
    with files["city.csv"].open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["device_id"] for row in rows] == [device.device_id for device in city.devices]
    assert {row["owner"] for row in rows if row["department"] == "lighting"} == {"哈尔滨市城市照明管理中心"}
    assert [area["path"] for area in orjson.loads(files["areas.json"].read_bytes())] == [a.path for a in city.areas]
    layers = Counter(f["properties"]["layer"] for f in orjson.loads(files["city.geojson"].read_bytes())["features"])
    assert layers == {"area": len(city.areas), "river": 1, "street": len(city.plan.streets), "device": 80}


def test_without_a_name_the_city_is_the_plain_one_of_300(tmp_path: Path) -> None:
    path = tmp_path / "city.csv"
    assert CliRunner().invoke(app, ["simulate", "--devices-file", str(path)], catch_exceptions=False).exit_code == 0
    assert len(path.read_text(encoding="utf-8").splitlines()) == 301


def test_a_city_file_that_is_wrong_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    own, path = tmp_path / "own.yaml", tmp_path / "city.csv"
    own.write_text("lamps:\n  colour: red\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"own.yaml:2: lamps.colour: "):
        CliRunner().invoke(app, ["simulate", "--city", str(own), "--devices-file", str(path)], catch_exceptions=False)
    assert not path.exists()
