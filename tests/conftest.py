"""Fixtures shared by all tests. Real servers live in `tests/servers/`, one module each; they skip with a reason.

Which tests need one is decided in `tests/servers/selection.py`.
"""

import gc
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

pytest_plugins: list[str] = [
    "tests.servers.selection",
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

# No example fails for being slow. Everything else is as Hypothesis chooses: new examples at every run, the same ones where
# CI is set; a failure prints the line that repeats it.
settings.register_profile("urbansense", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("urbansense")


def pytest_collection_finish() -> None:
    """What is imported by now stays: to look through it again and again was a sixth of the work of tests of the API."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True)
def _leave_no_log_behind() -> Iterator[None]:
    """A command that ran in this process had its log written to a stream that is closed by now."""
    yield
    structlog.reset_defaults()
