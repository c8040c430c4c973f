"""`urbansense rules` and `silences`, each command through the API over the files of a data folder."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from rules.language.document.checking import check_text
from rules.language.document.reading import parse_documents
from urbansense.api_client.opening import open_api
from urbansense.commands.cli import app
from urbansense.commands.rules.check_context import fetch_check_context
from urbansense.configuration.settings import load_settings

DEVICES = """\
device_id,kind,profile,name,area,lon,lat,parent_id,component_code,department,report_interval_s,dev_eui,mn,attributes
L1,streetlight,,Lamp 1,320582/110/152/102,120.55,31.87,,3205820118000001,lighting,60,,,"{""limit"": 5}"
"""
RULE = """\
rule: dark  # 暗
kind: streetlight
when: reading.active_power < 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("URBANSENSE_HTTP_PORT", "1")  # nothing answers there
    monkeypatch.setenv("URBANSENSE_PARTITIONS", "2")
    return tmp_path


def run(*arguments: str, exit_code: int = 0) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == exit_code, result.output
    return result.output


def apply(folder: Path, text: str, note: str = "") -> None:
    path = folder / "dark.yaml"
    path.write_text(text, encoding="utf-8")
    run("rules", "apply", str(path), "--note", note)


def test_versions_are_told_shown_and_compared(folder: Path) -> None:
    apply(folder, RULE, "first night")
    apply(folder, RULE.replace("< 5", "< 8"), "第二夜")
    run("rules", "rollback", "dark", "1", "--note", "too eager")
    assert "again since" in run("rules", "versions", "dark")
    versions = orjson.loads(run("rules", "versions", "dark", "--json"))["items"]
    assert [(one["version"], one["note"]) for one in versions] == [(1, "first night"), (2, "第二夜")]
    assert versions[0]["in_force"]["note"] == "too eager"
    assert run("rules", "show", "dark", "--version", "2") == RULE.replace("< 5", "< 8")
    assert run("rules", "diff", "dark", "1", "2", exit_code=1).splitlines()[-2:] == [
        "-when: reading.active_power < 5", "+when: reading.active_power < 8",
    ]  # fmt: skip


def test_a_silence_is_added_listed_and_ended(folder: Path) -> None:
    run("silences", "add", "--reason", "roadworks", "--for", "2h", "--area", "320582/110", "--rule", "dark")
    (silence,) = orjson.loads(run("silences", "list", "--json"))
    assert (silence["reason"], silence["is_in_force"]) == ("roadworks", True)
    assert silence["ends_at_ms"] - silence["starts_at_ms"] == 7_200_000
    run("silences", "end", silence["id"])
    assert "no silences" in run("silences", "list")


# Checking


def test_a_check_tells_errors_from_warnings_by_its_exit_code(folder: Path) -> None:
    good, bad = folder / "good.yaml", folder / "bad.yaml"
    good.write_text(f"{RULE}suppressed_by: other\n", encoding="utf-8")
    bad.write_text(RULE.replace("< 5", "> 230000000"), encoding="utf-8")
    assert "there is no rule 'other' here" in run("rules", "check", str(good))
    assert "bad.yaml:3:28: `when`: this can never be true" in run("rules", "check", str(good), str(bad), exit_code=1)
    other = folder / "other.yaml"
    other.write_text("{rule: other, kind: cabinet, no_data: 1h}", encoding="utf-8")
    assert "no problem" in run("rules", "check", str(good), str(other)), "files may name each other's rules"
    assert not (folder / "data").exists(), "a check opens no files of the platform"


async def test_a_check_asks_what_runs_for_rules_calendars_and_devices(folder: Path) -> None:
    text = (
        "{rule: a, kind: streetlight, when: reading.active_power > device.limit * device.factor, for: 10s,\n"
        " suppressed_by: [base], active: {outside: holidays}}"
    )
    async with open_api(load_settings()) as api:
        await api.post("/api/v1/devices/import", DEVICES, "text/csv")
        base = "{rule: base, kind: cabinet, no_data: 1h}\n---\n{calendar: holidays, open: 2026-10-01}"
        await api.post("/api/v1/rules", base, "application/yaml")
        around = await fetch_check_context(api, ("streetlight", "cabinet"), [parse_documents(text)])
    found = check_text(text, "a.yaml", around)
    assert found.errors == ()
    assert [str(problem).split(": ", 1)[1] for problem in found.warnings] == [
        "`when`: no streetlight has the attribute 'factor'",
        "`for`: shorter than a streetlight takes from report to report, 1m at least",
    ]
