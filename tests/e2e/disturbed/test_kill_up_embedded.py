"""Kill -9 of the whole of `up`, on the embedded log and store, during 20,000 QoS 1 messages, its own broker with it."""

from collections.abc import Coroutine, Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.events import Event
from tests.e2e.disturbed.disturbance import (
    HANDFUL,
    Sender,
    Standstill,
    embedded_log_locked,
    kill_and_restart,
    kill_points,
)
from tests.e2e.disturbed.runs import Disturbance, Done, run_up
from tests.e2e.disturbed.verdict import assert_as_if_nothing_had_happened
from tests.e2e.disturbed.workload import SEED, Workload
from tests.e2e.processes.platform import Platform, platform
from tests.servers.mosquitto import Mosquitto
from tests.servers.ports import free_port
from tests.servers.processes import Process

pytestmark = [pytest.mark.long, pytest.mark.mosquitto, pytest.mark.timeout(600)]

KILLS = 5


async def test_a_killed_up_loses_nothing_doubles_nothing_and_finds_the_same_events(
    own_mosquitto: Mosquitto, work: Workload, undisturbed: list[Event], tmp_path: Path
) -> None:
    own_mosquitto.start()
    with _platform(tmp_path, mqtt_url=own_mosquitto.url) as running:
        found = await run_up(running, work, _killed(running))
    assert_as_if_nothing_had_happened(found, work, undisturbed)


@pytest.mark.parametrize(("broker", "scheme", "handful"), [("mosquitto", "mqtt", HANDFUL), ("amqtt", "embedded", 0)])
async def test_a_broker_that_is_killed_with_up_loses_nothing_that_it_acknowledged(
    broker: str, scheme: str, handful: int, work: Workload, undisturbed: list[Event], tmp_path: Path
) -> None:
    """Mosquitto saves when its parent dies. amqtt acknowledges nothing that is not in the log: the sender soon waits."""
    address = f"127.0.0.1:{free_port()}"
    with _platform(tmp_path, mqtt_url=f"embedded://{address}", embedded_broker=broker) as running:
        found = await run_up(running, work, _killed(running, handful), f"{scheme}://{address}")
    assert_as_if_nothing_had_happened(found, work, undisturbed)


def _platform(folder: Path, **settings: Any) -> AbstractContextManager[Platform]:
    return platform(folder, http_port=free_port(), clock="simulated", topic_prefix="e2e.", **settings)


def _killed(running: Platform, handful: int = HANDFUL) -> Disturbance:
    def disturb(services: Mapping[str, Process], done: Done, sender: Sender) -> Iterable[Coroutine[Any, Any, None]]:
        standstill = Standstill(sender, lambda: embedded_log_locked(running.settings.data_dir), handful)
        yield kill_and_restart(services["up"], lambda: done("up"), kill_points(Random(SEED), KILLS), standstill)

    return disturb
