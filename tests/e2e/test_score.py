"""`urbansense score` as a user runs it: on a practice city without any server, on the store, and on a running platform."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.time.durations import format_instant
from simulators.truth.labels import truth_lines
from tests.e2e.processes.platform import Platform, answers, platform
from tests.servers.ports import free_port
from tests.servers.processes import wait_until
from tests.urbansense.evaluation.scoring.grading.truths import at, label, told
from timeseries import open_store

FAULTS = 1_203
"""More than a page of the API holds."""


def test_practising_on_a_city_gives_a_score_that_its_kept_files_give_again(tmp_path: Path) -> None:
    (tmp_path / "city.yaml").write_text("{seed: 3, devices: 60, faults: {share: 0.1, stretch_h: 6}}", encoding="utf-8")
    practised = ("score", "--city", str(tmp_path / "city.yaml"), "--start", "2026-06-01T18:00:00+08:00", "--for", "6h")
    with platform(tmp_path) as running:
        done = running.run(*practised, "--keep", str(tmp_path), "--html", str(tmp_path / "score.html"), "--json")
        first = orjson.loads(done.stdout)
        again = running.run_json(
            "score", "--truth", str(tmp_path / "truth.jsonl"), "--events", str(tmp_path / "events.jsonl"),
            "--from", format_instant(first["from_ms"]), "--to", format_instant(first["to_ms"]), "--devices", "60",
        )  # fmt: skip
        assert not running.settings.data_dir.exists(), "no file of a platform is opened or made"
    assert first["practice"]["reports"] > 10_000
    assert first["practice"]["rule_errors"] == {}
    assert first["devices"] == 60
    assert first["overall"]["labels"]["asked"] >= 5
    assert first["overall"]["labels"]["in_time"] >= 3
    assert {**again, "practice": None} == {**first, "practice": None}
    assert (tmp_path / "score.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_rule_that_sees_nothing_misses_its_bar(tmp_path: Path) -> None:
    (tmp_path / "city.yaml").write_text("{seed: 3, devices: 60, faults: {share: 0.1, stretch_h: 3}}", encoding="utf-8")
    (tmp_path / "blind.yaml").write_text("{rule: blind, kind: streetlight, when: reading.voltage > 9000}")
    with platform(tmp_path) as running:
        done = running.run(
            "score", "--city", str(tmp_path / "city.yaml"), "--for", "3h", "--rules", str(tmp_path / "blind.yaml"),
            "--min-recall", "0.98", check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "MISSED  recall 0.0000, asked for at least 0.98" in done.stdout
    assert "nothing was told; no excuse" in done.stdout
    assert "no event" in done.stdout


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A data folder with the events of a night in its store; a truth beside it, of which every hundredth was missed."""
    labels = [label(0.4 * n, 0.4 * n + 20, place=f"L{n}") for n in range(FAULTS)]
    events = [told(0.4 * n + 3, 0.4 * n + 21, subject=f"L{n}").event for n in range(FAULTS) if n % 100]
    events.append(told(400, 420, subject="L9999", rule="cover-open").event)
    (tmp_path / "truth.jsonl").write_text("".join(truth_lines(labels)), encoding="utf-8")

    async def store() -> None:
        (tmp_path / "data").mkdir()
        opened = await open_store("embedded:", tmp_path / "data")
        await opened.write_events(events)
        await opened.close()

    asyncio.run(store())
    return tmp_path


def scored(running: Platform, folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = running.run_json(
        "score", "--truth", str(folder / "truth.jsonl"), "--to", format_instant(at(600)), "--devices", "2000"
    )
    return content


@pytest.mark.long
def test_the_events_of_the_store_are_scored_and_those_of_the_running_platform_alike(stored: Path) -> None:
    with platform(stored, http_port=free_port(), mqtt_url=f"embedded://127.0.0.1:{free_port()}") as running:
        by_files = scored(running, stored)
        up = running.service("up").start()
        address = f"http://127.0.0.1:{running.settings.http_port}"
        wait_until(lambda: answers(f"{address}/readyz"), 60, "the platform is up", up)
        by_api = scored(running, stored)
    labels, events = by_files["overall"]["labels"], by_files["overall"]["events"]
    assert (labels["asked"], labels["in_time"], labels["missed"]) == (FAULTS, FAULTS - 13, 13)
    assert (events["right"], events["false"], events["precision"]["of"]) == (FAULTS - 13, 1, FAULTS - 12)
    assert labels["told"]["known"] == 0, "no log holds these events"
    assert by_api == by_files
