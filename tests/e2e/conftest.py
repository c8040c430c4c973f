"""What the runs have in common: the input, the events of a run that nothing disturbs, and the stores on a shared log."""

from typing import Any

import pytest
import pytest_asyncio

from domain.events import Event
from tests.e2e.disturbed.runs import nothing, run_up
from tests.e2e.disturbed.workload import SEED, Workload, workload
from tests.e2e.processes.platform import platform
from tests.e2e.rules_killed.judging import Left, fetch_left
from tests.e2e.rules_killed.lives import embedded_lives, live_and_die
from tests.servers.influxdb import Influx
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port


@pytest.fixture(scope="session")
def work() -> Workload:
    return workload(SEED)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def undisturbed(work: Workload, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Every event of the workload, from `up` on the embedded log and store with nobody in its way."""
    folder = tmp_path_factory.mktemp("undisturbed")
    broker = Mosquitto(folder).start()
    settings = {"mqtt_url": broker.url, "http_port": free_port(), "clock": "simulated", "topic_prefix": "e2e."}
    try:
        with platform(folder, **settings) as running:
            return (await run_up(running, work, nothing)).events
    finally:
        broker.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def judged_undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """What the rules leave of the prepared log when nobody dies, on the embedded log."""
    with platform(tmp_path_factory.mktemp("judged-undisturbed"), topic_prefix="kill.") as running:
        async with embedded_lives(running) as lives:
            await live_and_die(lives, ())
        return await fetch_left(running.settings)


@pytest.fixture(params=["duckdb", pytest.param("influxdb", marks=pytest.mark.influxdb)])
def store(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Settings of a store: DuckDB in the recorder's process, or an InfluxDB 2 server."""
    if request.param == "duckdb":
        return {}
    influx: Influx = request.getfixturevalue("influx")
    place = f"{influx.url.removeprefix('http://')}/{influx.org}/{request.getfixturevalue('influx_bucket')}"
    return {"store_url": f"influxdb://{place}", "store_token": influx.token}
