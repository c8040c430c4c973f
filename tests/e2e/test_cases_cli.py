"""Cases on the command line: the same with and without a platform that runs, and what a refusal says."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.processes.platform import Platform, platform, wait_for_line
from tests.servers.ports import free_port


def report(running: Platform, *more: str) -> Any:
    words = ("--title", "井盖开启", "--source", "inspector", "--severity", "critical", "--area", "320582/110")
    return running.run_json("cases", "report", "cover-open", *words, *more)


@pytest.mark.long
def test_a_case_goes_its_way_on_the_command_line_whether_or_not_anything_runs(tmp_path: Path) -> None:
    settings = {"mqtt_url": f"embedded://127.0.0.1:{free_port()}", "http_port": free_port()}
    with platform(tmp_path, **settings) as running:
        case = report(running, "--key", "k1")
        assert report(running, "--key", "k1")["case_id"] == case["case_id"]
        number = case["number"]
        assert "filed 立案" in running.run("cases", "list").stdout

        up = running.service("up").start()
        wait_for_line(up, "the live page and the API answer")
        done = running.run("cases", "do", number, "dispatch")
        assert "dispatched 派遣, with drainage, due " in done.stdout
        refused = running.run("cases", "do", number, "close", check=False)
        assert refused.returncode == 1
        assert "from here" in refused.stdout
        assert "take" in refused.stdout
        assert "接单" in refused.stdout
        lacking = running.run("cases", "do", number, "return", check=False)
        assert (lacking.returncode, "note" in lacking.stderr) == (1, True)
        running.run("cases", "do", number, "take", "--note", "on our way")
        wrong = running.run("cases", "do", number, "ask_extension", "--more", "soon", "--note", "x", check=False)
        assert (wrong.returncode, "working hours" in wrong.stderr) == (2, True)
        running.run("cases", "do", number, "handle", "--note", "cover put back")
        running.run("cases", "do", number, "send_to_check")
        page = running.run("cases", "show", number).stdout
        for word in ("井盖开启", "drainage", "handled 处置反馈", "cover put back", "核查结案"):
            assert word in page
        assert up.stop() == 0, up.tail()

        assert "is closed 结案" in running.run("cases", "do", number, "close").stdout
        assert "no cases" in running.run("cases", "list").stdout
        assert running.run_json("cases", "list", "--all")["total"] == 1


def test_the_desk_alone_refuses_the_embedded_log(tmp_path: Path) -> None:
    with platform(tmp_path) as running:
        done = running.run("desk", check=False)
    assert done.returncode == 2
    assert "URBANSENSE_LOG_URL" in done.stderr
