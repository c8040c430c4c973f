"""`urbansense devices ngsi-ld`, through the API over the files of a data folder."""

from pathlib import Path

import jsonschema
import orjson
import pytest
from typer.testing import CliRunner

from tests.web.standards.ngsi_ld.schemas import SCHEMAS
from urbansense.commands.cli import app

DEVICES = """\
device_id,kind,profile,name,area,lon,lat,parent_id,component_code,department,report_interval_s,dev_eui,mn,attributes
L1,streetlight,,Lamp 1,320582/110,120.55,31.87,,,lighting,60,,,"{""nominal_power"": 100}"
L2,streetlight,,Lamp 2,320582/111,120.56,31.88,,,lighting,60,,,
L3,streetlight,,Lamp 3,320582/111,,,,,lighting,60,,,
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("URBANSENSE_HTTP_PORT", "1")  # nothing answers there
    monkeypatch.setenv("URBANSENSE_PARTITIONS", "2")
    (tmp_path / "devices.csv").write_text(DEVICES, encoding="utf-8")
    assert CliRunner().invoke(app, ["devices", "import", "devices.csv"]).exit_code == 0
    return tmp_path


@pytest.mark.parametrize(("arguments", "names"), [((), ["Lamp 1", "Lamp 2"]), (("--area", "320582/111"), ["Lamp 2"])])
def test_the_file_is_an_array_of_valid_entities(folder: Path, arguments: tuple[str, ...], names: list[str]) -> None:
    result = CliRunner().invoke(app, ["devices", "ngsi-ld", "lamps.json", *arguments])
    assert result.exit_code == 0, result.output
    entities = orjson.loads((folder / "lamps.json").read_bytes())
    for entity in entities:
        jsonschema.validate(entity, SCHEMAS["Streetlight"])
    assert [entity["name"]["value"] for entity in entities] == names


def test_no_entity_is_an_empty_array(folder: Path) -> None:
    result = CliRunner().invoke(app, ["devices", "ngsi-ld", "water.json", "--type", "WaterQualityObserved"])
    assert result.exit_code == 0, result.output
    assert orjson.loads((folder / "water.json").read_bytes()) == []
