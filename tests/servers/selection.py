"""Which tests start a server of this machine or take long: marked `servers` at collection, and run by themselves.

A plain `pytest` leaves them out and prints how many there are; `pytest -m servers` runs them alone, `-m ""` runs all.
What is not marked may start no server: where it does, directly or by a child that is Python, it fails.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.servers.in_children.sitecustomize import ALLOWED

MARK: Final = "servers"
LONG: Final = "URBANSENSE_TEST_LONG"
_MARKS: Final = ("kafka", "mosquitto", "postgresql", "influxdb", "victoriametrics", "browser", "long")
_FIXTURES: Final = frozenset(
    {
        "kafka_server", "kafka_bootstrap", "mosquitto", "own_mosquitto", "secured_mosquitto", "postgres_url", "influx",
        "own_influx", "own_victoriametrics", "chromium_process",
    }
)  # fmt: skip
"""Those of this folder that start one; whatever uses one of them, through others too, is marked."""
_LEFT_OUT: Final = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    """Children that are Python refuse to start a server as this process does."""
    config.stash[_LEFT_OUT] = 0
    refusing = str(Path(__file__).with_name("in_children"))
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if refusing not in others:
        os.environ["PYTHONPATH"] = os.pathsep.join([refusing, *filter(None, others)])


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark, before `-m` selects; what is long stays out until it is asked for."""
    late = pytest.mark.skip(reason=f"takes its time: set {LONG}=1, as CI does")
    for item in items:
        fixtures: Sequence[str] = getattr(item, "fixturenames", ())
        if any(item.get_closest_marker(mark) for mark in _MARKS) or not _FIXTURES.isdisjoint(fixtures):
            item.add_marker(MARK)
        if item.get_closest_marker("long") and not os.environ.get(LONG):
            item.add_marker(late)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    if items:
        items[0].config.stash[_LEFT_OUT] += sum(1 for item in items if item.get_closest_marker(MARK))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    os.environ[ALLOWED] = "1" if item.get_closest_marker(MARK) else ""


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Servers that live as long as the session are ended behind it."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[MARK] = session.config.stash[_LEFT_OUT]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker collects all of them, so one worker's count is that of the run."""
    stash = node.config.stash
    stash[_LEFT_OUT] = max(stash[_LEFT_OUT], getattr(node, "workeroutput", {}).get(MARK, 0))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if left_out := config.stash[_LEFT_OUT]:
        terminalreporter.write_line(
            f"{left_out} tests left out that start a server or take long: `make test-servers` runs them"
        )
