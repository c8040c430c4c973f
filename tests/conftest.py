"""Fixtures shared by all tests. Real servers live in `tests/servers/`, one module each; they skip with a reason."""

import os
from collections.abc import Iterator

import pytest
import structlog

pytest_plugins: list[str] = [
    "tests.servers.kafka",
    "tests.servers.chromium",
    "tests.servers.mosquitto",
    "tests.servers.postgresql",
    "tests.servers.databases",
    "tests.servers.city_folder",
    "tests.servers.influxdb",
    "tests.servers.victoriametrics",
    "tests.servers.small_disk",
]

LONG = "URBANSENSE_TEST_LONG"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes its time, unless it is asked for."""
    if not os.environ.get(LONG):
        skip = pytest.mark.skip(reason=f"takes its time: set {LONG}=1, as CI does")
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def _leave_no_log_behind() -> Iterator[None]:
    """A command that ran in this process had its log written to a stream that is closed by now."""
    yield
    structlog.reset_defaults()
