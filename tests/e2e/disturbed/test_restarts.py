"""Mosquitto and Kafka restarted during 20,000 QoS 1 messages: everything comes through, once."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from domain.events import Event
from tests.e2e.disturbed.disturbance import Sender
from tests.e2e.disturbed.runs import Done, run_services
from tests.e2e.disturbed.verdict import assert_as_if_nothing_had_happened
from tests.e2e.disturbed.witness import until
from tests.e2e.disturbed.workload import REPORTS, Workload
from tests.e2e.processes.platform import platform
from tests.servers.kafka import KafkaServer
from tests.servers.mosquitto import Mosquitto
from tests.servers.processes import Process

pytestmark = [pytest.mark.kafka, pytest.mark.mosquitto, pytest.mark.timeout(300)]


async def test_restarted_brokers_lose_nothing_and_change_no_event(
    own_mosquitto: Mosquitto,
    kafka_server: KafkaServer,
    topic_prefix: str,
    work: Workload,
    undisturbed: list[Event],
    tmp_path: Path,
) -> None:
    """Mosquitto is stopped in good order, since it promises nothing else; Kafka is killed."""

    async def restart(done: Done, stop: Callable[[], object], start: Callable[[], object], share: float) -> None:
        async def passed() -> bool:
            return await done("gateway") >= share * REPORTS

        await until(passed, 60, f"{share:.0%} of the reports in the log", every_s=0.02)
        await asyncio.to_thread(stop)
        await asyncio.to_thread(start)

    def disturb(services: Mapping[str, Process], done: Done, sender: Sender) -> Iterable[Coroutine[Any, Any, None]]:
        yield restart(done, own_mosquitto.stop, own_mosquitto.start, 0.3)
        yield restart(done, kafka_server.kill, kafka_server.start, 0.7)

    own_mosquitto.start()
    with platform(
        tmp_path, mqtt_url=own_mosquitto.url, log_url=kafka_server.url, clock="simulated", topic_prefix=topic_prefix
    ) as running:
        found = await run_services(running, work, disturb)
    assert_as_if_nothing_had_happened(found, work, undisturbed)
