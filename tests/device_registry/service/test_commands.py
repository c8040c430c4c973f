"""`urbansense devices …` on the files of a folder, as where nothing runs."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from urbansense.commands.devices.registry import app

FILE = """\
device_id,kind,profile,name,area,lon,lat,parent_id,component_code,department,report_interval_s,dev_eui,mn,attributes
CAB-1,cabinet,,Cabinet,320582/110,120.55,31.87,,,lighting,,,,
SL-1,streetlight,,Lamp one,320582/110/1,120.551,31.87,CAB-1,,lighting,,,,
SL-2,streetlight,,Lamp two,320582/111,120.9,31.2,CAB-1,,lighting,,,,
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DATA_DIR": tmp_path / "data", "PARTITIONS": 3, "HTTP_PORT": 1}.items():
        monkeypatch.setenv(f"URBANSENSE_{name}", str(value))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "devices.csv").write_text(FILE, encoding="utf-8")
    assert _run("import", "devices.csv").exit_code == 0


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def _found(*words: str) -> list[str]:
    done = _run("search", *words, "--json")
    assert done.exit_code == 0, done.output
    return [item["device_id"] for item in orjson.loads(done.stdout)["items"]]


def test_devices_are_found_by_what_they_are_and_where_they_stand(tmp_path: Path) -> None:
    ring = [[120.8, 31.0], [121.0, 31.0], [121.0, 31.4], [120.8, 31.4], [120.8, 31.0]]
    (tmp_path / "south.geojson").write_bytes(orjson.dumps({"type": "Polygon", "coordinates": [ring]}))

    assert _found("lamp") == ["SL-1", "SL-2"]
    assert _found("--area", "320582/110") == ["CAB-1", "SL-1"]
    assert _found("--parent", "CAB-1", "--state", "active") == ["SL-1", "SL-2"]
    assert _found("--near", "120.55,31.87", "--radius", "200") == ["CAB-1", "SL-1"]
    assert _found("--within", "south.geojson") == ["SL-2"]
    assert "Lamp one" in _run("search", "one").stdout


def test_a_state_is_changed_in_somebodys_name_and_stands_in_the_history() -> None:
    assert "SL-1 is suspended" in _run("state", "SL-1", "suspended", "--by", "li").stdout

    history = orjson.loads(_run("history", "SL-1", "--json").stdout)["items"]
    assert (history[0]["author"], history[0]["changes"]) == ("li", {"state": {"old": "active", "new": "suspended"}})
    assert "suspended" in _run("show", "SL-1").stdout
    assert "suspended" in _run("history", "SL-1").stdout
    assert "cannot follow" in str(_run("state", "SL-1", "registered").exception)


def test_the_fleet_is_counted_and_the_topic_proven() -> None:
    assert "3 devices, 3 with a location" in _run("statistics").stdout
    assert orjson.loads(_run("statistics", "--json").stdout)["by_kind"] == {"streetlight": 2, "cabinet": 1}
    proof = _run("verify")
    assert proof.exit_code == 0, proof.output
    assert "nothing else is there" in proof.stdout
    assert "never" in _run("health", "SL-1").stdout
