"""The broker in our own process: its port, and what it says."""

import asyncio
import logging
import socket

import pytest
from urbansense.wiring.embedded_broker import EmbeddedBroker

from domain.mqtt import MqttEndpoint
from tests.servers.ports import free_port
from tests.servers.processes import accepts_connections


async def test_a_taken_port_is_passed_over_and_the_broker_listens_on_the_next() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", free_port()))
        holder.listen()
        taken = holder.getsockname()[1]
        broker = EmbeddedBroker(MqttEndpoint("127.0.0.1", taken, embedded=True))
        assert broker.endpoint.port > taken
        await broker.start()
        assert await asyncio.to_thread(accepts_connections, broker.endpoint.port)
        stop = asyncio.Event()
        stop.set()
        await broker.run(stop)


def test_a_missed_puback_is_no_news_and_everything_else_is(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("amqtt.broker")
    for error in (TimeoutError("Timeout waiting for PUBACK for packet ID 1"), RuntimeError("broken")):
        log.error("a task failed", exc_info=error)
    log.error("without an exception")
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [RuntimeError, None]
