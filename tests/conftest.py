"""Fixtures shared by all tests. Real servers live in `tests/servers/`, one module each; they skip with a reason."""

pytest_plugins: list[str] = [
    "tests.servers.kafka",
    "tests.servers.chromium",
    "tests.servers.mosquitto",
    "tests.servers.postgresql",
    "tests.servers.influxdb",
    "tests.servers.victoriametrics",
]
