"""The command line knows its commands without importing them: what its help says, and what it costs."""

import errno
import os
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from urbansense.commands import cli
from urbansense.commands.cli import COMMANDS, app, load_command

PLATFORM = {"web", "sqlalchemy", "fastapi", "simulators", "numpy", "duckdb", "alembic", "prometheus_client"}
LOADED = """
import sys
from urbansense.commands.cli import load_command
load_command(sys.argv[1])
print(*sorted(name.partition('.')[0] for name in sys.modules))
"""
HELP = """
import sys
from urbansense.commands.cli import _run
_run()
peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))
print(int(peak.split()[1]) // 1024, *{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)
"""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_is_listed_as_the_command_itself_has_it(name: str) -> None:
    loaded = load_command(name)
    assert loaded.name == name
    assert " ".join(loaded.help.split("\n\n")[0].split()) == COMMANDS[name].help


def test_the_command_line_lists_every_command_in_order() -> None:
    group: Any = get_command(app)
    assert list(group.commands) == list(COMMANDS)
    listed = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"}).output
    places = [listed.index(f"│ {name} ") for name in COMMANDS]
    assert places == sorted(places)


def test_a_command_that_is_misspelt_is_answered_with_the_one_that_was_meant() -> None:
    for arguments, meant in (["devics"], "devices"), (["devices", "lst"], "list"), (["rules-workr"], "rules-worker"):
        refused = CliRunner().invoke(app, arguments)
        assert refused.exit_code == 2
        assert f"Did you mean '{meant}'" in refused.output


def test_a_command_keeps_its_options_and_its_own_commands() -> None:
    shown = CliRunner().invoke(app, ["devices", "import", "--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == 0
    assert "devices import [OPTIONS] {file}" in shown.output
    assert {"ngsi-ld", "credentials", "import", "search"} <= set(load_command("devices").commands)
    assert {"backtest", "explain", "why-not", "apply"} <= set(load_command("rules").commands)


def test_the_help_imports_nothing_of_the_platform_and_stays_small() -> None:
    child = subprocess.run([sys.executable, "-c", HELP, "--help"], capture_output=True, text=True, check=True)
    megabytes, *modules = child.stderr.split()
    assert "Usage: " in child.stdout
    assert (PLATFORM | {"pydantic", "httpx", "rules", "cases", "device_registry", "streams"}) & set(modules) == set()
    assert int(megabytes) < 50


def test_the_help_costs_hardly_more_than_the_library_that_prints_it() -> None:
    floor = min(_cpu_s("-c", "import typer, typer.rich_utils, rich.console") for _ in range(3))
    assert min(_cpu_s("-m", "urbansense", "--help") for _ in range(3)) < 1.8 * floor + 0.1


@pytest.mark.parametrize(
    "name", ["ledger", "devices", "silences", "events", "cases", "people", "audit", "rejected", "probe", "rules"]
)
def test_a_command_that_calls_the_api_does_not_import_the_platform(name: str) -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED, name], capture_output=True, text=True, check=True)
    ours = {"web"} if name == "devices" else set()  # the names of the Smart Data Models
    assert (PLATFORM - ours) & set(loaded.stdout.split()) == set()


def test_a_file_that_cannot_be_written_is_one_line_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "report.html")

    monkeypatch.setattr(cli, "app", full)
    assert cli._run() == 1
    assert capsys.readouterr().err == "error: report.html: No space left on device\n"


def _cpu_s(*arguments: str) -> float:
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return used.ru_utime + used.ru_stime
