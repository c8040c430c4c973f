"""`urbansense devices import|export` on the files of a folder, as where nothing runs."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from tests.device_registry.bulk.files import CABINET_ROW, LAMP_ROW, csv_file
from urbansense.commands.devices.registry import app

BAD_ROW = {"device_id": "SL-2", "kind": "streetlight", "lon": "east"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"DATA_DIR": tmp_path / "data", "PARTITIONS": 3, "HTTP_PORT": 1}.items():
        monkeypatch.setenv(f"URBANSENSE_{name}", str(value))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_bytes(csv_file(CABINET_ROW, LAMP_ROW))
    (tmp_path / "bad.csv").write_bytes(csv_file(CABINET_ROW, LAMP_ROW, BAD_ROW))


def _run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_a_preview_shows_old_and_new_and_changes_nothing(tmp_path: Path) -> None:
    assert _run("import", "good.csv").exit_code == 0
    (tmp_path / "good.csv").write_bytes(csv_file(CABINET_ROW, {**LAMP_ROW, "name": "路灯 7"}))

    for _ in range(2):
        done = _run("import", "good.csv", "--preview")
        assert done.exit_code == 0
        assert "changed  SL-1  name: 路灯 1 → 路灯 7" in done.stdout
    machine = orjson.loads(_run("import", "good.csv", "--preview", "--json").stdout)
    assert machine["changes"] == [{"result": "updated", "device_id": "SL-1", "changes": {"name": ["路灯 1", "路灯 7"]}}]


def test_refused_rows_go_to_a_file_that_can_be_corrected_and_fed_back(tmp_path: Path) -> None:
    refused = _run("import", "bad.csv", "--errors", "refused.csv")
    assert refused.exit_code == 1
    assert "0 added" in refused.stdout
    assert _run("import", "bad.csv", "--skip-bad", "--errors", "refused.csv").exit_code == 1

    text = (tmp_path / "refused.csv").read_text(encoding="utf-8")
    (tmp_path / "refused.csv").write_text(text.replace(",east,,", ",120.5,31.5,"), encoding="utf-8")
    fed_back = _run("import", "refused.csv")
    assert (fed_back.exit_code, "1 added" in fed_back.stdout) == (0, True)


def test_one_cause_on_many_rows_is_one_line_with_its_rows(tmp_path: Path) -> None:
    benches = [{"device_id": f"B-{number}", "kind": "bench"} for number in range(30)]
    named = [{"device_id": f"N-{number}", "kind": "streetlight", "lon": f"east {number}"} for number in range(25)]
    (tmp_path / "many.csv").write_bytes(csv_file(CABINET_ROW, *benches[:4], LAMP_ROW, *benches[4:], *named))

    lines = [line for line in _run("import", "many.csv").stderr.splitlines() if line.strip()]

    assert lines[0].startswith("lines 3–6, 8–33, kind: kind 'bench' is not known; use one of")
    assert lines[2].startswith("line 34, lon: 'east 0' is no number")
    assert lines[-2:] == ["… and 7 more rows; --errors FILE writes them all", "nothing went in"]
    refused = orjson.loads(_run("import", "many.csv", "--json").stdout)
    assert {error["line"] for error in refused["errors"]} == {*range(3, 7), *range(8, 59)}


def test_an_export_comes_back_unchanged_in_each_format() -> None:
    _run("import", "good.csv")

    for name in ("out.csv", "out.xlsx", "out.geojson"):
        assert _run("export", name).exit_code == 0
        assert "0 changed, 2 unchanged" in _run("import", name).stdout
    assert "which format is it" in str(_run("export", "out.doc").exception)


def test_refused_features_are_not_written_into_a_table(tmp_path: Path) -> None:
    (tmp_path / "some.geojson").write_bytes(b"{}")

    assert "do not fit a table" in str(_run("import", "some.geojson", "--errors", "refused.csv").exception)
