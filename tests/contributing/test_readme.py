"""The tour of README.md, run as it stands there: every command does what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.e2e.processes.platform import ROOT, Platform, platform
from tests.servers.ports import free_port
from tests.servers.processes import wait_until
from urbansense.commands.cli import app

README = (ROOT / "README.md").read_text(encoding="utf-8")
PATIENCE_S = 600

_PUBLISH = """#!{python}
import sys
import paho.mqtt.publish as publish
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
publish.single(given["-t"], given["-m"], int(given["-q"]), hostname="127.0.0.1", port={port}, client_id="lamp")
"""


def blocks(heading: str) -> list[str]:
    """The commands under a heading, block by block."""
    text = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def terminal(running: Platform, folder: Path, port: int) -> dict[str, str]:
    """The environment of a user's terminal: `urbansense` on the PATH, and a client of the broker at this test's port."""
    commands = folder / "bin"
    commands.mkdir()
    (commands / "urbansense").write_text(f'#!/bin/sh\nexec {sys.executable} -m urbansense "$@"\n', encoding="utf-8")
    (commands / "mosquitto_pub").write_text(_PUBLISH.format(python=sys.executable, port=port), encoding="utf-8")
    for command in commands.iterdir():
        command.chmod(0o755)
    return {**running.environment, "PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}


@pytest.mark.timeout(PATIENCE_S)
def test_the_next_five_minutes_go_as_the_page_says(tmp_path: Path) -> None:
    start, first, then, *_ = blocks("The next five minutes")
    assert start == "urbansense up\n"
    port = free_port()
    settings = {"mqtt_url": f"embedded://127.0.0.1:{port}", "http_port": free_port()}
    with platform(tmp_path, **settings) as running:
        environment = terminal(running, tmp_path, port)

        def typed(commands: str) -> str:
            done = subprocess.run(
                ["bash", "-e", "-u", "-o", "pipefail", "-c", commands], cwd=tmp_path, env=environment,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
            return done.stdout

        up = running.service("up").start()
        wait_until(lambda: "the live page and the API answer" in up.tail(100), PATIENCE_S, "up says so", up)
        printed = typed(first)
        assert "1 added" in printed
        assert "lamp-dark.yaml: lamp-dark: no problem" in printed
        assert re.search(r"store +2 += 2 stored|pending", printed)
        wait_until(lambda: running.run_json("events", "list")["items"], PATIENCE_S, "the event", up)
        wait_until(lambda: running.run_json("cases", "list")["items"], PATIENCE_S, "its case", up)
        year = running.run_json("cases", "list")["items"][0]["number"][:4]
        printed = typed(then.replace("2026-000001", f"{year}-000001"))
        assert "Why it opened" in printed
        assert "2 reports of 1 devices" in printed
        assert "lamp-dark version 2 is in force, shadow" in printed
        assert "lamp-dark version 1 is in force, live" in printed


def test_every_command_of_the_page_exists() -> None:
    """Of those that the tour does not run: its words are commands, its options theirs."""
    named = {
        line.split("#")[0].strip()
        for heading in ("The next five minutes", "Real servers")
        for block in blocks(heading)
        for line in block.splitlines()
        if line.startswith("urbansense ")
    }
    assert len(named) > 12
    for line in sorted(named):
        words = [word for word in line.split()[1:4] if re.fullmatch(r"[a-z-]+", word) and not word.startswith("-")]
        helped = _help(words[:2]) or _help(words[:1])
        assert helped, line
        for option in re.findall(r"(--[a-z-]+)", line):
            assert option in helped, line


def _help(words: list[str]) -> str:
    shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "300"})
    return shown.output if shown.exit_code == 0 else ""
