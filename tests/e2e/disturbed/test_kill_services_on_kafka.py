"""Kill -9 of every service during 20,000 QoS 1 messages on Mosquitto and Kafka changes nothing."""

from collections.abc import Coroutine, Iterable, Mapping
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.events import Event
from tests.e2e.disturbed.disturbance import Sender, Standstill, kafka_paused, kill_and_restart, kill_points
from tests.e2e.disturbed.runs import Done, run_services
from tests.e2e.disturbed.verdict import assert_as_if_nothing_had_happened
from tests.e2e.disturbed.workload import REPORTS, SEED, Workload
from tests.e2e.processes.platform import platform
from tests.servers.kafka import KafkaServer
from tests.servers.mosquitto import Mosquitto
from tests.servers.processes import Process

pytestmark = [pytest.mark.long, pytest.mark.kafka, pytest.mark.mosquitto, pytest.mark.timeout(300)]

KILLS = {"gateway": 4, "recorder": 3, "rules-worker": 2, "correlator": 2}
KILLS_OF_MEMBERS = {"gateway": 2, "recorder": 2, "rules-worker": 1, "correlator": 1}
"""On InfluxDB the recorder is a member of a group like the rules worker, and Kafka takes ten seconds to miss a dead one."""


async def test_killed_services_lose_nothing_double_nothing_and_find_the_same_events(
    store: dict[str, Any],
    own_mosquitto: Mosquitto,
    kafka_server: KafkaServer,
    topic_prefix: str,
    work: Workload,
    undisturbed: list[Event],
    tmp_path: Path,
) -> None:
    """With InfluxDB the recorder resumes from the log's group, with DuckDB from the store's own place."""
    kills = KILLS_OF_MEMBERS if store else KILLS
    random = Random(SEED)

    def disturb(services: Mapping[str, Process], done: Done, sender: Sender) -> Iterable[Coroutine[Any, Any, None]]:
        standstill = Standstill(sender, lambda: kafka_paused(kafka_server))
        raised = sum(event.revision for event in undisturbed)
        for name, times in kills.items():
            points = kill_points(random, times, raised if name == "correlator" else REPORTS)
            yield kill_and_restart(services[name], partial(done, name), points, standstill)

    own_mosquitto.start()
    with platform(
        tmp_path,
        mqtt_url=own_mosquitto.url,
        log_url=kafka_server.url,
        clock="simulated",
        topic_prefix=topic_prefix,
        **store,
    ) as running:
        found = await run_services(running, work, disturb)
    assert_as_if_nothing_had_happened(found, work, undisturbed)
