"""Fixtures shared by all tests. Real servers live in `tests/servers/`, one module each; they skip with a reason."""

import os

import pytest

pytest_plugins: list[str] = [
    "tests.servers.kafka",
    "tests.servers.chromium",
    "tests.servers.mosquitto",
    "tests.servers.postgresql",
    "tests.servers.databases",
    "tests.servers.influxdb",
    "tests.servers.victoriametrics",
]

LONG = "URBANSENSE_TEST_LONG"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what takes its time, unless it is asked for."""
    if not os.environ.get(LONG):
        skip = pytest.mark.skip(reason=f"takes its time: set {LONG}=1, as CI does")
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(skip)
