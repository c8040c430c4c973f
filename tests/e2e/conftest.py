"""What the disturbed runs have in common: the input, and the events of a run that nothing disturbs."""

import pytest
import pytest_asyncio

from domain.events import Event
from tests.e2e.platform import platform
from tests.e2e.runs import nothing, run_up
from tests.e2e.workload import Workload, workload
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port

SEED = 20_260_301


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
